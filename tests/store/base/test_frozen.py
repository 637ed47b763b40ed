"""PostgreSQL ends a transaction whose process stands still, so that nobody waits for its locks for good."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.base.tables import contacts
from tests.conftest import postgres_database, postgres_server

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


async def test_the_limit_is_half_a_minute_but_behind_a_pooler_that_may_not_know_it(postgres_template: str) -> None:
    async with postgres_database(postgres_server(), postgres_template) as url:
        assert (await limit_of(url, {}), await limit_of(url, BEHIND_A_POOLER)) == ("30s", "0")
