"""A small transaction makes one trip to the driver's thread, and is a transaction like any other."""

import logging
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import StorageError
from responder.store.base.bulk import among_listed, execute_many
from responder.store.base.database import Database
from responder.store.base.sqlite.in_place import SMALL, ask, expect, kept
from responder.store.base.tables import contacts

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PUT = insert(contacts)
THEIRS = select(contacts).where(among_listed(contacts.c.originator, "originators")).order_by(contacts.c.originator)
KEPT_THEIRS = kept(THEIRS)
MUTE = kept(
    update(contacts).where(contacts.c.muted_until < bindparam("now")).values(muted_until=None, revision=bindparam("to"))
)
FAILS = kept(update(contacts).values(originator="+39330"))


@pytest.fixture
async def database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "responder.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'responder.db'}")
    yield database
    await database.close()


def row(number: int, **others: object) -> dict[str, Any]:
    return {
        "originator": f"+3933{number}",
        "revision": 1,
        "fields": "{}",
        "opted_out": False,
        "muted_until": None,
        **others,
    }


async def stored(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(contacts.c.originator))).scalars())


def trips(caplog: pytest.LogCaptureFixture) -> int:
    return sum("executing" in record.message for record in caplog.records)


async def test_only_its_commit_is_a_trip(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    await database.write_at_once("SELECT 1", [])  # which opens the writer
    with caplog.at_level(logging.DEBUG, "aiosqlite"):
        async with database.write(is_small=True) as connection:
            await execute_many(connection, PUT, [row(1), row(2)])
            await connection.execute(MUTE, {"now": NOON, "to": 2})
    assert trips(caplog) == 1
    assert await stored(database) == ["+39331", "+39332"]


async def test_one_that_reads_makes_none(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with database.read(is_small=True):
        pass  # which opens the connection
    with caplog.at_level(logging.DEBUG, "aiosqlite"):
        async with database.read(is_small=True) as connection:
            await connection.execute(KEPT_THEIRS, {"originators": ["+39331"]})
    assert trips(caplog) == 0


async def test_what_reads_next_sees_what_was_written_since(database: Database) -> None:
    for number in (1, 2):
        async with database.write(is_small=True) as connection:
            await execute_many(connection, PUT, [row(number)])
        async with database.read(is_small=True) as connection:
            assert len((await connection.execute(KEPT_THEIRS, {"originators": ["+39331", "+39332"]})).all()) == number


async def test_with_much_to_do_it_goes_to_the_thread(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with database.write(is_small=True) as connection:
        expect(connection, SMALL + 1)
        with caplog.at_level(logging.DEBUG, "aiosqlite"):
            await connection.execute(MUTE, {"now": NOON, "to": 2})
            await execute_many(connection, PUT, [row(1)])
    assert trips(caplog) == 2
    assert await stored(database) == ["+39331"]


async def test_work_without_await_is_in_place_too(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def mute(connection: Connection) -> int:
        return int(ask(connection, MUTE, {"now": NOON, "to": 2}).rowcount)

    async with database.write(is_small=True) as connection:
        await execute_many(connection, PUT, [row(1, muted_until=NOON - timedelta(hours=1))])
        with caplog.at_level(logging.DEBUG, "aiosqlite"):
            assert await connection.run_sync(mute) == 1
            assert trips(caplog) == 0


async def test_a_kept_statement_gives_what_it_would_give_otherwise(database: Database) -> None:
    async with database.write(is_small=True) as connection:
        await execute_many(connection, PUT, [row(1, muted_until=NOON, opted_out=True), row(2)])
        values = {"originators": ["+39331", "+39332", "+39333"]}
        ours, theirs = await connection.execute(KEPT_THEIRS, values), await connection.execute(THEIRS, values)
        assert [one._asdict() for one in ours.all()] == [dict(one._mapping) for one in theirs.all()]


async def test_how_many_rows_it_changed_comes_back(database: Database) -> None:
    async with database.write(is_small=True) as connection:
        await execute_many(connection, PUT, [row(number, muted_until=NOON) for number in range(3)])
        changed = await connection.execute(MUTE, {"now": NOON + timedelta(seconds=1), "to": 2})
    assert changed.rowcount == 3


async def half_done(connection: AsyncConnection) -> None:
    """Write by each of the ways that there are."""
    await execute_many(connection, PUT, [row(1)])
    await connection.execute(insert(contacts).values(row(2)))
    await connection.exec_driver_sql("UPDATE contacts SET revision = 7")


async def test_statements_of_all_kinds_are_committed_together(database: Database) -> None:
    async with database.write(is_small=True) as connection:
        await half_done(connection)
    assert await stored(database) == ["+39331", "+39332"]


@pytest.mark.parametrize("rows", [1, SMALL + 1])
async def test_and_none_of_them_where_one_fails(database: Database, rows: int) -> None:
    async def fail() -> None:
        async with database.write(is_small=True) as connection:
            await half_done(connection)
            expect(connection, rows)
            await connection.execute(FAILS)

    with pytest.raises(StorageError) as raised:
        await fail()
    assert raised.value.is_in_the_data
    assert await stored(database) == []
    async with database.write(is_small=True) as connection:
        await execute_many(connection, PUT, [row(3)])
    assert await stored(database) == ["+39333"]
