"""Answers to appointments: which one is meant, from when to when, and who decides where it is not clear."""

from datetime import timedelta
from typing import Any

import pytest

from responder.core.contact.effects import AppointmentStatus, ChangeAppointment, Effect, OpenHandOff
from responder.core.contact.known import Known
from tests.conftest import NOON
from tests.planning import appointment, known, one_rule, plan, replies, rules

APPOINTMENTS = """
languages: [en, it]
rules:
  - {name: confirm, when: {answer: confirm}, then: [appointment: confirm, reply: "See you."]}
  - {name: cancel, when: {answer: cancel}, then: [appointment: cancel]}
fallback: {then: [reply: "Sorry?"]}
"""


def effects(text: str, about: Known) -> tuple[Effect, ...]:
    return plan(text, rules(APPOINTMENTS), about).effects


def test_an_unclear_answer_goes_to_a_person_and_the_fallback_speaks() -> None:
    decided = plan("perhaps", rules(APPOINTMENTS), known(appointments=(appointment(),)))
    assert (decided.rule, replies(decided)) == ("fallback", ["Sorry?"])
    assert decided.effects == (OpenHandOff(reason="unclear answer while an appointment is open"),)


def test_an_unclear_answer_is_handed_over_once_though_the_fallback_does_it_too() -> None:
    read = rules("fallback: {then: [hand_off: unrecognised]}")
    assert plan("perhaps", read, known(appointments=(appointment(),))).effects == (
        OpenHandOff(reason="unclear answer while an appointment is open"),
    )


def test_an_answer_is_about_the_one_appointment_that_is_open() -> None:
    later = appointment("a2", starts_at=NOON + timedelta(days=30), asked_at=None)
    assert effects("yes", known(appointments=(appointment(), later))) == (
        ChangeAppointment(id="a1", status=AppointmentStatus.CONFIRMED),
    )


def test_an_answer_without_an_appointment_says_so() -> None:
    decided = plan("yes", rules(APPOINTMENTS))
    assert (decided.rule, [miss.why for miss in decided.near_misses]) == (
        "fallback",
        ["no appointment is open for this number"],
    )


def test_an_answer_with_several_appointments_open_is_asked_which_one_it_means() -> None:
    decided = plan("yes", rules(APPOINTMENTS), known(appointments=(appointment("a1"), appointment("a2"))))
    assert (decided.rule, replies(decided)) == (
        "question",
        ["Which one do you confirm?\n1 24/11 10:00\n2 24/11 10:00\nor ALL?"],
    )
    assert [miss.why for miss in decided.near_misses] == [
        "2 appointments are open for this number, a person has to tell which one is meant"
    ]


def test_a_confirmed_appointment_can_still_be_cancelled() -> None:
    about = known(appointments=(appointment(status=AppointmentStatus.CONFIRMED),))
    assert effects("no", about) == (
        ChangeAppointment(id="a1", status=AppointmentStatus.CANCELLED),
        OpenHandOff(reason="cancelled after it was confirmed"),
    )


def test_a_cancelled_appointment_that_is_confirmed_goes_to_a_person() -> None:
    about = known(appointments=(appointment(status=AppointmentStatus.CANCELLED),))
    decided = plan("yes", rules(APPOINTMENTS), about)
    assert (decided.rule, decided.effects) == (
        "fallback",
        (OpenHandOff(reason="confirms an appointment that was cancelled before"),),
    )
    assert decided.near_misses[0].why == "the appointment is cancelled already, a person has to look"


def test_a_cancelled_appointment_beside_a_standing_one_makes_no_doubt() -> None:
    about = known(appointments=(appointment("a1", AppointmentStatus.CANCELLED), appointment("a2")))
    assert effects("yes", about) == (ChangeAppointment(id="a2", status=AppointmentStatus.CONFIRMED),)


@pytest.mark.parametrize(
    ("fields", "is_open"),
    [
        ({"asked_at": None, "starts_at": NOON + timedelta(days=7)}, True),
        ({"asked_at": None, "starts_at": NOON + timedelta(days=7, seconds=1)}, False),
        ({"asked_at": NOON, "starts_at": NOON + timedelta(days=60)}, True),
        ({"asked_at": NOON + timedelta(seconds=1)}, False),
        ({"starts_at": NOON + timedelta(seconds=1)}, True),
        ({"starts_at": NOON}, False),
    ],
    ids=["a week before", "earlier than a week", "asked just now", "not asked yet", "about to start", "started"],
)
def test_an_appointment_is_open_from_the_question_or_a_week_before_until_it_starts(
    fields: dict[str, Any], *, is_open: bool
) -> None:
    assert appointment(**fields).is_open(NOON) is is_open


@pytest.mark.parametrize(
    ("wanted", "status", "applies"),
    [
        ("open", AppointmentStatus.SCHEDULED, True),
        ("open", AppointmentStatus.CONFIRMED, False),
        ("confirmed", AppointmentStatus.CONFIRMED, True),
        ("confirmed", AppointmentStatus.SCHEDULED, False),
        ("none", AppointmentStatus.SCHEDULED, False),
        ("none", AppointmentStatus.CANCELLED, True),
        ("none", None, True),
        ("open", None, False),
    ],
)
def test_a_rule_may_ask_how_the_appointment_stands(
    wanted: str, status: AppointmentStatus | None, *, applies: bool
) -> None:
    about = known(appointments=(appointment(status=status),) if status else ())
    assert (plan("hello", one_rule(f"{{text: hello, appointment: {wanted}}}"), about).rule == "only") is applies
