"""What counts against a message: the deaths of workers, and nothing that a database does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.inbox.commit import Commits, Committed
from responder.store.inbox.inbox import GIVE_UP_AFTER, LEASE
from responder.store.inbox.planned import Planned
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import NOON, no_more_on_disk, store_on
from tests.worker.conftest import Work

AFTER_LEASE = LEASE + timedelta(seconds=1)
NUMBERS = [f"+39333000{n:04}" for n in range(10)]


async def run(database: Database, *statements: str) -> None:
    async with database.write() as connection:
        for statement in statements:
            await connection.execute(text(statement))


@asynccontextmanager
async def without_ledger(work: Work) -> AsyncIterator[None]:
    """Meanwhile nothing can be committed that changes consent, while messages can be claimed and given back."""
    await run(work.store.database, "ALTER TABLE consent_events RENAME TO gone")
    yield
    await run(work.store.database, "ALTER TABLE gone RENAME TO consent_events")


async def try_to_handle(work: Work, times: int, every: timedelta) -> None:
    for _ in range(times):
        with suppress(StorageError):
            await work.handler().handle()
        work.clock.now += every


async def states(work: Work) -> set[tuple[str, int, str | None]]:
    return {(row.status, row.attempts, row.error) for row in await work.rows("messages")}


async def test_a_commit_that_fails_for_hours_costs_a_message_nothing(work: Work) -> None:
    await work.receive(inbound("STOP"))
    async with without_ledger(work):
        await try_to_handle(work, 4 * GIVE_UP_AFTER, timedelta(minutes=10))
    await work.handler().handle()
    assert await states(work) == {("handled", 0, None)}


async def test_nor_under_traffic_where_each_commit_of_the_intake_rings(work: Work) -> None:
    await work.receive(*(inbound("STOP", number) for number in NUMBERS))
    async with without_ledger(work):
        for number in range(4 * GIVE_UP_AFTER):
            await work.receive(inbound("News ON", f"+39334000{number:04}"))
            await try_to_handle(work, 1, timedelta(milliseconds=100))
    await work.handler().handle()
    assert await states(work) == {("handled", 0, None)}


async def test_a_lock_that_outlasts_our_patience_costs_a_message_nothing(work: Work, migrated_url: str) -> None:
    if work.store.database.is_sqlite:
        pytest.skip("SQLite has one lock for all")
    await work.receive(inbound("STOP"))
    impatient = Database(migrated_url, {"command_timeout": 0.1})
    worker = Work(store=await store_on(impatient), clock=work.clock, rules=work.rules)
    async with work.store.database.write() as connection:
        await connection.execute(text("LOCK TABLE steps"))
        await try_to_handle(worker, GIVE_UP_AFTER + 2, AFTER_LEASE)
    await worker.handler().handle()
    await impatient.close()
    assert await states(work) == {("handled", 0, None)}


async def test_a_grant_that_is_missing_costs_a_message_nothing(work: Work) -> None:
    if work.store.database.is_sqlite:
        pytest.skip("SQLite has no grants")
    await work.receive(inbound("STOP"))
    refusing = (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE insufficient_privilege; END$$"
    )
    await run(work.store.database, refusing, "CREATE TRIGGER refuse BEFORE INSERT ON steps EXECUTE FUNCTION refuse()")
    await try_to_handle(work, GIVE_UP_AFTER + 2, AFTER_LEASE)
    await run(work.store.database, "DROP TRIGGER refuse ON steps")
    await work.handler().handle()
    assert await states(work) == {("handled", 0, None)}


async def test_a_full_disk_costs_a_message_nothing(work: Work) -> None:
    if not work.store.database.is_sqlite:
        pytest.skip("the disk of PostgreSQL is not ours")
    await work.receive(inbound("STOP"))
    with no_more_on_disk():
        await try_to_handle(work, GIVE_UP_AFTER + 2, AFTER_LEASE)
    await work.handler().handle()
    assert await states(work) == {("handled", 0, None)}


class BreakingCommits(Commits):
    """The database is gone from the commit on, so that what was claimed cannot be given back either."""

    async def commit(self, batch: Sequence[Planned], owner: str, now: datetime) -> Committed:
        await run(self._database, "ALTER TABLE messages RENAME TO gone")
        return await super().commit(batch, owner, now)


async def test_a_worker_that_could_not_give_back_does_so_before_it_claims_again(work: Work) -> None:
    await work.receive(inbound("STOP"))
    handler = work.handler()
    handler.commits = BreakingCommits(work.store.database, work.store.secret)
    for _ in range(GIVE_UP_AFTER + 2):
        with pytest.raises(StorageError):
            await handler.handle()
        await run(work.store.database, "ALTER TABLE gone RENAME TO messages")
        work.clock.now += AFTER_LEASE
    assert await states(work) == {("received", 0, None)}
    handler.commits = Commits(work.store.database, work.store.secret)
    await handler.handle()
    assert await states(work) == {("handled", 0, None)}


async def test_what_another_took_over_from_a_worker_that_lives_is_not_counted(work: Work) -> None:
    await work.receive(inbound("STOP"))
    [(message, _)] = await work.store.inbox.claim("slow", NOON, 10)
    [(_, deaths)] = await work.store.inbox.claim("other", NOON + AFTER_LEASE, 10)
    await work.store.inbox.release("slow", [message.seq])
    assert (deaths, await states(work)) == (1, {("received", 0, None)})


async def test_a_lease_that_ran_out_is_a_death(work: Work) -> None:
    await work.receive(inbound("STOP"))
    for number in range(3):
        [(_, deaths)] = await work.store.inbox.claim(f"killed-{number}", NOON + number * AFTER_LEASE, 10)
        assert deaths == number


def refusing(who: str, *, is_sqlite: bool) -> list[str]:
    """A trigger that takes no step for somebody."""
    if is_sqlite:
        when = f"BEFORE INSERT ON steps WHEN NEW.originator = '{who}'"
        return [f"CREATE TRIGGER refuse {when} BEGIN SELECT RAISE(ABORT, 'refused'); END"]
    body = f"BEGIN IF NEW.originator = '{who}' THEN RAISE data_exception; END IF; RETURN NEW; END"
    return [
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
        "CREATE TRIGGER refuse BEFORE INSERT ON steps FOR EACH ROW EXECUTE FUNCTION refuse()",
    ]


async def test_a_message_whose_rows_the_database_refuses_fails_alone_and_says_so(work: Work) -> None:
    await run(work.store.database, *refusing(ANNA, is_sqlite=work.store.database.is_sqlite))
    await work.handle(inbound(originator=ANNA), inbound(originator=BRUNO), inbound("My data", ANNA))
    rows = await work.rows("messages", "seq")
    assert [(row.originator, row.status) for row in rows] == [(ANNA, "failed"), (BRUNO, "handled"), (ANNA, "handled")]
    assert rows[0].error.startswith("the database does not take what it says: ")


class StoppedCommits(Commits):
    """A commit in which the worker is told to stop."""

    async def commit(self, batch: Sequence[Planned], owner: str, now: datetime) -> Committed:
        raise asyncio.CancelledError


async def test_a_worker_that_is_told_to_stop_gives_back_and_costs_a_message_nothing(work: Work) -> None:
    await work.receive(inbound("STOP"))
    for _ in range(GIVE_UP_AFTER + 2):
        handler = work.handler()
        handler.commits = StoppedCommits(work.store.database, work.store.secret)
        with pytest.raises(asyncio.CancelledError):
            await handler.handle()
        work.clock.now += AFTER_LEASE
    await work.handler().handle()
    assert await states(work) == {("handled", 0, None)}
