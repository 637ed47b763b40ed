"""Reminders: when they leave, what holds them back, and what they open."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from responder.core.contact.effects import StepKind
from responder.core.rules.appointments import QuietHours, Span, awake
from responder.store.appointments.bookings import API, delete_appointment
from responder.store.appointments.reminders import AHEAD
from responder.store.base.history import read_history
from responder.store.base.tables import contacts
from tests.appointments.clinic import RULES, Clinic
from tests.builders import ANNA, BRUNO, minutes
from tests.conftest import NOON

ROME = ZoneInfo("Europe/Rome")
DAY = timedelta(days=1)


def rome(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A time by the clock on the wall of the clinic."""
    return datetime(2026, month, day, hour, minute, tzinfo=ROME).astimezone(UTC)


TEN = rome(11, 27, 10)  # a Friday, four days from now


async def test_a_reminder_leaves_at_its_time_and_once(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    assert await clinic.at(TEN - DAY - minutes(1)) == []
    assert await clinic.at(TEN - DAY) == ["See you on 27/11/2026 at 10:00. YES or NO?"]
    assert await clinic.at(TEN - DAY + minutes(1)) == []


async def test_a_reminder_is_in_the_language_of_its_appointment(clinic: Clinic) -> None:
    await clinic.book("a1", TEN, language="it")
    assert await clinic.at(TEN - DAY) == ["A domani alle 10:00. SI o NO?"]


async def test_a_reminder_opens_the_appointment_to_an_answer(clinic: Clinic) -> None:
    file = clinic.with_rules(RULES.replace("late:", "window: 1h\n  late:", 1))
    await file.book("a1", TEN)
    assert await file.hears("yes") == ["Sorry?"]
    await file.at(TEN - DAY)
    assert await file.hears("yes") == ["See you, ."]
    assert await file.statuses() == {"a1": "confirmed"}


async def test_a_reminder_for_scheduled_ones_spares_who_has_confirmed(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    await clinic.at(TEN - DAY)
    await clinic.hears("yes")
    assert await clinic.at(TEN - minutes(120)) == []
    assert await clinic.reasons() == {"2h": "the appointment is confirmed"}


async def test_two_workers_send_one_reminder(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    clinic.clock.now = TEN - DAY
    await asyncio.gather(*(clinic.reminders().queue() for _ in range(2)))
    assert len(await clinic.texts()) == 1


async def test_a_reminder_that_could_not_leave_for_an_hour_leaves_then(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    assert len(await clinic.at(TEN - DAY + minutes(60))) == 1


async def test_a_reminder_that_is_too_late_to_be_of_use_is_dropped_and_told(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    assert await clinic.at(TEN - minutes(89)) == []
    assert await clinic.reasons() == {
        "1d": "it is later than 1d before by more than it is of use",
        "2h": "it is later than 2h before by more than it is of use",
    }
    told = [
        event.detail for event in await read_history(clinic.store.database, "a1") if event.what == "reminder dropped"
    ]
    assert told == [f"{name} before: {reason}" for name, reason in (await clinic.reasons()).items()]


async def test_a_number_that_said_stop_is_not_reminded(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    await clinic.hears("STOP")
    assert await clinic.at(TEN - DAY) == []
    assert await clinic.reasons() == {"1d": "the number opted out"}


async def test_a_cancelled_appointment_is_not_reminded_of(clinic: Clinic) -> None:
    await clinic.book("a1", TEN, asked_at=NOON)
    await clinic.hears("no")
    assert await clinic.at(TEN - DAY) == []
    assert await clinic.reasons() == {"1d": "the appointment is cancelled"}


async def test_a_deleted_appointment_is_not_reminded_of(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    assert await delete_appointment(clinic.store.database, "a1", NOON, by=API)
    assert await clinic.at(TEN - DAY) == []


async def test_a_moved_appointment_is_reminded_of_at_its_new_time_alone(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    await clinic.book("a1", TEN + 2 * DAY)
    assert await clinic.at(TEN - DAY) == []
    assert await clinic.at(TEN + DAY) == ["See you on 29/11/2026 at 10:00. YES or NO?"]


async def test_an_appointment_that_is_moved_after_its_reminder_is_reminded_of_again(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    await clinic.at(TEN - DAY)
    await clinic.book("a1", TEN + 2 * DAY)
    assert len(await clinic.at(TEN + DAY)) == 1


async def test_no_reminder_leaves_by_night_and_it_leaves_in_the_morning(clinic: Clinic) -> None:
    early = rome(11, 27, 9)
    await clinic.book("a1", early)  # two hours before it is seven
    await clinic.at(early - DAY)
    assert await clinic.at(rome(11, 27, 7)) == []
    assert await clinic.at(rome(11, 27, 8)) == ["Today at 09:00. YES or NO?"]


async def test_a_reminder_whose_morning_would_be_too_late_leaves_in_the_evening_before(clinic: Clinic) -> None:
    await clinic.book("a1", rome(11, 27, 7, 30))
    assert await clinic.at(rome(11, 25, 20, 44)) == []
    assert await clinic.at(rome(11, 26, 20, 45)) == ["Today at 07:30. YES or NO?"]


async def test_a_reminder_that_was_held_up_until_the_night_waits_for_the_morning_or_is_dropped(clinic: Clinic) -> None:
    await clinic.book("a1", rome(11, 27, 20, 30))
    assert await clinic.at(rome(11, 26, 21, 30)) == []
    assert await clinic.at(rome(11, 27, 8)) == []
    assert list(await clinic.reasons()) == ["1d"]


async def test_a_day_before_is_the_same_hour_also_when_the_clocks_change(clinic: Clinic) -> None:
    nine = rome(10, 25, 9)  # the night before it has 25 hours
    clinic.clock.now = rome(10, 20, 9)
    await clinic.book("a1", nine)
    assert nine - rome(10, 24, 9) == timedelta(hours=25)
    assert await clinic.at(rome(10, 24, 8, 59)) == []
    assert await clinic.at(rome(10, 24, 9)) == ["See you on 25/10/2026 at 09:00. YES or NO?"]


@pytest.mark.parametrize(
    ("span", "hour"), [(Span(days=1), 9), (Span(rest=timedelta(hours=24)), 10)], ids=["a day", "24 hours"]
)
def test_a_day_is_one_of_the_calendar_and_hours_are_those_that_pass(span: Span, hour: int) -> None:
    assert span.before(rome(10, 25, 9), ROME) == rome(10, 24, hour)


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        ((11, 27, 21), (11, 28, 8)),
        ((11, 27, 23, 59), (11, 28, 8)),
        ((11, 28, 0), (11, 28, 8)),
        ((11, 28, 8), (11, 28, 8)),
        ((11, 27, 20, 59), (11, 27, 20, 59)),
    ],
)
def test_quiet_hours_go_over_midnight(at: tuple[int, ...], sent: tuple[int, ...]) -> None:
    night = QuietHours(begin=datetime.min.time().replace(hour=21), end=datetime.min.time().replace(hour=8))
    assert awake(rome(*at), rome(11, 30, 9), night, ROME) == rome(*sent)


async def test_reminders_of_a_new_file_are_planned_for_the_appointments_that_there_are(clinic: Clinic) -> None:
    bare = clinic.with_rules("version: 1\n")
    await bare.book("a1", TEN)
    assert await bare.at(NOON) == []
    assert await clinic.at(TEN - DAY) == ["See you on 27/11/2026 at 10:00. YES or NO?"]


async def test_reminders_that_the_file_no_longer_has_are_not_sent(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    await clinic.at(NOON)
    assert await clinic.with_rules("version: 1\n").at(TEN - DAY) == []


async def test_a_reminder_comes_from_the_number_that_the_phone_knows(clinic: Clinic) -> None:
    clinic.sender = None
    await clinic.book("a1", TEN)
    await clinic.hears("hello")
    await clinic.at(TEN - DAY)
    assert {row.sender for row in await clinic.work.rows("steps")} == {"+393331234333"}


async def test_no_more_reminders_wait_among_the_replies_than_a_reply_can_wait_for(clinic: Clinic) -> None:
    times = [clinic.book(f"a{number}", TEN, f"+39330{number:07}") for number in range(AHEAD + 5)]
    for booked in times:
        await booked
    assert len(await clinic.at(TEN - DAY)) == AHEAD
    assert await clinic.at(TEN - DAY) == []
    claimed = await clinic.store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 5)
    assert len(claimed) == 5
    assert len(await clinic.at(TEN - DAY)) == 5


async def test_a_reply_goes_before_the_reminders_that_wait(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    await clinic.at(TEN - DAY)
    await clinic.hears("hello", BRUNO)
    [first] = await clinic.store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 1)
    assert first.step.to == BRUNO


async def test_an_opt_out_after_the_reminder_was_queued_still_holds_it_back(clinic: Clinic) -> None:
    await clinic.book("a1", TEN)
    await clinic.at(TEN - DAY)
    async with clinic.store.database.write() as connection:
        await connection.execute(update(contacts).where(contacts.c.originator == ANNA).values(opted_out=True))
    assert await clinic.store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 5) == []
