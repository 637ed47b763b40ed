"""A reminder that waits to leave is looked at again when it is claimed: what has become of its appointment since counts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from responder.core.appointments.reminders import OVERTAKEN
from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.core.outbound.leaving import OPTED_OUT
from responder.store.appointments.bookings import delete_appointment
from responder.store.base.tables import reminders, steps
from responder.store.outbound.claims import Fate
from responder.store.outbound.gates import put_off
from tests.appointments.clinic import Clinic
from tests.builders import BRUNO, inbound
from tests.conftest import NOON

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
FIRST = "See you on 24/11/2026 at 13:00. YES or NO?"
TODAY = "Today at 13:00. YES or NO?"
Happening = Callable[[Clinic], Awaitable[object]]


async def move(clinic: Clinic) -> None:
    await clinic.book("a1", NOON + 7 * DAY)


async def give_to_another(clinic: Clinic) -> None:
    await clinic.book("a1", NOON + DAY, BRUNO)


async def delete(clinic: Clinic) -> None:
    await delete_appointment(clinic.store.database, "a1", clinic.clock(), by="api")


async def cancel(clinic: Clinic) -> None:
    await clinic.hears("no")


HAPPENINGS: dict[Happening, str] = {
    move: "the appointment was moved",
    give_to_another: "the appointment was moved",
    delete: "the appointment is no more",
    cancel: "the appointment is cancelled",
}


async def leaving(clinic: Clinic) -> list[str]:
    """What leaves when the gateway takes us again."""
    claimed = await clinic.store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 100)
    return [one.step.content for one in claimed if one.step.purpose is Purpose.REMINDER]


async def becomes_stale(clinic: Clinic, happening: Happening) -> None:
    """A reminder waits, as it does while the gateway refuses us, and something happens to its appointment."""
    await clinic.book("a1", NOON + DAY)
    assert await clinic.at(NOON) == [FIRST]
    clinic.clock.advance(minutes=30)
    await happening(clinic)
    clinic.clock.advance(minutes=30)


async def locked(clinic: Clinic, happening: Happening) -> None:
    """The same while another transaction has the reminder, as a claim has; SQLite lets nothing else write meanwhile."""
    await clinic.book("a1", NOON + DAY)
    assert await clinic.at(NOON) == [FIRST]
    clinic.clock.advance(minutes=30)
    if clinic.store.database.is_sqlite:
        await happening(clinic)
        return
    async with clinic.store.database.write() as connection:
        await connection.execute(select(steps.c.seq).with_for_update())
        await happening(clinic)


async def row_of(clinic: Clinic) -> Any:
    [row] = [row for row in await clinic.work.rows("steps", "seq") if row.content == FIRST]
    return row


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda one: one.__name__)
async def test_a_reminder_that_waits_does_not_leave_after_that(clinic: Clinic, happening: Happening) -> None:
    await becomes_stale(clinic, happening)
    assert await leaving(clinic) == []


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda one: one.__name__)
async def test_it_is_cancelled_at_once_with_its_reason(clinic: Clinic, happening: Happening) -> None:
    await becomes_stale(clinic, happening)
    row = await row_of(clinic)
    assert (row.status, row.last_error) == ("suppressed", HAPPENINGS[happening])
    assert await clinic.reasons() == {"1d": HAPPENINGS[happening]}
    history = [
        row.detail for row in await clinic.work.rows("appointment_events", "seq") if row.what == "reminder dropped"
    ]
    assert history == [f"1d before: {HAPPENINGS[happening]}"]


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda one: one.__name__)
async def test_it_does_not_leave_either_where_a_claim_held_it_at_that_moment(
    clinic: Clinic, happening: Happening
) -> None:
    await locked(clinic, happening)
    assert await leaving(clinic) == []
    row = await row_of(clinic)
    assert (row.status, row.last_error, await clinic.reasons()) == (
        "suppressed",
        HAPPENINGS[happening],
        {"1d": HAPPENINGS[happening]},
    )


async def test_a_reminder_that_is_tried_again_after_a_failure_is_looked_at_again(clinic: Clinic) -> None:
    await clinic.book("a1", NOON + DAY)
    await clinic.at(NOON)
    [one] = await clinic.store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 100)
    await move(clinic)
    await clinic.store.steps.record(
        [Fate(key=one.step.key, status=StepStatus.QUEUED, next_attempt_at=NOON, error="busy")], "w", NOON
    )
    assert (await leaving(clinic), await clinic.reasons()) == ([], {"1d": "the appointment was moved"})


async def test_a_reminder_for_those_who_have_not_answered_does_not_leave_after_the_answer(clinic: Clinic) -> None:
    await clinic.book("a1", NOON + DAY)
    assert await clinic.at(NOON + 22 * HOUR) == [TODAY]
    await clinic.hears("yes")
    assert (await leaving(clinic), (await clinic.reasons())["2h"]) == ([], "the appointment is confirmed")


async def test_a_reminder_for_everybody_leaves_after_a_yes(clinic: Clinic) -> None:
    await becomes_stale(clinic, lambda clinic: clinic.hears("yes"))
    assert await leaving(clinic) == [FIRST]


async def test_a_reminder_that_waits_is_overtaken_by_the_next_one(clinic: Clinic) -> None:
    clinic.rules = clinic.with_rules(TWO).rules
    await clinic.book("a1", NOON + 3 * HOUR)
    assert await clinic.at(NOON + HOUR) == ["A. YES?"]
    assert await clinic.at(NOON + HOUR + 30 * MINUTE) == ["B. YES?"]
    assert (await leaving(clinic), await clinic.reasons()) == (["B. YES?"], {"2h": OVERTAKEN})


async def test_of_two_reminders_that_are_due_at_once_the_last_leaves(clinic: Clinic) -> None:
    clinic.rules = clinic.with_rules(TWO).rules
    await clinic.book("a1", NOON + 3 * HOUR)
    assert await clinic.at(NOON + HOUR + 35 * MINUTE) == ["B. YES?"]
    assert await clinic.reasons() == {"2h": OVERTAKEN}


async def test_reminders_of_other_appointments_of_the_phone_leave(clinic: Clinic) -> None:
    await clinic.book("a2", NOON + DAY + HOUR)
    await becomes_stale(clinic, move)
    await clinic.at(NOON + HOUR)
    assert await leaving(clinic) == ["See you on 24/11/2026 at 14:00. YES or NO?"]


async def test_a_reminder_of_an_appointment_that_was_moved_and_moved_back_leaves_once(clinic: Clinic) -> None:
    await becomes_stale(clinic, move)
    await clinic.book("a1", NOON + DAY)
    await clinic.at(clinic.clock.advance(minutes=1))
    assert await leaving(clinic) == [FIRST]
    await clinic.at(clinic.clock.advance(minutes=30))
    assert (await leaving(clinic), await clinic.reasons()) == ([], {})


async def test_a_reminder_that_has_left_is_not_sent_again_when_its_appointment_is_moved_and_moved_back(
    clinic: Clinic,
) -> None:
    await clinic.book("a1", NOON + DAY)
    await clinic.at(NOON)
    assert await leaving(clinic) == [FIRST]
    await move(clinic)
    await clinic.book("a1", NOON + DAY)
    await clinic.at(clinic.clock.advance(minutes=1))
    assert await leaving(clinic) == []


async def test_a_reminder_waits_for_what_its_phone_has_written_to_be_handled(clinic: Clinic) -> None:
    await clinic.book("a1", NOON + DAY)
    await clinic.at(NOON + 22 * HOUR)
    await clinic.work.receive(inbound("yes", received=clinic.clock()))
    assert await leaving(clinic) == []
    await clinic.work.handler().handle()
    clinic.clock.advance(minutes=1)
    assert (await leaving(clinic), (await clinic.reasons())["2h"]) == ([], "the appointment is confirmed")


async def test_a_stop_ends_a_reminder_that_waits_and_start_does_not_bring_it_back(clinic: Clinic) -> None:
    await becomes_stale(clinic, lambda clinic: clinic.hears("STOP"))
    await clinic.hears("START")
    assert (await leaving(clinic), await clinic.reasons()) == ([], {"1d": OPTED_OUT})


async def test_a_stop_ends_a_reminder_that_waits_for_the_morning_and_start_does_not_bring_it_back(
    clinic: Clinic,
) -> None:
    late = NOON + 9 * HOUR  # ten at night in Rome
    clinic.rules = clinic.with_rules(AT_NIGHT).rules
    await clinic.book("a1", late + 14 * HOUR)
    await clinic.at(NOON)
    async with clinic.store.database.write() as connection:  # as by rules that had no quiet hours when it was planned
        await connection.execute(update(reminders).values(due_at=late, next_at=late))
    assert await clinic.at(late) == []
    for said in ("STOP", "START"):
        clinic.clock.advance(minutes=1)
        await clinic.hears(said)
    assert await clinic.at(late + 11 * HOUR) == []


async def test_a_reminder_that_quiet_hours_put_off_is_looked_at_in_the_morning(clinic: Clinic) -> None:
    await clinic.book("a1", NOON + DAY)
    await clinic.at(NOON)
    async with clinic.store.database.write() as connection:
        await put_off(connection, NOON, NOON + 2 * HOUR)
    await move(clinic)
    clinic.clock.advance(hours=2)
    assert await leaving(clinic) == []


TWO = """
version: 1
languages: [en]
appointments: {reminders: [{before: 2h, valid_for: 1h, text: "A. YES?"}, {before: 90m, text: "B. YES?"}]}
rules:
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: "See you."]}
"""
AT_NIGHT = """
version: 1
timezone: Europe/Rome
languages: [en]
appointments: {quiet_hours: 21:00-08:00, reminders: [{before: 10h, valid_for: 13h, text: "Tomorrow. YES?"}]}
rules:
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: "See you."]}
"""
