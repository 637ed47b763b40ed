"""What a file says of the status of an appointment, and what it leaves alone since it is older, on both databases."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from responder.core.appointments.booking import Booking, Change
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.store.appointments.bookings import Means, put_bookings
from responder.store.appointments.by_hand import BookingImports
from responder.store.base.history import read_history
from responder.store.base.imports import AT_ONCE
from responder.store.base.tables import appointments, steps
from responder.store.reading.records import find_appointment
from responder.wiring import Store
from tests.builders import ANNA, minutes
from tests.conftest import NOON, StandingClock

CONFIRMED, CANCELLED, SCHEDULED = AppointmentStatus.CONFIRMED, AppointmentStatus.CANCELLED, AppointmentStatus.SCHEDULED
TOMORROW = NOON + minutes(24 * 60)
LATER = NOON + minutes(60)


def booking(**other: Any) -> Booking:
    fields: dict[str, Any] = {"id": "a1", "originator": ANNA, "starts_at": TOMORROW}
    return Booking(**(fields | other))


async def put(store: Store, *, now: Any = NOON, **other: Any) -> Change:
    (change,) = await put_bookings(store.database, [booking(**other)], now)
    return change


async def standing(store: Store) -> Appointment:
    found = await find_appointment(store.database, "a1")
    assert found
    return found.appointment


async def test_a_new_appointment_may_come_with_its_status(store: Store) -> None:
    assert await put(store, status=CANCELLED) is Change.NEW
    assert (await standing(store)).status is CANCELLED


async def test_a_status_is_a_word_by_hand(store: Store) -> None:
    await put(store)
    assert await put(store, status=CONFIRMED, now=LATER) is Change.CHANGED
    after = await standing(store)
    assert (after.status, after.by_hand_at, after.updated_at) == (CONFIRMED, LATER, LATER)
    last = (await read_history(store.database, "a1"))[-1]
    assert (last.what, last.by, last.old_status, last.new_status) == ("changed", "import", "scheduled", "confirmed")


@pytest.mark.parametrize("status", [None, SCHEDULED, CONFIRMED])
async def test_no_status_scheduled_and_the_one_that_stands_are_no_word(
    store: Store, status: AppointmentStatus | None
) -> None:
    await put(store, status=CONFIRMED)
    before = await standing(store)
    assert await put(store, status=status, now=LATER) is Change.UNCHANGED
    assert await standing(store) == before


async def test_other_details_leave_the_status(store: Store) -> None:
    await put(store, status=CONFIRMED)
    assert await put(store, name="Anna", now=LATER) is Change.CHANGED
    assert (await standing(store)).status is CONFIRMED


@pytest.mark.parametrize(("said", "becomes"), [(None, SCHEDULED), (CONFIRMED, SCHEDULED), (CANCELLED, CANCELLED)])
async def test_a_new_time_resets_the_status_of_what_is_not_cancelled(
    store: Store, said: AppointmentStatus | None, becomes: AppointmentStatus
) -> None:
    await put(store, status=CONFIRMED)
    assert await put(store, starts_at=TOMORROW + minutes(30), status=said, now=LATER) is Change.MOVED
    assert (await standing(store)).status is becomes


async def test_a_line_that_is_older_than_what_stands_changes_nothing(store: Store) -> None:
    await put(store, now=LATER)
    before = await standing(store)
    old = {"updated_at": NOON, "status": CANCELLED, "starts_at": TOMORROW + minutes(30), "name": "B"}
    assert await put(store, now=LATER + minutes(1), **old) is Change.OLDER
    assert await standing(store) == before


async def test_a_line_as_old_as_what_stands_counts(store: Store) -> None:
    await put(store)
    assert await put(store, updated_at=(await standing(store)).updated_at, name="Anna") is Change.CHANGED


async def test_webhooks_hear_of_a_status(store: Store) -> None:
    await put(store)
    await put_bookings(store.database, [booking(status=CANCELLED)], LATER, notify=["crm"])
    async with store.database.read() as connection:
        bodies = (await connection.execute(select(steps.c.content).where(steps.c.recipient == "crm"))).scalars().all()
    assert [json.loads(body)["data"]["appointment"]["status"] for body in bodies] == ["cancelled"]


async def test_a_large_file_says_the_same_as_a_small_one(store: Store, clock: StandingClock) -> None:
    lines = [booking(id=f"b{number}", status=CONFIRMED, updated_at=NOON) for number in range(AT_ONCE + 1)]
    imports = BookingImports(database=store.database, means=Means(), clock=clock)
    assert await imports.put(lines) == {Change.NEW: AT_ONCE + 1}
    async with store.database.read() as connection:
        statuses = set((await connection.execute(select(appointments.c.status))).scalars())
    assert statuses == {"confirmed"}
