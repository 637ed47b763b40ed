"""What a worker asks again and again costs what it takes, not what is stored nor what waits, though PostgreSQL's statistics are of an idle hour."""

import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from responder.core.appointments.reminders import Planned, ReminderPlan, Wait
from responder.core.contact.effects import StepKind
from responder.core.contact.known import Appointment, Known
from responder.core.rules.limits import Limits
from responder.rulefile import read_rules
from responder.store.appointments.planning import plan_some_anew
from responder.store.appointments.reminders import queue_due
from responder.store.base.database import Database
from responder.store.consent.erasure import erase
from responder.store.outbound.abandoned import due_kinds, has_abandoned, settle_abandoned
from responder.store.outbound.calls import claim_calls
from responder.store.outbound.webhook_replies import settle_unanswered
from responder.wiring import Store
from tests.appointments.clinic import RULES
from tests.conftest import NOON, store_on
from tests.crowd import Crowd
from tests.store.base.test_looking import plan_of, told
from tests.worker.conftest import TABLES, Work, work

__all__ = ["work"]
STORED, WAITING = 10_000, 6_000
BIG = int(os.environ.get("RESPONDER_BIG_ROWS", "300000"))
BIG_TABLES = ("messages", "steps", "appointments", "contacts")
"""Those with so many rows that to read them from the beginning is not the cheapest way."""
MOST = 2_500  # rows of one table in one transaction; what is taken at a time is at most 500 messages or 200 reminders
NEWEST_OF_ALL = "FROM messages ORDER BY messages.seq DESC"  # one row from the end of the table
AT_MOST_200 = "ix_steps_reminding"  # of which no more are looked at
FEW = ("messages USING INDEX ix_messages_malformed",)  # it looks into each text that could not be read
Ask = Callable[[Store], Awaitable[object]]


def wait(_planned: Planned, _appointment: Appointment | None, _known: Known) -> Wait:
    return Wait(until=NOON + timedelta(days=1))


def times() -> ReminderPlan:
    rules = read_rules(RULES, "rules.yaml", {})
    return ReminderPlan(policy=rules.appointments, zone=rules.zone)


ASKED: dict[str, Ask] = {
    "the next messages": lambda store: store.inbox.claim("w1", NOON, 500),
    "the next, while others have some in hand": lambda store: store.inbox.claim("w2", NOON, 100),
    "the message that waits longest": lambda store: store.inbox.oldest_waiting(),
    "what is given back": lambda store: store.inbox.release("w2", range(1, 100)),
    "a message that fails": lambda store: store.inbox.fail("w1", "a fault", NOON),
    "which kinds are due": lambda store: due_kinds(store.database, NOON),
    "due replies": lambda store: store.steps.claim(StepKind.REPLY, "w", NOON, 20),
    "due replies at night": lambda store: store.steps.claim(StepKind.REPLY, "w", NOON, 20, quiet_until=NOON),
    "due calls": lambda store: claim_calls(store.database, "w", NOON, {"crm": 10}, ["crm"]),
    "what a killed worker left": lambda store: has_abandoned(store.database, NOON),
    "the same, to settle it": lambda store: settle_abandoned(store.database, NOON),
    "replies whose calls do not begin": lambda store: settle_unanswered(store.database, Limits(), NOON),
    "due reminders": lambda store: queue_due(store.database, wait, NOON, None),
    "an erasure": lambda store: erase(store.database, store.secret, "+393331234567", "Mary", NOON),
    "what to plan anew": lambda store: plan_some_anew(store.database, times(), NOON),
}


@contextmanager
def rows_read() -> Iterator[Counter[str]]:
    """The most rows of each table that any transaction on PostgreSQL has read meanwhile."""
    most: Counter[str] = Counter()

    def note(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            read = (
                "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
            )
            for table, count in connection.exec_driver_sql(read).all():
                most[table] = max(most[table], count)
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")  # or it counts on over transactions

    for ending in ("commit", "rollback"):
        event.listen(Engine, ending, note)
    try:
        yield most
    finally:
        for ending in ("commit", "rollback"):
            event.remove(Engine, ending, note)


@pytest.fixture
def crowd(store: Store) -> Crowd:
    if store.database.is_sqlite:
        pytest.skip("SQLite has no such statistics; its plans are looked at in test_looking.py")
    return Crowd(store.database)


@pytest.fixture
async def small(migrated_url: str) -> AsyncIterator[Store]:
    """A store that reads no table from its beginning, as would be cheapest while it is small."""
    if migrated_url.startswith("sqlite"):
        pytest.skip("SQLite has no such statistics; its plans are looked at in test_looking.py")
    database = Database(migrated_url, {"server_settings": {"enable_seqscan": "off"}})
    yield await store_on(database)
    await database.close()


async def check_costs(store: Store, stored: int, waiting: int, tables: Collection[str]) -> None:
    crowd = Crowd(store.database)
    too_many: dict[str, dict[str, int]] = {}
    with rows_read() as most:
        await crowd.analyse_by_hand()
        await crowd.handled(stored)
        await crowd.analyse()  # while nothing waits
        await crowd.waiting(waiting)
        await crowd.leaving(waiting)
        await crowd.to_remind(waiting)
        for name, ask in ASKED.items():
            most.clear()
            await ask(store)
            if costly := {table: count for table, count in most.items() if count > MOST and table in tables}:
                too_many[name] = costly
    assert too_many == {}


async def test_nothing_is_read_but_what_is_taken(small: Store) -> None:
    await check_costs(small, STORED, WAITING, TABLES)


async def test_sqlite_reads_no_table_from_its_beginning(sqlite_template: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "responder.db"))
    store = await store_on(Database(f"sqlite+aiosqlite:///{path}"))
    crowd = Crowd(store.database)
    for fill in (crowd.handled, crowd.waiting, crowd.leaving, crowd.to_remind):
        await fill(4)
    asked: list[tuple[str, str]] = []
    for name, ask in ASKED.items():
        await store.database.close()
        with told() as statements:
            await ask(store)
        asked += [(name, statement) for statement in statements if NEWEST_OF_ALL not in statement]
    await store.database.close()
    plans = [(name, detail) for name, statement in asked for detail in plan_of(path, statement)]
    few = [("an erasure", f"SCAN {part}") for part in FEW]
    scans = [plan for plan in plans if AT_MOST_200 not in plan[1] and plan not in few]
    assert [
        plan
        for plan in scans
        if plan[1].startswith(tuple(f"SCAN {table}" for table in (*BIG_TABLES, "reminders", "awaited")))
    ] == []


@pytest.mark.big
async def test_nothing_is_read_but_what_is_taken_on_a_big_table(crowd: Crowd) -> None:
    await check_costs(await store_on(crowd.database), BIG, 20_000, BIG_TABLES)


async def empty(work: Work) -> None:
    """Handle a backlog, and check that no batch of it cost more for what waited behind."""
    with rows_read() as most:
        while await work.handler().handle_batch():
            pass
    assert await work.store.inbox.oldest_waiting() is None
    assert most["messages"] < 3 * MOST


@pytest.mark.big
@pytest.mark.parametrize("statistics", ["none", "of an idle hour", "of an idle hour, and a hot phone"])
async def test_a_backlog_is_emptied_whatever_the_statistics_say(work: Work, crowd: Crowd, statistics: str) -> None:
    await crowd.analyse_by_hand()
    await crowd.handled(BIG)
    if statistics != "none":
        await crowd.analyse()
    await crowd.waiting(30_000, hot="hot" in statistics)
    await empty(work)
