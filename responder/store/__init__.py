"""The only SQL: SQLite on one machine, PostgreSQL on several.

Whatever reaches for the database raises StorageError where that fails. A function that takes a connection works in its
caller's transaction and commits nothing.
"""
