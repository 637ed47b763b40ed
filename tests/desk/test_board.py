"""The board of a day, the status that a person sets, and reminders that are looked at or sent now."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from responder.core.appointments.booking import Booking
from responder.core.contact.effects import AppointmentStatus
from responder.core.operations.front_desk import ReminderStatus
from responder.core.rules.rules import Rules
from responder.desk.appointments import (
    appointment_history,
    list_reminders,
    put_appointment,
    read_board,
    send_reminder_now,
    set_appointment_status,
    show_appointment,
)
from responder.desk.consent import opt_out_number
from responder.desk.desk import Desk, Invalid, Missing, Overtaken, Refused
from responder.rulefile import read_rules
from responder.worker.waiting import Reminders
from tests.builders import ANNA, BRUNO, SHOP, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import RememberingBell, Work

RULES = """
version: 1
languages: [en, it]
timezone: Europe/Rome
appointments:
  unclear: "A person will read this."
  reminders:
    - {before: 1d, text: "Tomorrow at {{ appointment.starts_at | time }}. YES or NO?"}
    - {before: 2h, only: confirmed, text: "See you at {{ appointment.starts_at | time }}."}
webhooks: {crm: {url: "https://crm.example.com/in", events: [appointment.changed]}}
rules:
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm]}
  - {name: "no", when: {answer: cancel}, then: [appointment: cancel]}
  - {name: later, when: {answer: reschedule}, then: [appointment: reschedule, hand_off: wants another day]}
