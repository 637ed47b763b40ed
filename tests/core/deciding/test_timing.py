"""When a reply leaves: at once, or after its delay and outside quiet hours; and until when it is of use."""

from datetime import datetime, timedelta

import pytest

from responder.core.contact.effects import Step, StepKind
from responder.core.rehearsal.conversation import converse
from responder.core.rules.rules import Rules
from tests.conftest import NOON
from tests.planning import appointment, known, message, one_rule, plan, rules

HOUR = timedelta(hours=1)
NIGHT = "timezone: Europe/Rome\nappointments: {quiet_hours: 21:00-08:00}\n"
LATER = one_rule("{text: ask}", 'reply: {text: "How was it?", delay: 10m}', head=NIGHT)


def step(text: str, by: Rules, at: datetime = NOON) -> Step:
    """The one reply that a text leads to."""
    [only] = [step for step in plan(text, by, at=at).steps if step.kind is StepKind.REPLY]
    return only


def test_an_answer_leaves_at_once_and_is_of_use_for_six_hours() -> None:
    asked = step("ask", one_rule("{text: ask}", "reply: Yes."))
    assert (asked.leaves_at, asked.expires_at) == (None, NOON + 6 * HOUR)


def test_a_reply_is_of_use_for_as_long_as_it_says() -> None:
    assert step("ask", one_rule("{text: ask}", "reply: {text: Yes., valid_for: 30m}")).expires_at == NOON + HOUR / 2


def test_a_delayed_reply_is_of_use_from_its_time_on() -> None:
    asked = step("ask", LATER)
    assert (asked.leaves_at, asked.expires_at) == (NOON + HOUR / 6, NOON + HOUR / 6 + 6 * HOUR)


@pytest.mark.parametrize("minutes", [0, 30, 600])
def test_a_delayed_reply_of_the_night_waits_for_the_morning_of_the_zone(minutes: int) -> None:
    asked = step("ask", LATER, datetime.fromisoformat("2026-11-23T20:00+00:00") + timedelta(minutes=minutes))
    assert asked.leaves_at == datetime.fromisoformat("2026-11-24T07:00+00:00")


def test_an_answer_at_once_does_not_wait_for_the_morning() -> None:
    by = one_rule("{text: ask}", "reply: Yes.", head=NIGHT)
    assert step("ask", by, datetime.fromisoformat("2026-11-23T22:00+00:00")).leaves_at is None


def test_the_confirmation_of_a_stop_keeps_its_five_minutes() -> None:
    assert step("STOP", LATER).expires_at == NOON + timedelta(minutes=5)


def test_what_responder_says_by_itself_is_of_use_for_six_hours() -> None:
    assert step("HELP", LATER).expires_at == NOON + 6 * HOUR


def test_an_explanation_tells_the_delay_and_when_the_reply_leaves() -> None:
    [told] = plan("ask", LATER).explained
    assert told == {
        "action": "reply",
        "text": "How was it?",
        "segments": 1,
        "delay": "10m",
        "leaves_at": "2026-11-23T12:10:00Z",
    }


def test_replies_about_two_appointments_are_one_text_only_where_they_leave_together() -> None:
    then = "[{appointment: confirm}, {reply: Good.}, {reply: {text: Bring a towel., delay: 1h}}]"
    by = rules(f"rules:\n  - {{name: yes, when: {{answer: confirm}}, then: {then}}}\n")
    texts = [message("yes"), message("all", at=NOON + HOUR / 60, seq=2)]
    *_, chosen = converse(texts, by, known(appointments=(appointment("a1"), appointment("a2"))))
    sent = [(step.content, step.leaves_at) for step in chosen.plan.steps]
    assert sent == [("Good.", None), ("Bring a towel.", NOON + HOUR / 60 + HOUR)]
