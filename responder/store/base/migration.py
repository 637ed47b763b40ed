"""Bringing a database to the version that this program needs.

An empty one gets the tables as they are. One that an older version made is changed by the migrations since.
"""

from importlib.resources import as_file, files

from sqlalchemy import Connection, inspect, text

from responder.errors import ConfigurationError
from responder.store.base.database import Database
from responder.store.base.tables import metadata

MIGRATION_LOCK = 0x5E5B0D02  # PostgreSQL advisory lock: two migrations at once take turns
# for a table that a running web or worker has: a migration that waits holds up all who come after it
LOCK_WAIT_MS = 10_000


async def migrate(database: Database, lock_wait_ms: int = LOCK_WAIT_MS) -> None:
    """Bring the database to the newest version, however long it takes; it waits only a while for locks."""
    async with database.patient() as patient, patient.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await patient.turn(connection, MIGRATION_LOCK)
            await connection.execute(text(f"SET LOCAL lock_timeout = {lock_wait_ms}"))
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  (it takes long to load, and mostly there is nothing to do)
    from alembic.config import Config  # noqa: PLC0415

    with as_file(files("responder.store").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        if _version(connection) is None:
            metadata.create_all(connection, checkfirst=False)
            command.stamp(config, "head")
        else:
            command.upgrade(config, "head")


NEWEST = "0001"  # the last of the migrations


async def version_of(database: Database) -> str | None:
    """The version of a database; None if it is empty."""
    async with database.read() as connection:
        return await connection.run_sync(_version)


async def require_current(database: Database) -> None:
    """Raise ConfigurationError, with the remedy, unless the database has the version that this program needs."""
    found = await version_of(database)
    if found is None:
        raise ConfigurationError(
            "the database is empty: run 'responder migrate' first, "
            "or start with 'responder run', which does it by itself"
        )
    if found != NEWEST:
        raise ConfigurationError(
            f"the database has version {found}, this program needs {NEWEST}: "
            "run 'responder migrate' with this version of responder"
        )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
