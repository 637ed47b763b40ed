"""Which version a database has, and which this program needs."""

from sqlalchemy import Connection, inspect, text

from responder.errors import ConfigurationError
from responder.store.database import Database

NEWEST = "0001"  # the last of the migrations


async def version_of(database: Database) -> str | None:
    """The version of a database; None if it is empty. Raises StorageError."""
    async with database.read() as connection:
        return await connection.run_sync(_version)


async def require_current(database: Database) -> None:
    """Raise ConfigurationError, with the remedy, unless the database has the version that this program needs."""
    found = await version_of(database)
    if found is None:
        raise ConfigurationError(
            "the database is empty: run 'responder migrate' first, or start with 'responder run', which does it by itself"
        )
    if found != NEWEST:
        raise ConfigurationError(
            f"the database has version {found}, this program needs {NEWEST}: run 'responder migrate' with this version of responder"
        )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
