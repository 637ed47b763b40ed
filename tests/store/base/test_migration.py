"""Migrations: the tables that they make are the tables that the program knows, on both databases."""

import asyncio
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from responder.errors import ConfigurationError, StorageError
from responder.store.base.database import Database
from responder.store.base.migration import MIGRATION_LOCK, NEWEST, OLDEST_PROGRAM, migrate, require_current, version_of
from responder.store.base.tables import metadata
from responder.store.migrations import versions
from tests.conftest import wait_until
from tests.store.schemas.kept import DIALECTS, fingerprint, statements_of, statements_of_program, versions_kept

FROZEN = {
    "0001": "29a641ae6e39",
    "0002": "69bf81e7010e",
    "0003": "b43fe28bda99",
    "0004": "475edae9a72c",
    "0005": "ea8217169b11",
}  # the file of each migration: what was released is never changed
PRAGMAS = {"synchronous": 2, "foreign_keys": 1, "journal_mode": "wal"}


async def test_the_migrated_tables_are_those_of_the_program(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    async with database.read() as connection:
        assert await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []
    await database.close()


def migrations() -> dict[str, Any]:
    """The modules of all migrations, by their version."""
    modules = [import_module(f"{versions.__name__}.{found.name}") for found in iter_modules(versions.__path__)]
    return {module.revision: module for module in modules}


def test_a_change_of_the_tables_comes_with_a_migration() -> None:
    found = fingerprint(each for dialect in DIALECTS for each in statements_of_program(dialect))
    assert found == migrations()[NEWEST].SCHEMA, (
        f"the tables are no longer those of version {NEWEST}, which databases have: put them back, or add a migration "
        f"that changes them there, with SCHEMA = '{found}' (CONTRIBUTING.md, \"Changing a table\")"
    )


def test_a_migration_that_databases_have_had_is_never_changed() -> None:
    found = {name: sha256(Path(module.__file__).read_bytes()).hexdigest()[:12] for name, module in migrations().items()}
    assert found == FROZEN, (
        "databases have had these migrations and will not have them again: put back what was changed, and write what "
        "is to change into a migration after the newest; a new one gets its line in FROZEN"
    )


@pytest.mark.parametrize("version", FROZEN)
def test_the_tables_of_each_version_are_kept_as_they_were(version: str) -> None:
    assert version in versions_kept(), "write them down: python -m tests.store.schemas.kept"
    found = fingerprint(each for dialect in DIALECTS for each in statements_of(version, dialect))
    assert found == migrations()[version].SCHEMA, "they are what databases of that version have: put them back"


async def make_version(version: str, database: Database) -> None:
    """Give an empty database the tables that this version had."""
    async with database.write() as connection:
        for statement in statements_of(version, "sqlite" if database.is_sqlite else "postgresql"):
            await connection.exec_driver_sql(statement)
        await connection.run_sync(lambda c: MigrationContext.configure(c)._ensure_version_table())
        await connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})


@pytest.mark.parametrize("version", FROZEN)
async def test_a_database_of_each_version_is_brought_to_the_tables_of_the_program(
    database_url: str, version: str
) -> None:
    database = Database(database_url)
    await make_version(version, database)
    await migrate(database)
    await require_current(database)
    async with database.read() as connection:
        assert await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []
    await database.close()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    before = await schema_of(database)
    await migrate(database)
    await require_current(database)
    assert (await schema_of(database), len(before)) == (before, len(metadata.tables) + 1)
    await database.close()


async def schema_of(database: Database) -> dict[str, list[str]]:
    """The columns of each table and the names of its indexes, as the database tells them."""
    async with database.read() as connection:
        return await connection.run_sync(described)


def described(connection: Connection) -> dict[str, list[str]]:
    found = inspect(connection)
    return {
        table: [*map(str, found.get_columns(table)), *(str(index["name"]) for index in found.get_indexes(table))]
        for table in found.get_table_names()
    }


