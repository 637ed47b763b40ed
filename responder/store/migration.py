"""Bringing a database to the version that this program needs."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from responder.store.database import Database

MIGRATION_LOCK = 0x5E5B0D02  # PostgreSQL advisory lock: two migrations at once take turns
LOCK_WAIT_MS = (
    10_000  # for a table that a running web or worker has: a migration that waits holds up all who come after it
)


async def migrate(database: Database) -> None:
    """Bring the database to the newest version, however long that takes; only for the locks of others it waits a while. Raises StorageError."""
    async with database.patient() as patient, patient.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            await connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}"))
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    with as_file(files("responder.store").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
