"""The database: connection, tables, migrations, lists."""
