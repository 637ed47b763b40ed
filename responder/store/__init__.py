"""The only SQL: SQLite on one machine, PostgreSQL on several."""
