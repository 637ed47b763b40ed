"""SQLite's driver is asked once for each statement, and its answers and errors come through whole."""

import logging
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.base.tables import imports, installation

ROW = {"kind": "subscribers", "operator": "anna", "touched_at": datetime(2026, 11, 23, tzinfo=UTC)}


@pytest.fixture
async def database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "responder.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'responder.db'}")
    yield database
    await database.close()


async def test_a_statement_is_one_trip_to_the_thread_of_the_driver(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.read() as connection:
        with caplog.at_level(logging.DEBUG, "aiosqlite"):
            await connection.execute(select(installation))
    assert sum("executing" in record.message for record in caplog.records) == 1


async def test_the_number_that_a_new_row_was_given_comes_back(database: Database) -> None:
    async with database.write() as connection:
        numbers = [(await connection.execute(insert(imports), ROW)).inserted_primary_key for _ in range(2)]
    assert numbers == [(1,), (2,)]


async def test_rows_that_are_streamed_come_through_as_well(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(installation), [{"name": f"{n}", "value": ""} for n in range(200)])
    names = select(installation.c.name).where(installation.c.value == "")
    async with database.read() as connection, connection.stream(names) as rows:
        assert {row.name async for row in rows} == {f"{n}" for n in range(200)}


async def test_a_text_that_the_driver_cannot_write_is_told_as_a_fault_of_the_data(database: Database) -> None:
    with pytest.raises(StorageError) as raised:
        async with database.write() as connection:
            await connection.execute(insert(installation).values(name="broken", value="\ud800"))
    assert raised.value.is_in_the_data


async def test_a_number_that_is_too_large_is_told_as_a_fault_of_the_data(database: Database) -> None:
    with pytest.raises(StorageError) as raised:
        async with database.write() as connection:
            await connection.exec_driver_sql("SELECT ?", (2**70,))
    assert raised.value.is_in_the_data
