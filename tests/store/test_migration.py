"""Migrations: the tables that they make are the tables that the program knows, on both databases."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from responder.errors import ConfigurationError
from responder.store.database import Database
from responder.store.migration import migrate
from responder.store.tables import metadata
from responder.store.version import NEWEST, require_current, version_of

PRAGMAS = {"synchronous": 2, "foreign_keys": 1, "journal_mode": "wal"}


async def test_the_migrated_tables_are_those_of_the_program(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    async with database.read() as connection:
        assert await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []
    await database.close()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    for _ in range(2):
        await migrate(database)
        await require_current(database)
    await database.close()


async def test_alembic_finds_the_version_that_we_read(database_url: str) -> None:
    database = Database(database_url)
    assert await version_of(database) is None
    await migrate(database)
    async with database.read() as connection:
        assert await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision()) == NEWEST
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


async def test_a_database_of_another_version_is_refused_with_the_remedy(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    async with database.write() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match=r"9999.*responder migrate"):
        await require_current(database)
    await database.close()


async def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    async with database.write() as connection:
        pragmas = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in PRAGMAS}
    assert pragmas == PRAGMAS
    await database.close()
