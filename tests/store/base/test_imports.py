"""Imports of many lines: all or none, in short locks, finished after a kill, and never over what was done by hand meanwhile."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from responder.core.appointments.booking import Booking, Change
from responder.core.consent.standing import Outcome, SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.errors import StorageError
from responder.intake import Intake
from responder.rulefile import read_rules
from responder.store.appointments.bookings import Means, delete_appointment, put_bookings
from responder.store.appointments.by_hand import BookingImports
from responder.store.base import imports
from responder.store.base.tables import appointments, metadata, subscriptions
from responder.store.consent.by_hand import SubscriberImports
from responder.store.consent.erasure import erase
from responder.store.consent.reading import verify
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.wiring import Store
from tests.builders import inbound, minutes
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import RULES, RememberingBell, Work

MANY = 2200
STAGING = ("imports", "staged_appointments", "staged_subscribers")


class KilledError(Exception):
    """What a test does to an import in its middle."""


def after(chunks: int, act: Callable[[], None]) -> Callable[[int], None]:
    """Acts once so many chunks are done."""
    done = 0

    def advance(_lines: int) -> None:
        nonlocal done
        done += 1
        if done == chunks:
            act()

    return advance


def kill() -> None:
    raise KilledError


def number(place: int) -> str:
    return f"+39331{place:07}"


def bookings(count: int = MANY, **other: Any) -> list[Booking]:
    fields = {"starts_at": NOON + minutes(24 * 60)} | other
    return [Booking(id=f"a{place}", originator=number(place), **fields) for place in range(count)]


def joining(count: int = MANY, status: SubscriptionStatus = SubscriptionStatus.SUBSCRIBED) -> list[SubscriberChange]:
    return [SubscriberChange(originator=number(n), list="news", status=status, evidence="a form") for n in range(count)]


def booking_imports(store: Store, clock: StandingClock) -> BookingImports:
    return BookingImports(database=store.database, means=Means(), clock=clock)


def subscriber_imports(store: Store, clock: StandingClock) -> SubscriberImports:
    return SubscriberImports(database=store.database, secret=store.secret, clock=clock)


async def rows(store: Store, *names: str) -> list[int]:
    async with store.database.read() as connection:
        return [
            (await connection.execute(select(func.count()).select_from(metadata.tables[name]))).scalar_one()
            for name in names
        ]


async def starts_of(store: Store, identifier: str) -> Sequence[Any]:
    query = select(appointments.c.starts_at).where(appointments.c.id == identifier)
    async with store.database.read() as connection:
        return (await connection.execute(query)).scalars().all()


async def status_of(store: Store, place: int) -> Sequence[str]:
    query = select(subscriptions.c.status).where(subscriptions.c.originator == number(place))
    async with store.database.read() as connection:
        return (await connection.execute(query)).scalars().all()


async def test_many_appointments_are_told_and_leave_nothing_behind(store: Store, clock: StandingClock) -> None:
    told: list[int] = []
    assert await booking_imports(store, clock).put(bookings(), told.append) == {Change.NEW: MANY}
    assert sum(told) == MANY
    assert await booking_imports(store, clock).put(bookings()) == {Change.UNCHANGED: MANY}
    assert await rows(store, "appointments", *STAGING) == [MANY, 0, 0, 0]


async def test_many_subscribers_are_told_and_leave_nothing_behind(store: Store, clock: StandingClock) -> None:
    await opt_out(store.database, store.secret, number(1500), reason="", operator="mia", now=NOON)
    outcomes = await subscriber_imports(store, clock).put(joining(), "mia")
    assert outcomes.counts == {Outcome.NEW: MANY - 1, Outcome.LEFT_OUT: 1}
    assert outcomes.left_out == [1500]
    assert await rows(store, "subscriptions", *STAGING) == [MANY - 1, 0, 0, 0]
    assert not (await verify(store.database, store.secret)).faults


async def test_an_import_that_was_killed_is_finished_by_a_worker(store: Store, clock: StandingClock) -> None:
    with pytest.raises(KilledError):
        await booking_imports(store, clock).put(bookings(), after(2, kill))
    assert 0 < (await rows(store, "appointments"))[0] < MANY
    assert await booking_imports(store, clock).tidy() == 0  # the command may still be at it
    clock.advance(minutes=1)
    await booking_imports(store, clock).tidy()
    assert await rows(store, "appointments") == [MANY]
    clock.advance(minutes=1)
    await booking_imports(store, clock).tidy()
    assert await rows(store, *STAGING) == [0, 0, 0]


async def test_so_is_one_of_subscribers_by_the_next_import(store: Store, clock: StandingClock) -> None:
    with pytest.raises(KilledError):
        await subscriber_imports(store, clock).put(joining(), "mia", after(2, kill))
    clock.advance(seconds=1)
    await subscriber_imports(store, clock).put(joining(1), "mia")
    assert await rows(store, "subscriptions") == [MANY]
    assert not (await verify(store.database, store.secret)).faults


async def test_an_import_that_was_killed_before_it_was_accepted_changes_nothing(
    store: Store, clock: StandingClock
) -> None:
    wrong = [*bookings(), Booking(id="wrong", originator=number(1), starts_at=NOON, name="\ud800")]
    with pytest.raises(StorageError):
        await booking_imports(store, clock).put(wrong)
    assert await rows(store, "appointments") == [0]
    clock.advance(hours=2)
    await booking_imports(store, clock).tidy()
    assert await rows(store, "appointments", *STAGING) == [0, 0, 0, 0]


async def cut_short(store: Store, clock: StandingClock) -> None:
    with pytest.raises(KilledError):
        await booking_imports(store, clock).put(bookings(), after(1, kill))
    clock.advance(minutes=1)


async def test_what_the_api_puts_meanwhile_stays(store: Store, clock: StandingClock) -> None:
    await cut_short(store, clock)
    later = NOON + minutes(48 * 60)
    await put_bookings(
        store.database, [Booking(id="a2000", originator=number(2000), starts_at=later)], clock(), by="api"
    )
    await booking_imports(store, clock).tidy()
    assert await starts_of(store, "a2000") == [later]
    assert await rows(store, "appointments") == [MANY]


async def test_what_is_deleted_meanwhile_stays_away(store: Store, clock: StandingClock) -> None:
    await put_bookings(store.database, bookings(MANY)[2000:2001], NOON)
    await cut_short(store, clock)
    assert await delete_appointment(store.database, "a2000", clock(), by="api")
    await booking_imports(store, clock).tidy()
    assert await starts_of(store, "a2000") == []


async def test_a_number_that_is_erased_meanwhile_does_not_come_back(store: Store, clock: StandingClock) -> None:
    await cut_short(store, clock)
    await erase(store.database, store.secret, number(2000), "mia", clock())
    await booking_imports(store, clock).tidy()
    assert await starts_of(store, "a2000") == []


async def test_an_answer_from_meanwhile_keeps_the_order_of_events(store: Store, clock: StandingClock) -> None:
    """It was to the old time, so the new time has to be confirmed anew, as after any change by hand."""
    await booking_imports(store, clock).put(bookings(MANY, asked_at=NOON))
    with pytest.raises(KilledError):
        await booking_imports(store, clock).put(bookings(MANY, starts_at=NOON + minutes(48 * 60)), after(1, kill))
    work = Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))
    await work.handle(inbound("yes", originator=number(2000), received=NOON + minutes(1)))
    clock.advance(minutes=2)
    await booking_imports(store, clock).tidy()
    query = select(appointments.c.status, appointments.c.by_hand_at).where(appointments.c.id == "a2000")
    async with store.database.read() as connection:
        assert (await connection.execute(query)).all() == [("scheduled", clock())]


async def test_who_opts_out_meanwhile_stays_out(store: Store, clock: StandingClock) -> None:
    with pytest.raises(KilledError):
        await subscriber_imports(store, clock).put(joining(), "mia", after(1, kill))
    clock.advance(minutes=1)
    await opt_out(store.database, store.secret, number(2000), reason="", operator="mia", now=clock())
    await put_subscribers(
        store.database,
        store.secret,
        [SubscriberChange(originator=number(2001), list="news", status=SubscriptionStatus.UNSUBSCRIBED)],
        operator="mia",
        now=clock(),
    )
    await subscriber_imports(store, clock).tidy()
    assert (await status_of(store, 2000), await status_of(store, 2001)) == ([], ["unsubscribed"])
    assert await rows(store, "subscriptions") == [MANY - 1]


async def test_who_joins_meanwhile_is_not_taken_off_by_an_older_file(store: Store, clock: StandingClock) -> None:
    await subscriber_imports(store, clock).put(joining(), "mia")
    leaving = joining(status=SubscriptionStatus.UNSUBSCRIBED)
    with pytest.raises(KilledError):
        await subscriber_imports(store, clock).put(leaving, "mia", after(1, kill))
    work = Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))
    for place, text in enumerate(("news off", "news on"), start=1):
        await work.handle(inbound(text, originator=number(2000), received=NOON + minutes(place)))
    assert await status_of(store, 2000) == ["subscribed"]
    clock.advance(minutes=5)
    await subscriber_imports(store, clock).tidy()
    assert (await status_of(store, 2000), await status_of(store, 2001)) == (["subscribed"], ["unsubscribed"])


async def test_messages_are_committed_while_an_import_runs(store: Store, clock: StandingClock) -> None:
    intake = Intake(store.inbox, RememberingBell())
    taking = asyncio.create_task(intake.run())
    importing = asyncio.create_task(booking_imports(store, clock).put(bookings(6 * imports.CHUNK)))
    at = [time.monotonic()]
    while not importing.done():
        await intake.take(inbound(f"text {len(at)}"), time.monotonic())
        at.append(time.monotonic())
    await importing
    intake.close()
    await taking
    assert len(at) > 6
    assert max(after - before for before, after in pairwise(at)) < timedelta(seconds=2).total_seconds()
