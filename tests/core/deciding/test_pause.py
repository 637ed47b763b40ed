"""A hand-off with a pause: a person has the conversation, and only what must be answered is answered."""

from datetime import timedelta
from typing import Any

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.effects import AppointmentStatus, ChangeAppointment, OpenHandOff
from responder.core.contact.known import Known
from responder.core.contact.question import Choice, Question, QuestionKind
from responder.core.deciding.plan import Plan
from responder.core.rehearsal.conversation import converse
from responder.core.rules.conditions import why_paused
from tests.builders import SHOP, minutes
from tests.conftest import NOON
from tests.planning import appointment, known, message, plan, replies, rules

FILE = rules(
    """
    appointments: {unclear: "A person will read this.", late: "Too late."}
    rules:
      - {name: hello, when: {text: Hello}, then: [reply: Hi.]}
      - {name: lunch, when: {text: Lunch}, then: [{hand_off: {reason: hungry, pause: 2h}}, reply: A person will write.]}
      - {name: tea, when: {text: Tea}, then: [hand_off: thirsty, reply: Tea.]}
      - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: See you.]}
      - {name: other, when: {answer: reschedule}, then: [appointment: reschedule, {hand_off: {reason: another day, pause: 1h}}]}
    fallback: {then: [reply: Sorry?, {hand_off: {reason: unrecognised, pause: 30m}}]}
    """
)
UNTIL = NOON + timedelta(hours=1)
WHY = "a person has the conversation until 2026-11-23 13:00 UTC, so only reserved words and open questions are answered"


def paused(**other: Any) -> Known:
    return known(paused_until=UNTIL, **other)


def conversation(*texts: str, about: Known | None = None) -> list[Plan]:
    """The plans for texts that come ten minutes apart."""
    messages = (message(text, at=NOON + minutes(10 * number), seq=number + 1) for number, text in enumerate(texts))
    return [exchange.plan for exchange in converse(messages, FILE, about or known())]


def test_the_text_that_begins_a_pause_is_answered_itself() -> None:
    decided = plan("Lunch", FILE)
    assert (replies(decided), decided.effects) == (
        ["A person will write."],
        (OpenHandOff(reason="hungry", pause=timedelta(hours=2)),),
    )


@pytest.mark.parametrize("text", ["Hello", "Lunch", "what?", "hallo"])
def test_meanwhile_neither_a_rule_nor_the_fallback_answers(text: str) -> None:
    decided = plan(text, FILE, paused())
    assert (decided.rule, decided.effects, decided.steps) == (None, (), ())


@pytest.mark.parametrize(
    ("text", "rule"), [("STOP", "reserved:stop"), ("HELP", "reserved:help"), ("START", "reserved:start")]
)
def test_reserved_words_are_answered(text: str, rule: str) -> None:
    decided = plan(text, FILE, paused())
    assert (decided.rule, len(decided.steps)) == (rule, 1)


def test_what_may_be_a_stop_still_goes_to_a_person() -> None:
    assert plan("I want you to stop", FILE, paused()).rule == "reserved:review"


def test_an_answer_for_an_open_appointment_is_taken() -> None:
    decided = plan("yes", FILE, paused(appointments=(appointment(),)))
    assert (decided.rule, replies(decided), [type(effect) for effect in decided.effects]) == (
        "yes",
        ["See you."],
        [ChangeAppointment],
    )


def test_which_of_several_appointments_is_asked_and_answered() -> None:
    about = paused(appointments=(appointment("a1"), appointment("a2", starts_at=NOON + timedelta(hours=30))))
    first, second = conversation("yes", "2", about=about)
    assert (first.rule, second.rule) == ("question", "question")
    assert (len(replies(first)), replies(second)) == (1, ["See you."])


def test_an_unclear_answer_is_left_to_the_person_who_has_the_conversation() -> None:
    decided = plan("yes but late", FILE, paused(appointments=(appointment(),)))
    assert (decided.rule, decided.effects, decided.steps) == (None, (), ())


def test_a_number_of_a_list_that_is_closed_is_left_to_the_person_too() -> None:
    closed = Question(
        key="q",
        kind=QuestionKind.WHICH,
        originator=known().originator,
        destination=SHOP,
        asked_at=NOON - timedelta(hours=2),
        expires_at=NOON - timedelta(hours=1),
        choices=(Choice(subject="a1", starts_at=NOON + timedelta(hours=21)),),
        intention="confirm",
    )
    about = known(questions=(closed,), appointments=(appointment(asked_at=None),))
    assert len(plan("1", FILE, about).effects) == 2
    assert plan("1", FILE, paused(questions=(closed,), appointments=(appointment(asked_at=None),))).effects == ()


def test_the_explanation_says_why() -> None:
    decided = plan("Hello", FILE, paused())
    assert decided.explained == ({"action": "none", "note": f"ignored: {WHY}"},)
    assert [(miss.rule, miss.why) for miss in decided.near_misses] == [("hello", WHY)]


def test_one_letter_off_is_told_with_the_pause() -> None:
    assert [miss.why for miss in plan("Helo", FILE, paused()).near_misses] == [
        f"one letter off: 'helo' is not 'hello'; besides, {WHY}"
    ]


def test_when_it_is_over_rules_answer_again() -> None:
    assert [decided.rule for decided in conversation("what?", "Hello", "Hello", "Hello")] == [
        "fallback",
        None,
        None,
        "hello",
    ]


def test_without_a_pause_nothing_is_paused() -> None:
    assert [decided.rule for decided in conversation("Tea", "Hello")] == ["tea", "hello"]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    about = known(paused_until=NOON + timedelta(hours=3), appointments=(appointment(),))
    after = known_after(about, plan("other day", FILE, about).effects, message())
    assert after.paused_until == NOON + timedelta(hours=3)


def test_a_pause_counts_beside_another_reason_of_the_same_rule() -> None:
    file = rules(
        "rules: [{name: no, when: {answer: cancel}, then: [appointment: cancel, {hand_off: {reason: cancelled, pause: 1h}}]}]",
    )
    about = known(appointments=(appointment(status=AppointmentStatus.CONFIRMED),))
    assert (
        OpenHandOff(reason="cancelled after it was confirmed", pause=timedelta(hours=1))
        in plan("no", file, about).effects
    )


def test_a_pause_counts_beside_the_reasons_for_other_appointments() -> None:
    file = rules(
        "rules: [{name: no, when: {answer: cancel}, then: [appointment: cancel, {hand_off: {reason: cancelled, pause: 1h}}]}]",
    )
    about = known(
        appointments=(
            appointment(status=AppointmentStatus.CONFIRMED),
            appointment("a2", starts_at=NOON + timedelta(hours=30)),
        )
    )
    after = known_after(about, plan("no", file, about).effects, message())
    reason = "cancelled after it was confirmed; cancelled"
    assert plan("ALL", file, after).effects[-1] == OpenHandOff(reason=reason, pause=timedelta(hours=1))


def test_the_pause_is_told_in_an_explanation() -> None:
    assert plan("Lunch", FILE).explained[0] == {"action": "hand_off", "reason": "hungry", "pause": "2h"}


def test_a_moment_before_the_end_it_still_holds() -> None:
    assert [
        why_paused(FILE.situation(message(at=UNTIL - early), paused())) is None for early in (minutes(1), minutes(0))
    ] == [False, True]