async def test_a_migration_may_take_longer_than_other_work(database_url: str) -> None:
    database, other = Database(database_url, {"command_timeout": 0.1}), Database(database_url)
    if database.is_sqlite:
        pytest.skip("SQLite gives up no statement")
    async with other.write() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        migrating = asyncio.create_task(migrate(database))
        await asyncio.wait([migrating], timeout=0.5)
        assert not migrating.done()
    await migrating
    await require_current(other)
    for opened in (database, other):
        await opened.close()


async def test_a_migration_does_not_wait_for_ever_for_a_table_that_somebody_has(database_url: str) -> None:
    database, other = Database(database_url), Database(database_url)
    if database.is_sqlite:
        pytest.skip("SQLite has one lock, which has a limit of its own")
    await migrate(other)
    async with other.write() as connection:
        await connection.execute(text("LOCK TABLE alembic_version"))
        with pytest.raises(StorageError, match="lock timeout"):
            await asyncio.wait_for(migrate(database, lock_wait_ms=50), 10)
    for opened in (database, other):
        await opened.close()


async def test_a_migration_that_gives_way_to_a_running_program_is_carried_out_after_it(database_url: str) -> None:
    database, other = Database(database_url), Database(database_url)
    if database.is_sqlite:
        pytest.skip("SQLite has one lock, so nobody waits for each other")
    await make_version("0001", other)

    async def it_waits_for_steps() -> bool:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = CAST('steps' AS regclass)")
        async with other.read() as connection:
            return bool((await connection.execute(waiting)).scalar_one())

    async with other.write() as connection:
        await connection.execute(text("SET LOCAL deadlock_timeout = '60s'"))  # so it is the migration that gives way
        await connection.execute(text("LOCK TABLE steps IN ROW EXCLUSIVE MODE"))
        migrating = asyncio.create_task(migrate(database))
        await wait_until(it_waits_for_steps)
        await connection.execute(text("SELECT count(*) FROM handoffs"))
    await migrating
    assert await version_of(database) == NEWEST
    for opened in (database, other):
        await opened.close()


async def test_alembic_finds_the_version_that_we_read(database_url: str) -> None:
    database = Database(database_url)
    assert await version_of(database) is None
    await migrate(database)
    async with database.read() as connection:
        assert await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision()) == NEWEST
    await database.close()


async def test_tables_that_are_there_without_a_version_are_not_taken_for_ours(database_url: str) -> None:
    database = Database(database_url)
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE steps (seq INTEGER)"))
    with pytest.raises(StorageError, match="already exists"):
        await migrate(database)
    assert await version_of(database) is None
    await database.close()


async def test_two_migrations_at_once_take_turns(database_url: str) -> None:
    databases = [Database(database_url), Database(database_url)]
    await asyncio.gather(*(migrate(database) for database in databases))
    assert [await version_of(database) for database in databases] == [NEWEST, NEWEST]
    for database in databases:
        await database.close()


async def test_an_empty_database_is_refused_with_the_remedy(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(ConfigurationError, match="responder migrate"):
        await require_current(database)
    await database.close()


async def of_version(database_url: str, version: str, runs_from: str) -> Database:
    """A database that another version of the program has brought up."""
    database = Database(database_url)
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        said = text("UPDATE installation SET value = :version WHERE name = 'runs_from'")
        await connection.execute(said, {"version": runs_from})
    return database


async def test_a_database_of_an_older_version_is_refused_with_the_remedy(database_url: str) -> None:
    database = await of_version(database_url, "0000", "0000")
    with pytest.raises(ConfigurationError, match=r"0000.*responder migrate"):
        await require_current(database)
    await database.close()


async def test_a_newer_version_that_only_added_to_the_tables_is_good(database_url: str) -> None:
    database = await of_version(database_url, "9999", NEWEST)
    await require_current(database)
    await database.close()


async def test_a_newer_version_that_took_something_away_is_refused_with_the_remedy(database_url: str) -> None:
    database = await of_version(database_url, "9999", "9998")
    with pytest.raises(ConfigurationError, match=r"9999, which a newer responder made.*start that newer one"):
        await require_current(database)
    await database.close()


def test_the_program_runs_on_its_own_tables() -> None:
    assert OLDEST_PROGRAM <= NEWEST


async def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    async with database.write() as connection:
        pragmas = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in PRAGMAS}
    assert pragmas == PRAGMAS
    await database.close()
