"""The only SQL: SQLite on one machine, PostgreSQL on several.

Whatever reaches for the database raises StorageError where that fails. A function that takes a connection works in its
caller's transaction and commits nothing.
"""

from responder.lean import without

with without("sqlalchemy.ext.asyncio.scoping", "sqlalchemy.ext.asyncio.session", are_asked_for=True):  # all of its ORM
    import sqlalchemy.ext.asyncio as _  # noqa: F401