fallback: {then: [hand_off: unrecognised]}
"""
TOMORROW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)  # 09:30 in Rome
CONFIRMED, CANCELLED, SCHEDULED = (
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.CANCELLED,
    AppointmentStatus.SCHEDULED,
)


@pytest.fixture(autouse=True)
def rules(work: Work) -> Rules:
    work.rules = read_rules(RULES, "rules.yaml", {})
    return work.rules


async def book(desk: Desk, identifier: str = "a1", originator: str = ANNA, at: datetime = TOMORROW) -> None:
    await put_appointment(desk, Booking(id=identifier, originator=originator, starts_at=at, name=identifier))


async def remind(work: Work, desk: Desk) -> None:
    """Let what is due be queued, as a worker does."""
    await Reminders(
        database=desk.database, rules=lambda: work.rules, bell=RememberingBell(), clock=work.clock, sender=SHOP
    ).queue()


async def standings(desk: Desk, day: str = "tomorrow") -> dict[str, str]:
    return {entry.appointment.id: str(entry.standing) for entry in (await read_board(desk, day)).entries}


async def reminders_of(desk: Desk) -> dict[str, tuple[str, str | None]]:
    return {
        record.reminder: (str(record.status), record.reason) async for record in (await list_reminders(desk)).every()
    }


async def test_nobody_was_reminded_yet(desk: Desk) -> None:
    await book(desk)
    assert await standings(desk) == {"a1": "never reminded"}


async def test_a_reminder_makes_one_that_is_silent(work: Work, desk: Desk) -> None:
    await book(desk)
    await remind(work, desk)
    assert await standings(desk) == {"a1": "no answer yet"}


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("yes", "confirmed"),
        ("no", "cancelled"),
        ("another day please", "wants another day"),
        ("yes but at ten?", "unclear"),
        ("STOP", "said STOP"),
    ],
)
async def test_what_they_said_stands_on_the_board(work: Work, desk: Desk, text: str, standing: str) -> None:
    await book(desk)
    await remind(work, desk)
    work.clock.advance(minutes=5)
    await work.handle(inbound(text, received=work.clock.now))
    assert await standings(desk) == {"a1": standing}


async def test_a_second_thought_is_unclear_until_a_person_sets_the_status(work: Work, desk: Desk) -> None:
    await book(desk)
    await remind(work, desk)
    await work.handle(inbound("yes", received=work.clock.advance(minutes=1)))
    await work.handle(inbound("yes but at ten?", received=work.clock.advance(minutes=1)))
    assert await standings(desk) == {"a1": "unclear"}
    work.clock.advance(minutes=1)
    await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara")
    assert await standings(desk) == {"a1": "confirmed"}


async def test_a_stop_after_a_yes_is_shown_until_a_person_has_called(work: Work, desk: Desk) -> None:
    await book(desk)
    await work.handle(inbound("yes", received=work.clock.advance(minutes=1)))
    work.clock.advance(minutes=1)
    await opt_out_number(desk, ANNA, operator="Mara")
    assert await standings(desk) == {"a1": "said STOP"}
    work.clock.advance(minutes=1)
    await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara")
    assert await standings(desk) == {"a1": "confirmed"}


async def test_what_needs_a_person_comes_first_and_all_are_counted(work: Work, desk: Desk) -> None:
    await book(desk, "calm", ANNA)
    await book(desk, "stopped", BRUNO, TOMORROW + timedelta(hours=1))
    await set_appointment_status(desk, "calm", CONFIRMED, operator="Mara")
    await work.handle(inbound("STOP", BRUNO))
    found = await read_board(desk, "2026-11-24")
    assert [entry.appointment.id for entry in found.entries] == ["stopped", "calm"]
    assert {str(standing): count for standing, count in found.counts.items() if count} == {
        "said STOP": 1,
        "confirmed": 1,
    }


async def test_a_board_is_of_one_day_in_the_zone_of_the_rules(desk: Desk) -> None:
    await book(desk, "late", at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))  # half past midnight of the 24th in Rome
    assert (await standings(desk), await standings(desk, "today")) == ({"late": "never reminded"}, {})


async def test_a_day_that_is_none_is_told(desk: Desk) -> None:
    with pytest.raises(Invalid, match="expected today, tomorrow"):
        await read_board(desk, "31/11")


async def test_a_status_set_by_hand_stands_in_the_history_with_who_and_why(desk: Desk) -> None:
    await book(desk)
    record = await set_appointment_status(desk, "a1", CANCELLED, operator="Mara", note="called at 10")
    assert record.appointment.status is CANCELLED
    last = (await appointment_history(desk, "a1"))[1]
    assert (last.what, last.by, last.old_status, last.new_status, last.detail) == (
        "set",
        "Mara",
        "scheduled",
        "cancelled",
        "called at 10",
    )


async def test_webhooks_hear_of_a_status_set_by_hand(work: Work, desk: Desk) -> None:
    await book(desk)
    await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara")
    calls = [json.loads(row.content) for row in await work.rows("steps", "seq") if row.kind == "webhook"]
    told = calls[-1]["data"]["appointment"]
    assert (calls[-1]["type"], told["old_status"], told["status"]) == ("appointment.changed", "scheduled", "confirmed")


async def test_a_status_set_by_hand_ends_reminders_but_those_for_it(desk: Desk) -> None:
    await book(desk)
    await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara")
    assert await reminders_of(desk) == {
        "1d": ("dropped", "the appointment was set to confirmed by Mara"),
        "2h": ("due", None),
    }


async def test_a_reminder_that_waits_to_leave_does_not_leave_after_it(work: Work, desk: Desk) -> None:
    await book(desk)
    await remind(work, desk)
    await set_appointment_status(desk, "a1", CANCELLED, operator="Mara")
    replies = [row.status for row in await work.rows("steps", "seq") if row.kind == "reply"]
    assert (replies, (await reminders_of(desk))["1d"][0]) == (["suppressed"], "dropped")


async def test_one_that_is_scheduled_again_is_reminded_again(desk: Desk) -> None:
    await book(desk, at=TOMORROW + timedelta(days=2))
    await set_appointment_status(desk, "a1", CANCELLED, operator="Mara")
    await set_appointment_status(desk, "a1", SCHEDULED, operator="Mara")
    assert {status for status, _ in (await reminders_of(desk)).values()} == {"due"}


async def test_an_answer_that_was_sent_before_and_came_after_goes_to_a_person(work: Work, desk: Desk) -> None:
    await book(desk)
    await remind(work, desk)
    work.clock.advance(minutes=10)
    await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara")
    work.clock.advance(minutes=1)
    await work.handle(inbound("no", sent=NOON + minutes(5), received=work.clock.now))
    assert (await show_appointment(desk, "a1")).appointment.status is CONFIRMED
    assert [row.reason for row in await work.rows("handoffs")] == [
        "a person changed what it is about before it was handled"
    ]


async def test_a_newer_answer_counts_against_a_status_set_by_hand(work: Work, desk: Desk) -> None:
    await book(desk)
    await remind(work, desk)
    await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara")
    await work.handle(inbound("no", received=work.clock.advance(minutes=1)))
    assert (await show_appointment(desk, "a1")).appointment.status is CANCELLED


async def test_an_unknown_appointment_cannot_be_set(desk: Desk) -> None:
    with pytest.raises(Missing):
        await set_appointment_status(desk, "a9", CONFIRMED, operator="Mara")


async def test_one_that_is_not_as_expected_is_not_set(desk: Desk) -> None:
    await book(desk)
    with pytest.raises(Overtaken):
        await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara", expected=lambda _before: False)


async def test_a_note_that_is_too_long_is_told(desk: Desk) -> None:
    await book(desk)
    with pytest.raises(Invalid, match="at most 1000"):
        await set_appointment_status(desk, "a1", CONFIRMED, operator="Mara", note="x" * 1001)


async def test_reminders_say_what_became_of_them(work: Work, desk: Desk) -> None:
    await book(desk, at=NOON + timedelta(hours=1))
    await remind(work, desk)
    found = await reminders_of(desk)
    assert found["1d"] == ("dropped", "it is later than 1d before by more than it is of use")
    due = await list_reminders(desk, status=ReminderStatus.DUE)
    assert [record.reminder async for record in due.every()] == []


async def test_a_reminder_that_was_too_late_leaves_when_a_person_wants_it(work: Work, desk: Desk) -> None:
    await book(desk, at=NOON + timedelta(hours=3))
    await remind(work, desk)
    assert (await reminders_of(desk))["1d"][0] == "dropped"
    assert await send_reminder_now(desk, "a1", operator="Mara") == "1d"
    await remind(work, desk)
    assert (await reminders_of(desk))["1d"] == ("sent", None)
    assert await work.replies() == ["Tomorrow at 16:00. YES or NO?"]


async def test_a_reminder_is_not_sent_twice_by_hand(work: Work, desk: Desk) -> None:
    await book(desk)
    await remind(work, desk)
    with pytest.raises(Refused, match="sent already"):
        await send_reminder_now(desk, "a1", operator="Mara")


async def test_nobody_who_said_stop_is_reminded_by_hand(work: Work, desk: Desk) -> None:
    await book(desk)
    await work.handle(inbound("STOP"))
    with pytest.raises(Refused, match="opted out"):
        await send_reminder_now(desk, "a1", operator="Mara")
