"""Bookings: what an import makes of the appointments that stand, on both databases."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from responder.core.appointments.booking import Booking, Change
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.rulefile import read_rules
from responder.store.appointments.bookings import put_bookings
from responder.store.base.locking import TOGETHER
from responder.store.base.tables import appointments
from responder.store.inbox.contacts import read_known
from responder.wiring import Store
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import RULES, Work

LATER = NOON + minutes(60)


@pytest.fixture
def work(store: Store, clock: StandingClock) -> Work:
    return Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))


def booking(**other: Any) -> Booking:
    """An appointment of tomorrow that was asked about."""
    fields: dict[str, Any] = {
        "id": "a1",
        "originator": ANNA,
        "starts_at": NOON + minutes(24 * 60),
        "asked_at": NOON - minutes(60),
    }
    return Booking(**(fields | other))


async def only(store: Store, originator: str = ANNA) -> Appointment:
    (appointment,) = (await read_known(store.database, store.secret, [originator], NOON))[originator].appointments
    return appointment


async def revision(store: Store, originator: str) -> int:
    return (await read_known(store.database, store.secret, [originator], NOON))[originator].revision


async def test_a_new_booking_is_scheduled(store: Store) -> None:
    assert await put_bookings(store.database, [booking()], NOON) == {Change.NEW: 1}
    appointment = await only(store)
    assert (appointment.status, appointment.starts_at, appointment.asked_at) == (
        AppointmentStatus.SCHEDULED,
        NOON + minutes(24 * 60),
        NOON - minutes(60),
    )


async def test_the_same_booking_again_changes_nothing(work: Work) -> None:
    await put_bookings(work.store.database, [booking()], NOON)
    await work.handle(inbound("yes", received=NOON + minutes(1)))
    before = await only(work.store)
    assert await put_bookings(work.store.database, [booking()], LATER) == {Change.UNCHANGED: 1}
    assert await only(work.store) == before
    assert before.status is AppointmentStatus.CONFIRMED


async def test_other_details_keep_the_answer(work: Work) -> None:
    await put_bookings(work.store.database, [booking()], NOON)
    await work.handle(inbound("yes", received=NOON + minutes(1)))
    assert await put_bookings(work.store.database, [booking(location="Room 3", asked_at=None)], LATER) == {
        Change.CHANGED: 1
    }
    appointment = await only(work.store)
    assert (appointment.status, appointment.location, appointment.updated_at) == (
        AppointmentStatus.CONFIRMED,
        "Room 3",
        LATER,
    )
    assert appointment.asked_at == NOON - minutes(60)


async def test_a_moved_booking_is_scheduled_and_asked_about_as_it_says(work: Work) -> None:
    await put_bookings(work.store.database, [booking()], NOON)
    await work.handle(inbound("yes", received=NOON + minutes(1)))
    assert await put_bookings(
        work.store.database, [booking(starts_at=NOON + minutes(48 * 60), asked_at=None)], LATER
    ) == {Change.MOVED: 1}
    appointment = await only(work.store)
    assert (appointment.status, appointment.asked_at) == (AppointmentStatus.SCHEDULED, None)


async def test_an_old_yes_does_not_confirm_a_moved_booking(work: Work) -> None:
    await put_bookings(work.store.database, [booking()], NOON)
    await put_bookings(work.store.database, [booking(starts_at=NOON + minutes(48 * 60))], LATER)
    await work.handle(inbound("yes", sent=NOON + minutes(30), received=LATER + minutes(5)))
    assert (await only(work.store)).status is AppointmentStatus.SCHEDULED


async def test_a_booking_may_go_to_another_number(store: Store) -> None:
    await put_bookings(store.database, [booking()], NOON)
    assert await put_bookings(store.database, [booking(originator=BRUNO)], LATER) == {Change.MOVED: 1}
    assert (await only(store, BRUNO)).id == "a1"
    assert (await read_known(store.database, store.secret, [ANNA], NOON))[ANNA].appointments == ()


async def test_whoever_planned_by_the_old_appointments_plans_anew(store: Store) -> None:
    await put_bookings(store.database, [booking()], NOON)
    assert (await revision(store, ANNA), await revision(store, BRUNO)) == (1, 0)
    await put_bookings(store.database, [booking(originator=BRUNO)], LATER)
    assert (await revision(store, ANNA), await revision(store, BRUNO)) == (2, 1)


async def test_a_booking_that_changes_nothing_disturbs_nobody(store: Store) -> None:
    await put_bookings(store.database, [booking()], NOON)
    await put_bookings(store.database, [booking()], LATER)
    assert await revision(store, ANNA) == 1


async def test_many_bookings_go_in_together_and_are_counted(store: Store) -> None:
    many = [booking(id=f"a{number}", originator=f"+39330{number:07}") for number in range(TOGETHER * 2 + 1)]
    told: list[int] = []
    assert await put_bookings(store.database, many, NOON, told.append) == {Change.NEW: len(many)}
    assert sum(told) == len(many)
    async with store.database.read() as connection:
        assert len((await connection.execute(select(appointments.c.id))).all()) == len(many)


async def test_two_imports_at_once_take_turns(store: Store) -> None:
    one, other = [booking(id=f"a{number}", originator=originator) for number, originator in enumerate((ANNA, BRUNO))]
    done = await asyncio.gather(*(put_bookings(store.database, some, NOON) for some in ([one, other], [other, one])))
    assert sorted(str(dict(counts)) for counts in done) == sorted(
        str(dict.fromkeys([change], 2)) for change in (Change.NEW, Change.UNCHANGED)
    )
