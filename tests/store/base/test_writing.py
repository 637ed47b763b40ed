"""SQLite's one write lock: shared between processes, never left behind by what failed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import _AsyncGeneratorContextManager
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.base.migration import migrate
from responder.store.base.tables import contacts
from tests.conftest import wait_until

Transaction = _AsyncGeneratorContextManager[AsyncConnection]
STATEMENT = "INSERT INTO contacts (originator, revision) VALUES (?, 1)"


class Small(Database):
    """A database all of whose transactions are small."""

    def write(self, *, is_small: bool = True) -> Transaction:
        return super().write(is_small=is_small)

    def read(self, *, is_small: bool = True) -> Transaction:
        return super().read(is_small=is_small)


@pytest.fixture(params=[Database, Small])
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    database: Database = request.param(f"sqlite+aiosqlite:///{tmp_path / 'responder.db'}")
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture
async def elsewhere(database: Database, tmp_path: Path) -> AsyncIterator[Database]:
    """The same database, opened once more as another process would."""
    del database
    elsewhere = Database(f"sqlite+aiosqlite:///{tmp_path / 'responder.db'}")
    yield elsewhere
    await elsewhere.close()


async def count(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(contacts))).scalar_one()


async def journal_of(database: Database) -> str:
    async with database.write() as connection:
        return str((await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one())


async def test_a_single_statement_is_committed_by_itself(database: Database, elsewhere: Database) -> None:
    await database.write_at_once(STATEMENT, ["+39330"])
    assert await count(elsewhere) == 1


async def test_a_single_statement_waits_for_another_process(database: Database, elsewhere: Database) -> None:
    async with elsewhere.write() as connection:
        await connection.execute(insert(contacts).values(originator="+39331", revision=1))
        waiting = asyncio.create_task(database.write_at_once(STATEMENT, ["+39330"]))
        await wait_until(database._turn.locked)
        assert await count(database) == 0
    await waiting
    assert await count(database) == 2


async def test_a_statement_gives_up_on_a_process_that_keeps_the_lock(elsewhere: Database, tmp_path: Path) -> None:
    hasty = Database(f"sqlite+aiosqlite:///{tmp_path / 'responder.db'}", lock_wait_s=0.05)
    async with elsewhere.write():
        with pytest.raises(StorageError, match="locked"):
            await hasty.write_at_once(STATEMENT, ["+39330"])
    await hasty.close()


async def test_a_transaction_that_failed_leaves_nothing_to_the_next(database: Database) -> None:
    async def twice() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql(STATEMENT, ("+39330",))
            await connection.exec_driver_sql(STATEMENT, ("+39330",))

    with pytest.raises(StorageError):
        await twice()
    await database.write_at_once(STATEMENT, ["+39331"])
    assert await count(database) == 1


async def test_a_connection_that_was_closed_is_a_fault_of_storage_and_not_used_again(database: Database) -> None:
    await database.write_at_once(STATEMENT, ["+39330"])
    (writer,) = database._kept
    driver = (await writer.get_raw_connection()).driver_connection
    assert driver
    await driver.close()
    with pytest.raises(StorageError):
        await database.write_at_once(STATEMENT, ["+39331"])
    await database.write_at_once(STATEMENT, ["+39331"])
    assert await count(database) == 2


async def test_nor_is_one_of_those_that_read(database: Database) -> None:
    async with database.read() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
    assert driver
    await driver.close()
    with pytest.raises(StorageError):
        await count(database)
    assert await count(database) == 0


async def test_a_value_that_cannot_be_written_is_told_from_a_database_that_fails(database: Database) -> None:
    for value in ("\ud800", 2**70):
        with pytest.raises(StorageError) as caught:
            await database.write_at_once(STATEMENT, [value])
        assert caught.value.is_in_the_data


async def test_an_error_of_our_own_is_none_of_storage(database: Database) -> None:
    with pytest.raises(ValueError, match="ours"):
        async with database.write():
            raise ValueError("ours")


async def test_a_transaction_that_was_cancelled_leaves_nothing_to_the_next(database: Database) -> None:
    async def begin() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql(STATEMENT, ("+39330",))
            await asyncio.Event().wait()

    begun = asyncio.create_task(begin())
    await wait_until(database._turn.locked)
    begun.cancel()
    await asyncio.wait([begun])
    async with database.write() as connection:
        await connection.exec_driver_sql(STATEMENT, ("+39331",))
    assert await count(database) == 1


async def test_all_who_open_a_new_file_at_once_can_write_to_it(tmp_path: Path) -> None:
    for number in range(20):  # since they meet at the same instant only now and then
        crowd = [Database(f"sqlite+aiosqlite:///{tmp_path / f'{number}.db'}") for _ in range(8)]
        told = await asyncio.gather(*(journal_of(database) for database in crowd))
        assert told == ["wal"] * len(crowd)
        for database in crowd:
            await database.close()
