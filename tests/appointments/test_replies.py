"""The table of replies in ``replies.txt``: each line of it is a case, which a clinic manager can read and correct."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.effects import AppointmentStatus, ChangeAppointment, OpenHandOff, OptIn, OptOut
from responder.core.contact.known import Appointment, Known
from responder.core.contact.question import Ask
from responder.core.deciding.plan import Plan, make_plan
from responder.core.rules.rules import Rules
from tests.conftest import NOON
from tests.planning import appointment, known, message, plan, rules

TABLE = (Path(__file__).parent / "replies.txt").read_text("utf-8")
AMERICAN = "+12025550123"
FILE = """
rules:
  - {name: confirm, when: {answer: confirm}, then: [appointment: confirm, reply: "See you."]}
  - {name: cancel, when: {answer: cancel}, then: [appointment: cancel]}
  - {name: move, when: {answer: reschedule}, then: [appointment: reschedule]}
"""
RULES = rules(FILE, "languages: [en, it]\n")
IN = {language: rules(FILE, f"languages: [{language}]\n") for language in ("de", "es", "fr", "nl", "pl", "pt", "ro")}
TOLD = {
    AppointmentStatus.CONFIRMED: "confirmed",
    AppointmentStatus.CANCELLED: "cancelled",
    AppointmentStatus.RESCHEDULE_REQUESTED: "to be moved",
}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, B = appointment("A", starts_at=NOON + 21 * HOUR), appointment("B", starts_at=NOON + 23 * HOUR)


def with_one(status: AppointmentStatus = AppointmentStatus.SCHEDULED, **other: object) -> Known:
    return known(appointments=(appointment("A", status, **other),))


def asked_which(answer: str) -> Known:
    """Two appointments, and the question which one that followed a first answer."""
    before = known(appointments=(A, B))
    first = message(answer, at=NOON - HOUR, seq=7)
    return known_after(before, make_plan(first, RULES, before).effects, first)


def american(*appointments: Appointment) -> Known:
    return known(AMERICAN, appointments=appointments)


SITUATIONS = {
    "asked": with_one(),
    "near": with_one(starts_at=NOON + 5 * DAY, asked_at=None),
    "far": with_one(starts_at=NOON + 21 * DAY, asked_at=None),
    "none": known(),
    "confirmed": with_one(AppointmentStatus.CONFIRMED),
    "cancelled": with_one(AppointmentStatus.CANCELLED),
    "moving": with_one(AppointmentStatus.RESCHEDULE_REQUESTED),
    "late": with_one(starts_at=NOON - HOUR, asked_at=NOON - DAY),
    "past": with_one(starts_at=NOON - 3 * DAY, asked_at=NOON - 4 * DAY),
    "two": known(appointments=(A, B)),
    "two yes": asked_which("yes"),
    "two no": asked_which("no"),
    "two, one out": known(appointments=(appointment("A", AppointmentStatus.CANCELLED), B)),
    "american": american(appointment("A", originator=AMERICAN)),
    "american, none": american(),
    "stopped": known(opted_out=True, appointments=(A,)),
    "stopped, none": known(opted_out=True),
}


def cases(of: str) -> list[tuple[str, str, str]]:
    """The lines of one table, which begins with its own heading."""
    lines = TABLE.partition(f"{of} | reply | what happens\n")[2].partition("\n\n")[0].splitlines()
    read = [tuple(part.strip() for part in line.split("|")) for line in lines]
    return [(situation, reply, happens) for situation, reply, happens in read]


def happenings(decided: Plan, about: Known) -> Iterator[str]:
    """What happens, in the words of the table."""
    alone = len(about.appointments) == 1
    yield from (
        f"{'' if alone else effect.id + ' '}{TOLD[effect.status]}"
        for effect in decided.effects
        if isinstance(effect, ChangeAppointment)
    )
    yield from ("opted out" for effect in decided.effects if isinstance(effect, OptOut))
    yield from ("back" for effect in decided.effects if isinstance(effect, OptIn))
    yield from ("which?" for effect in decided.effects if isinstance(effect, Ask))
    yield from ("a person" for effect in decided.effects if isinstance(effect, OpenHandOff))
    if decided.rule == "reserved:help":
        yield "help"


def happens(reply: str, about: Known, by: Rules) -> str:
    return ", ".join(happenings(plan(reply, by, about), about)) or "nothing"


@pytest.mark.parametrize(("situation", "reply", "expected"), cases("situation"), ids=lambda value: value)
def test_a_reply_does_what_the_table_says(situation: str, reply: str, expected: str) -> None:
    assert happens(reply, SITUATIONS[situation], RULES) == expected


@pytest.mark.parametrize(("language", "reply", "expected"), cases("language"), ids=lambda value: value)
def test_a_reply_in_another_language_does_what_the_table_says(language: str, reply: str, expected: str) -> None:
    assert happens(reply, with_one(), IN[language]) == expected


def test_the_table_is_as_long_as_it_should_be_and_says_nothing_twice() -> None:
    told = cases("situation")
    assert len(told) >= 120
    assert len({(situation, reply) for situation, reply, _ in told}) == len(told)


def test_every_situation_is_told_and_tried() -> None:
    assert {situation for situation, _, _ in cases("situation")} == set(SITUATIONS)
    assert [situation for situation in SITUATIONS if f"\n  {situation} " not in TABLE] == []
