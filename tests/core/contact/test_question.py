"""Questions of responder's own: every way in which one may end, and that what has ended stays so."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from responder.core.contact.changes import after_effect
from responder.core.contact.question import (
    TRANSITIONS,
    Ask,
    Choice,
    CloseQuestion,
    Happening,
    Question,
    QuestionKind,
    QuestionStatus,
    after_happening,
    state,
)
from tests.builders import ANNA, SHOP
from tests.conftest import NOON
from tests.planning import known, message

HOUR = timedelta(hours=1)
WHICH = Question(
    key="m1-q",
    kind=QuestionKind.WHICH,
    originator=ANNA,
    destination=SHOP,
    asked_at=NOON,
    expires_at=NOON + 24 * HOUR,
    choices=(Choice(subject="a1", starts_at=NOON + 5 * HOUR), Choice(subject="a2", starts_at=NOON + 9 * HOUR)),
    intention="confirm",
)
ENDS = {
    Happening.ANSWER: QuestionStatus.ANSWERED,
    Happening.EXPIRY: QuestionStatus.EXPIRED,
    Happening.START: QuestionStatus.STARTED,
    Happening.MOVE: QuestionStatus.VOID,
    Happening.NEWER: QuestionStatus.REPLACED,
}


@pytest.mark.parametrize("happening", Happening)
def test_an_open_question_ends_in_the_way_of_what_happened(happening: Happening) -> None:
    assert after_happening(QuestionStatus.OPEN, happening) is ENDS[happening]


@pytest.mark.parametrize(
    ("status", "happening"), list(product(sorted(set(QuestionStatus) - {QuestionStatus.OPEN}), Happening))
)
def test_a_question_that_has_ended_stays_as_it_ended(status: QuestionStatus, happening: Happening) -> None:
    assert after_happening(status, happening) is status


def test_every_end_is_reached_by_one_transition() -> None:
    assert sorted(TRANSITIONS.values()) == sorted(set(QuestionStatus) - {QuestionStatus.OPEN})


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (timedelta(0), QuestionStatus.OPEN),
        (9 * HOUR - timedelta(seconds=1), QuestionStatus.OPEN),
        (9 * HOUR, QuestionStatus.STARTED),
        (30 * HOUR, QuestionStatus.STARTED),
    ],
)
def test_a_question_ends_when_all_that_it_asks_about_has_begun(after: timedelta, status: QuestionStatus) -> None:
    assert state(WHICH, NOON + after) is status


@pytest.mark.parametrize(("hours", "status"), [(23, QuestionStatus.OPEN), (24, QuestionStatus.EXPIRED)])
def test_a_question_without_a_time_ends_when_it_expires(hours: int, status: QuestionStatus) -> None:
    opt_in = replace(WHICH, kind=QuestionKind.OPT_IN, choices=(Choice(subject="offers"),))
    assert state(opt_in, NOON + hours * HOUR) is status


def test_a_question_is_void_when_nothing_that_it_asks_about_is_left() -> None:
    assert state(WHICH, NOON, lambda choice: choice.subject == "a2") is QuestionStatus.OPEN
    assert state(WHICH, NOON, lambda _choice: False) is QuestionStatus.VOID


def test_the_newest_question_of_a_kind_on_a_number_is_the_one_that_counts() -> None:
    newer = replace(WHICH, key="m2-q", asked_at=NOON + HOUR)
    elsewhere = replace(WHICH, key="m3-q", asked_at=NOON + 2 * HOUR, destination="+390000000009")
    about = known(questions=(newer, WHICH, elsewhere))
    assert about.question(QuestionKind.WHICH, SHOP) == newer
    assert about.question(QuestionKind.OPT_IN, SHOP) is None


def test_a_newer_question_takes_the_place_of_an_open_one() -> None:
    newer = replace(WHICH, key="m2-q", kind=QuestionKind.OPT_IN)
    asked = after_effect(known(questions=(WHICH,)), Ask(question=newer), message())
    assert [(question.key, question.status) for question in asked.questions] == [
        ("m1-q", QuestionStatus.REPLACED),
        ("m2-q", QuestionStatus.OPEN),
    ]


def test_a_question_on_another_number_stays_open() -> None:
    asked = after_effect(
        known(questions=(WHICH,)), Ask(question=replace(WHICH, key="m2-q", destination="+390000000009")), message()
    )
    assert [question.status for question in asked.questions] == [QuestionStatus.OPEN, QuestionStatus.OPEN]


def test_a_question_is_closed_by_its_key() -> None:
    closed = after_effect(
        known(questions=(WHICH, replace(WHICH, key="m2-q"))),
        CloseQuestion(key="m1-q", happening=Happening.ANSWER),
        message(),
    )
    assert [question.status for question in closed.questions] == [QuestionStatus.ANSWERED, QuestionStatus.OPEN]
