"""What came near a text without answering it is told, the nearest first."""

from typing import Any

import pytest

from responder.core.contact.effects import AppointmentStatus
from tests.planning import appointment, known, plan, rules

NEAR = rules("""
languages: [en, it]
rules:
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm]}
  - {name: shop, when: {text: hours, to: +390612345678}, then: [reply: 9 to 6.]}
  - {name: members, when: {text: hours, list: {subscribed: news}}, then: [reply: 9 to 7.]}
  - {name: visit, when: {text: hours, appointment: open}, then: [reply: At 10.]}
  - {name: any-news, when: {starts_with: newsletter}, then: [reply: News.]}
  - {name: news-on, when: {text: [newsletter on, newsletter yes]}, then: [subscribe: news]}
  - {name: parking, when: {contains: [car park, parking]}, then: [reply: Behind the house.]}
  - {name: asleep, enabled: false, when: {text: sleeping}, then: [reply: Zzz.]}
  - {name: code, when: {pattern: "^code [0-9]$"}, then: [reply: Thank you.]}
fallback: {then: [hand_off: unrecognised]}
""")


def told(text: str, **about: Any) -> list[tuple[str, str]]:
    """What came near a text: rule and reason."""
    return [(miss.rule, miss.why) for miss in plan(text, NEAR, known(**about)).near_misses]


@pytest.mark.parametrize(
    "text", ["parkng", "parkingg", "pakring", "parkinf", "where is the paring, please", "carpark?", "car  parc"]
)
def test_a_text_one_letter_off_is_told(text: str) -> None:
    (miss,) = told(text)
    assert miss[0] == "parking"
    assert miss[1].startswith("one letter off: ")


def test_the_words_are_told_beside_what_was_typed() -> None:
    assert told("newletter on!") == [
        ("any-news", "one letter off: 'newletter' is not 'newsletter'"),
        ("news-on", "one letter off: 'newletter on' is not 'newsletter on'"),
    ]


@pytest.mark.parametrize("text", ["parkers", "sleepin", "code 12", "", "🙂", "word " * 30 + "parkng"])
def test_a_text_further_off_is_not_told(text: str) -> None:
    assert told(text) == []


def test_the_nearest_is_told_first() -> None:
    assert told("hours") == [
        ("shop", "the message went to +393331234333, the rule is for +390612345678"),
        ("members", "the originator is not on the list 'news'"),
        ("visit", "the originator has no scheduled appointment that is open"),
    ]


def test_a_letter_off_comes_before_another_number_unless_more_is_wrong() -> None:
    assert [(rule, why.partition(":")[0]) for rule, why in told("hour")] == [
        ("shop", "one letter off"),
        ("members", "one letter off"),
        ("visit", "one letter off"),
    ]
    assert (
        told("hour")[0][1]
        == "one letter off: 'hour' is not 'hours'; besides, the message went to +393331234333, the rule is for +390612345678"
    )


def test_an_answer_without_an_appointment_is_told() -> None:
    assert told("ok") == [("yes", "no appointment is open for this number")]


def test_a_rule_behind_the_one_that_answered_is_told() -> None:
    line = NEAR.by_name["any-news"].line
    assert told("newsletter on") == [("news-on", f"an earlier rule applies first, any-news (line {line})")]


def test_a_rule_behind_that_would_not_apply_is_not_told() -> None:
    waiting = (appointment(status=AppointmentStatus.CONFIRMED),)
    assert [rule for rule, _ in told("hours", subscriptions={}, appointments=waiting)] == ["shop", "members", "visit"]
    assert told("newsletter please") == []


def test_a_reserved_word_has_nothing_near() -> None:
    assert told("STOP") == []


def test_ten_are_told_at_most() -> None:
    many = rules(
        "rules:\n"
        + "".join(f"  - {{name: r{n}, when: {{text: hello{n:02}}}, then: [reply: Hi.]}}\n" for n in range(99))
    )
    assert len(plan("hello0", many).near_misses) == 10
