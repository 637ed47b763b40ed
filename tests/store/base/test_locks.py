"""What was read before a lock is read again behind it, and locks are taken in one order (PostgreSQL; SQLite locks all at BEGIN)."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import Booking
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.known import Appointment
from responder.rulefile import read_rules
from responder.store.appointments.bookings import delete_appointment, put_bookings
from responder.store.base.locking import Conflict
from responder.store.base.tables import appointments, contacts, messages, subscriptions
from responder.store.consent.erasure import erase
from responder.store.consent.retention import end_subscriptions
from responder.store.consent.subscribers import put_subscribers
from responder.store.inbox.commit import Commits
from responder.store.inbox.contacts import read_known
from responder.store.outbound.claims import Fate
from responder.wiring import Store
from responder.worker.handling import plan_all
from tests.appointments.clinic import Clinic
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import NOON, StandingClock, wait_until
from tests.lock_order import lock
from tests.worker.conftest import Work, work

__all__ = ["work"]
SOON = NOON + timedelta(hours=24)
TOLD = """
version: 1
lists: {news: }
webhooks: {crm: {url: "https://crm.example.com/", events: [consent.changed]}}
rules: [{name: join, when: {text: join}, then: [subscribe: news]}]
"""
PERSONAL = (
    "contacts",
    "consent_events",
    "subscriptions",
    "appointments",
    "messages",
    "steps",
    "handoffs",
    "questions",
    "uses",
    "reminders",
)


@pytest.fixture
def clinic(store: Store, clock: StandingClock) -> Clinic:
    if store.database.is_sqlite:
        pytest.skip("SQLite has one lock for all")
    return Clinic(store=store, clock=clock)


@dataclass
class Crossing:
    """Somebody who has Anna's contact, so that whatever is begun meanwhile waits."""

    store: Store
    connection: AsyncConnection
    tasks: list[asyncio.Task[Any]]

    async def begin(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin something, and return when it waits behind what was begun before."""
        self.tasks.append(asyncio.create_task(coroutine))
        await wait_until(self._all_wait, what="waiting for a lock")
        return self.tasks[-1]

    async def _all_wait(self) -> bool:
        assert not self.tasks[-1].done(), "it waited for nothing"
        blocked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with self.store.database.read() as connection:
            return bool((await connection.execute(blocked)).scalar_one() >= len(self.tasks))


@asynccontextmanager
async def crossing(store: Store) -> AsyncIterator[Crossing]:
    """Have Anna's contact; at the end whoever waits for it goes on."""
    tasks: list[asyncio.Task[Any]] = []
    async with store.database.write() as connection:
        await connection.execute(select(contacts).where(contacts.c.originator == ANNA).with_for_update())
        yield Crossing(store=store, connection=connection, tasks=tasks)
    if tasks:
        await asyncio.wait(tasks)


async def answered(connection: AsyncConnection) -> None:
    """The change that a worker makes when the patient says yes."""
    of_answer = {"status": "confirmed", "version": appointments.c.version + 1}
    await connection.execute(update(appointments).where(appointments.c.id == "a1").values(of_answer))


async def version(clinic: Clinic) -> int:
    async with clinic.store.database.read() as connection:
        return int((await connection.execute(select(appointments.c.version))).scalar_one())


def erasing(store: Store) -> Coroutine[Any, Any, int]:
    return erase(store.database, store.secret, ANNA, "op", NOON)


async def holders(work: Work) -> dict[str, int]:
    """How many rows of each table tell Anna's number."""
    found = {name: sum(ANNA in (row.originator or "") for row in await work.rows(name)) for name in PERSONAL}
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("by", ["put", "delete"])
async def test_if_match_fails_on_a_version_that_is_replaced_at_that_moment(clinic: Clinic, by: str) -> None:
    await clinic.book("a1", SOON)
    before = await version(clinic)

    def is_that(found: Appointment | None) -> bool:
        return found is not None and found.version == before

    async with crossing(clinic.store) as cross:
        moved = [Booking(id="a1", originator=ANNA, starts_at=SOON, name="Dr. New")]
        put = put_bookings(clinic.store.database, moved, NOON, by="api", expected=is_that)
        delete = delete_appointment(clinic.store.database, "a1", NOON, by="api", expected=is_that)
        (delete if by == "put" else put).close()
        task = await cross.begin(put if by == "put" else delete)
        await answered(cross.connection)
    assert isinstance(task.exception(), Conflict)


async def test_no_number_of_the_history_is_given_twice(clinic: Clinic) -> None:
    await clinic.book("a1", SOON)
    async with crossing(clinic.store) as cross:
        await cross.begin(clinic.book("a1", SOON, name="Dr. New"))
        await answered(cross.connection)
    assert await version(clinic) == 3
    assert await clinic.statuses() == {"a1": "confirmed"}


async def test_a_reminder_that_goes_out_at_that_moment_keeps_its_time(clinic: Clinic) -> None:
    await clinic.book("a1", SOON)
    async with crossing(clinic.store) as cross:
        await cross.begin(clinic.book("a1", SOON, name="Dr. New"))
        await cross.connection.execute(update(appointments).values(asked_at=NOON))
    async with clinic.store.database.read() as connection:
        assert (await connection.execute(select(appointments.c.asked_at))).scalar_one() == NOON


async def test_a_number_that_is_erased_after_its_texts_were_planned_does_not_come_back(
    store: Store, work: Work
) -> None:
    await work.handle(inbound("News ON"))
    await work.receive(inbound("News OFF"))
    claimed = await store.inbox.claim("w", NOON, 10)
    known = await read_known(store.database, store.secret, [ANNA], NOON)
    planned = plan_all(known[ANNA], [message for message, _ in claimed], work.rules, {})
    await erasing(store)
    assert (await Commits(store.database, store.secret).commit([planned], "w", NOON)).handled == 0
    assert await holders(work) == {}


async def test_a_number_that_is_erased_does_not_come_back_by_what_waits_for_that(clinic: Clinic, work: Work) -> None:
    store = clinic.store
    await work.handle(inbound("News ON"))
    await clinic.book("a1", SOON)
    async with store.database.write() as connection:
        await connection.execute(update(subscriptions).values(ends_at=NOON))
    (claimed,) = await store.steps.claim(StepKind.REPLY, "w", NOON, 10)
    refused = Fate(key=claimed.step.key, status=StepStatus.DEAD, error="blocked", is_blocked=True)
    wanted = [SubscriberChange(originator=ANNA, list="offers")]
    async with crossing(store) as cross:
        await cross.begin(erasing(store))
        await cross.begin(store.steps.record([refused], "w", NOON))
        await cross.begin(end_subscriptions(store.database, store.secret, NOON))
        await cross.begin(delete_appointment(store.database, "a1", NOON, by="api"))
        await cross.begin(put_subscribers(store.database, store.secret, wanted, operator="op", now=NOON))
    assert [task.exception() for task in cross.tasks] == [None] * 5
    assert await holders(work) == {}


async def test_a_claim_leaves_the_texts_of_a_contact_that_somebody_has_to_the_next(clinic: Clinic, work: Work) -> None:
    store = clinic.store
    await work.handle(inbound("News ON"), inbound("News ON", BRUNO))
    async with crossing(store):
        claimed = await store.steps.claim(StepKind.REPLY, "w", NOON, 10)
    assert [one.step.originator for one in claimed] == [BRUNO]
    assert [one.step.originator for one in await store.steps.claim(StepKind.REPLY, "w", NOON, 10)] == [ANNA]


async def test_a_time_that_cannot_be_noted_costs_no_message(store: Store) -> None:
    first = inbound("first")
    await store.inbox.add([first], {})
    async with store.database.write() as connection:
        break_it = "ALTER TABLE messages RENAME COLUMN answer_ms TO gone"
        await connection.execute(text(break_it))
    await store.inbox.add([inbound("second")], {first.key: 7})
    async with store.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(messages))).scalar_one() == 2


async def test_calls_that_tell_of_consent_come_behind_the_ledger_and_wait_for_nobody(work: Work) -> None:
    work.rules = read_rules(TOLD, "rules.yaml", {})
    await work.handle(inbound("join"))  # no reply, so these calls are all that it queues
    assert [row.kind for row in await work.rows("steps")] == ["webhook"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE messages SET text = ''",
        "INSERT INTO contacts (originator) VALUES ($1) ON CONFLICT DO NOTHING",
        "DELETE FROM steps",
    ],
)
def test_a_lock_out_of_order_is_seen(statement: str) -> None:
    assert lock(["holds"], statement)


def test_a_new_step_of_a_message_that_is_held_locks_nothing() -> None:
    assert lock(["installation"], "INSERT INTO steps (key) VALUES ($1) ON CONFLICT DO NOTHING") is None
    assert lock(["installation"], "INSERT INTO steps (key) VALUES ($1) ON CONFLICT (key) DO UPDATE SET x = 1")


def test_what_passes_over_locked_rows_may_come_in_any_order() -> None:
    assert lock(["holds"], "SELECT seq FROM steps FOR UPDATE SKIP LOCKED") is None
