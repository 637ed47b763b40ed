"""Bringing a database to the version that this program needs.

An empty one gets the tables as they are. One that an older version made is changed by the migrations since. Programs of
the version before run on it meanwhile, and until somebody takes away what they use: the database says from when on.
"""

from importlib.resources import as_file, files

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
    text,
)

from responder.errors import ConfigurationError, DeadlockError
from responder.store.base.database import Database
from responder.store.base.tables import installation, metadata

MIGRATION_LOCK = 0x5E5B0D02  # PostgreSQL advisory lock: two migrations at once take turns
# for a table that a running web or worker has: a migration that waits holds up all who come after it
LOCK_WAIT_MS = 10_000
TRIES = 5  # a running worker takes tables in the order of its work, not in that of the migrations


async def migrate(database: Database, lock_wait_ms: int = LOCK_WAIT_MS) -> None:
    """Bring the database to the newest version, however long it takes; it waits only a while for locks."""
    for tries_left in reversed(range(TRIES)):
        try:
            await _migrate(database, lock_wait_ms)
            break
        except DeadlockError:
            if not tries_left:
                raise


async def _migrate(database: Database, lock_wait_ms: int) -> None:
    async with database.patient() as patient, patient.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await patient.turn(connection, MIGRATION_LOCK)
            await connection.execute(text(f"SET LOCAL lock_timeout = {lock_wait_ms}"))
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    if _version(connection) is None:
        metadata.create_all(connection, checkfirst=False)
        ALEMBIC_VERSION.create(connection)
        connection.execute(insert(ALEMBIC_VERSION).values(version_num=NEWEST))
    else:
        _migrate_tables(connection)
    connection.execute(delete(installation).where(installation.c.name == RUNS_FROM))
    connection.execute(insert(installation).values(name=RUNS_FROM, value=OLDEST_PROGRAM))


def _migrate_tables(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  (it is large, and mostly there is nothing to do)
    from alembic.config import Config  # noqa: PLC0415

    with as_file(files("responder.store").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


NEWEST = "0005"  # the last of the migrations
OLDEST_PROGRAM = "0001"  # the oldest one whose program runs on these tables: raised when something goes that it used
RUNS_FROM = "runs_from"
ALEMBIC_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Where Alembic looks for the version of a database, as it makes it itself."""


async def version_of(database: Database) -> str | None:
    """The version of a database; None if it is empty."""
    async with database.read() as connection:
        return await connection.run_sync(_version)


async def require_current(database: Database) -> None:
    """Raise ConfigurationError, with the remedy, unless this program runs on the database as it is.

    That is one of its own version, or of a newer one that only added to it.
    """
    found = await version_of(database)
    if found is None:
        raise ConfigurationError(
            "the database is empty: run 'responder migrate' first, "
            "or start with 'responder run', which does it by itself"
        )
    if found < NEWEST:
        raise ConfigurationError(
            f"the database has version {found}, this program needs {NEWEST}: "
            "run 'responder migrate' with this version of responder"
        )
    if found > NEWEST and await _runs_from(database) > NEWEST:
        raise ConfigurationError(
            f"the database has version {found}, which a newer responder made, and this program runs on {NEWEST}: "
            "start that newer one, or restore the backup of before the upgrade (docs/backups.md)"
        )


async def _runs_from(database: Database) -> str:
    said = select(installation.c.value).where(installation.c.name == RUNS_FROM)
    found: str | None = await database.value(said)
    return found or (await version_of(database) or "")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
