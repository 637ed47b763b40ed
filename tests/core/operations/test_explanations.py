"""Why a text was answered by none, told from what is kept of it."""

from datetime import timedelta

import pytest

from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan
from responder.core.operations.messages import explained, why_silent
from responder.core.rules.rules import Rules
from responder.desk.editing.trying import record_of
from responder.store.inbox.planned import explanation_json
from tests.conftest import NOON
from tests.planning import appointment, known, plan, replies, rules

BODY = """
languages: [en]
rules:
  - {name: hours, when: {text: Hours}, then: [reply: Nine to six.]}
  - {name: quiet, when: {text: Quiet}, then: [{subscribe: news}]}
  - {name: person, when: {text: Person}, then: [hand_off: wants a person]}
  - {name: tried-out, shadow: true, when: {text: Quiet}, then: [reply: Hello.]}
  - {name: often, when: {text: Often}, then: [reply: {text: Yes., once_per: 24h}]}
"""


def silent(text: str, by: Rules, about: Known | None = None) -> str:
    """Why nothing is answered to a text."""
    decided = plan(text, by, about)
    assert replies(decided) == []
    return told(decided)


def told(decided: Plan) -> str:
    return why_silent(explained(record_of(decided), decided.language, explanation_json(decided)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "nothing matched, and the rules file has no fallback"),
        (
            "hurs",
            "nothing matched, and the rules file has no fallback; the nearest rule is hours (line 6): one letter off: 'hurs' is not 'hours'",
        ),
        ("quiet", "the rule quiet has no reply"),
        ("person", 'the rule person has no reply, and a person is asked to look ("wants a person")'),
        ("Liked “Nine to six.”", "ignored: a reaction to a text"),
    ],
)
def test_the_reason_is_told(text: str, why: str) -> None:
    assert silent(text, rules(BODY)).startswith(why)


def test_a_doubt_that_is_not_asked_about_says_so() -> None:
    of_file = rules(BODY, "reserved: {stop: {ask: none}}")
    told = silent("I said stop yesterday", of_file)
    assert told == "the text may ask for no more texts, so a person has to look"


def test_the_fallback_tells_what_came_near() -> None:
    read = rules(BODY + "fallback: {then: [hand_off: unrecognised]}\n")
    nothing = 'nothing matched, and the fallback has no reply, and a person is asked to look ("unrecognised")'
    why = f"{nothing}; the nearest rule is hours (line 6): one letter off"
    assert silent("hurs", read).startswith(why)


def test_a_reply_that_is_held_back_tells_why() -> None:
    used = known(uses={"often:1": NOON - timedelta(hours=1)})
    assert silent("often", rules(BODY), used) == "once per 24h, 23h of it left"


def test_silence_after_a_limit_is_told() -> None:
    muted = known(muted_until=NOON + timedelta(minutes=30))
    assert silent("hours", rules(BODY), muted).startswith(
        "the number went over a limit and gets no automatic answers until "
    )


def test_an_answer_that_is_not_clear_tells_that_a_person_looks() -> None:
    waiting = known(appointments=(appointment(),))
    assert 'a person is asked to look ("unclear answer while an appointment is open")' in silent(
        "perhaps", rules(BODY), waiting
    )
