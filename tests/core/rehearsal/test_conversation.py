"""A rehearsal counts what it sends, as the service does."""

from datetime import timedelta

from responder.core.rehearsal.conversation import Exchange, converse
from responder.core.rehearsal.replay import Replay
from responder.core.rules.limits import NOTICES
from tests.conftest import NOON
from tests.planning import known, message, rules

WHAT = rules("""
    rules:
      - {name: say, when: {starts_with: say}, then: [{reply: "You said {{ rest }}."}]}
    fallback: {then: [{reply: What?}]}
""")


def conversed(*texts: str, apart: timedelta = timedelta(minutes=1)) -> list[Exchange]:
    messages = [message(text, at=NOON + number * apart, seq=number + 1) for number, text in enumerate(texts)]
    return list(converse(messages, WHAT, known()))


def test_eight_texts_get_five_replies_a_notice_and_silence() -> None:
    replies = [exchange.replies for exchange in conversed(*(f"say {number}" for number in range(8)))]
    assert replies == [*((f"You said {number}.",) for number in range(5)), (NOTICES["en"],), (), ()]


def test_an_echo_is_not_answered() -> None:
    assert [exchange.plan.rule for exchange in conversed("say hello", "You said hello.")] == ["say", None]


def test_a_reaction_to_what_was_sent_is_not_answered() -> None:
    assert [
        exchange.plan.rule for exchange in conversed("say hello there", "Ha messo un cuore a “You said hello”")
    ] == [
        "say",
        None,
    ]


def test_what_was_sent_the_day_before_yesterday_is_forgotten() -> None:
    assert conversed("say hello", "hello", apart=timedelta(days=2))[-1].after.sent[0].text == "What?"


def test_a_replay_tells_a_change_that_shows_only_where_limits_count() -> None:
    candidate = rules("""
    limits: {replies: 2/10m}
    rules:
      - {name: say, when: {starts_with: say}, then: [{reply: "You said {{ rest }}."}]}
    fallback: {then: [{reply: What?}]}
""")
    replay = Replay(WHAT, candidate)
    texts = [message(f"say {number}", at=NOON + timedelta(minutes=number), seq=number + 1) for number in range(4)]
    assert [bool(replay.take(text)) for text in texts] == [False, False, True, True]
