"""Bringing a database to the version that this program needs."""

import asyncio
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from responder.errors import ConfigurationError
from responder.store.database import Database

MIGRATION_LOCK = 0x5E5B0D02  # PostgreSQL advisory lock: two migrations at once take turns


async def migrate(database: Database) -> str:
    """Bring the database to the newest version, and tell which that is. Raises StorageError."""
    async with database.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        return await connection.run_sync(_upgrade)


async def require_current(database: Database) -> None:
    """Raise ConfigurationError, with the remedy, unless the database has the version that this program needs."""
    async with database.read() as connection:
        found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    wanted = await asyncio.to_thread(_newest)
    if found is None:
        raise ConfigurationError("the database is empty: run 'responder migrate' first, or start with 'responder run', which does it by itself")
    if found != wanted:
        raise ConfigurationError(
            f"the database has version {found}, this program needs {wanted}: run 'responder migrate' with this version of responder"
        )


def _upgrade(connection: Connection) -> str:
    with as_file(files("responder.store").joinpath("migrations")) as folder:
        config = _config(str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return MigrationContext.configure(connection).get_current_revision() or ""


def _newest() -> str:
    with as_file(files("responder.store").joinpath("migrations")) as folder:
        return ScriptDirectory.from_config(_config(str(folder))).get_current_head() or ""


def _config(folder: str) -> Config:
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
