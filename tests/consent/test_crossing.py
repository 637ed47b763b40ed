"""What an operator does by hand while a worker is about to commit: neither undoes the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.standing import SubscriberChange
from responder.store.base.database import Database
from responder.store.base.tables import consent_events, contacts, subscriptions
from responder.store.consent.erasure import erase
from responder.store.consent.ledger import append, event_row
from responder.store.consent.reading import verify
from responder.store.consent.subscribers import put_subscribers
from tests.builders import ANNA, inbound, minutes
from tests.conftest import NOON, wait_until
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture
LATER = NOON + minutes(10)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def is_held_up(database: Database) -> bool:
    """Whether somebody waits for a lock; on SQLite a second writer always does."""
    if database.is_sqlite:
        return True
    async with database.read() as connection:
        return bool((await connection.exec_driver_sql(WAITING)).scalar_one())


@asynccontextmanager
async def about_to_commit(work: Work) -> AsyncIterator[AsyncConnection]:
    """A worker's transaction that has the contact to itself, as every commit of plans does."""
    async with work.store.database.write() as connection:
        await connection.execute(
            update(contacts).where(contacts.c.originator == ANNA).values(revision=contacts.c.revision + 1)
        )
        yield connection
        if not work.store.database.is_sqlite:
            await wait_until(lambda: is_held_up(work.store.database), 5, "the operator, who has to wait")


@pytest.mark.parametrize("status", ["subscribed", None])
async def test_an_import_does_not_bring_back_who_says_stop_at_that_moment(work: Work, status: str | None) -> None:
    await work.handle(inbound("News ON" if status else "my name is A"))
    async with about_to_commit(work) as connection:
        wanted = [SubscriberChange(originator=ANNA, list="offers", evidence="form")]
        database, secret = work.store.database, work.store.secret
        importing = asyncio.create_task(put_subscribers(database, secret, wanted, operator="mia", now=LATER))
        await connection.execute(
            update(contacts)
            .where(contacts.c.originator == ANNA)
            .values(opted_out=True, consent_at=LATER, consent_seq=9)
        )
    assert (await importing).left_out == [0]
    assert "offers" not in await work.lists_of(ANNA)


async def test_an_erasure_leaves_nothing_of_what_is_committed_at_that_moment(work: Work) -> None:
    await work.handle(inbound("my name is A"))
    async with about_to_commit(work) as connection:
        erasing = asyncio.create_task(erase(work.store.database, work.store.secret, ANNA, "mia", LATER))
        row = {
            "originator": ANNA,
            "list": "news",
            "status": "subscribed",
            "since": NOON,
            "order_at": NOON,
            "order_seq": 1,
            "taken_by_stop": False,
        }
        await connection.execute(insert(subscriptions), [row])
        await append(
            connection,
            [event_row(event="opt_in", at=NOON, originator=ANNA, list="news", text="News ON")],
            work.store.secret,
        )
    await erasing
    async with work.store.database.read() as connection:
        left = (await connection.execute(consent_events.select().where(consent_events.c.originator == ANNA))).all()
    assert (left, await work.lists_of(ANNA)) == ([], {})
    assert (await verify(work.store.database, work.store.secret)).faults == ()
