"""The tables as each version of the database has them, one statement a line: kept for ever, and changed never."""
