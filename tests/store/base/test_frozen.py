"""A transaction whose process stands still is ended, by PostgreSQL or by us: nobody waits for its locks for good."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.base.locking import end_frozen
from responder.store.base.tables import contacts
from tests.conftest import postgres_database, postgres_server, wait_until

AT_ONCE = {"server_settings": {"idle_in_transaction_session_timeout": "50ms"}}
BEHIND_A_POOLER = {"statement_cache_size": 0}


async def limit_of(url: str, arguments: Mapping[str, Any]) -> str:
    database = Database(url, arguments)
    async with database.read() as connection:
        limit: str = (await connection.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar_one()
    await database.close()
    return limit


async def change(connection: AsyncConnection) -> None:
    await connection.execute(update(contacts).values(revision=contacts.c.revision + 1))


async def stand_still(frozen: Database, other: Database) -> None:
    """Lock a row, stand still until another has changed it, and go on."""
    async with frozen.write() as connection:
        await change(connection)
        async with asyncio.timeout(5), other.write() as another:
            await change(another)
        await change(connection)


async def test_the_locks_of_a_frozen_process_are_let_go_and_what_it_did_is_undone(postgres_template: str) -> None:
    async with postgres_database(postgres_server(), postgres_template) as url:
        frozen, other = Database(url, AT_ONCE), Database(url)
        async with other.write() as connection:
            await connection.execute(insert(contacts).values(originator="+39330", revision=1))
        with pytest.raises(StorageError):
            await stand_still(frozen, other)
        async with other.read() as connection:
            assert (await connection.execute(contacts.select())).one().revision == 2
        async with frozen.write() as connection:  # goes on with a new connection
            await change(connection)
        await frozen.close()
        await other.close()


async def stand_still_in_a_statement(connection: AsyncConnection) -> None:
    """Prepare a statement, and come to a standstill before it is carried out."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.prepare("SELECT 1 + $1::int")


async def stand_still_over_an_answer(connection: AsyncConnection) -> None:
    """Ask for more than the way to us holds, and read none of it."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    driver._transport.pause_reading()
    asking = asyncio.ensure_future(driver.fetch("SELECT repeat('x', 1000) FROM generate_series(1, 100000)"))
    asking.add_done_callback(lambda ended: ended.exception())
    await asyncio.sleep(0)


@pytest.mark.parametrize("stand_still_there", [stand_still_in_a_statement, stand_still_over_an_answer])
async def test_the_locks_of_a_process_that_is_frozen_within_a_statement_are_let_go_too(
    postgres_template: str, stand_still_there: Callable[[AsyncConnection], Awaitable[None]]
) -> None:
    async with postgres_database(postgres_server(), postgres_template) as url:
        frozen, other = Database(url), Database(url)
        async with other.write() as connection:
            await connection.execute(insert(contacts).values(originator="+39330", revision=1))
        with pytest.raises(StorageError):
            await stand_still_until_ended(frozen, other, stand_still_there)
        assert (await other.rows(contacts.select()))[0].revision == 2
        await frozen.close()
        await other.close()


async def stand_still_until_ended(
    frozen: Database, other: Database, stand_still_there: Callable[[AsyncConnection], Awaitable[None]]
) -> None:
    async with frozen.write() as connection:
        await change(connection)
        await stand_still_there(connection)
        assert await end_frozen(other, frozen_s=60) == 0
        await wait_until(lambda: one_is_ended(other))
        async with asyncio.timeout(5), other.write() as another:
            await change(another)
        await change(connection)


async def one_is_ended(other: Database) -> bool:
    return await end_frozen(other, frozen_s=0.05) == 1


async def test_a_session_that_is_not_ours_is_left_alone(postgres_template: str) -> None:
    async with postgres_database(postgres_server(), postgres_template) as url:
        theirs, ours = Database(url, {"server_settings": {"application_name": "a report"}}), Database(url)
        async with theirs.write() as connection:
            await stand_still_in_a_statement(connection)
            assert await end_frozen(ours, frozen_s=0) == 0
        await theirs.close()
        await ours.close()


async def test_the_limit_is_half_a_minute_but_behind_a_pooler_that_may_not_know_it(postgres_template: str) -> None:
    async with postgres_database(postgres_server(), postgres_template) as url:
        assert (await limit_of(url, {}), await limit_of(url, BEHIND_A_POOLER)) == ("30s", "0")
