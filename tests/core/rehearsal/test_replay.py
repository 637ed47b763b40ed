"""Replaying messages through two versions of the rules."""

from datetime import timedelta

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Known
from responder.core.rehearsal.replay import Change, Group, Replay
from responder.core.rules.rules import Rules
from tests.builders import ANNA, BRUNO
from tests.conftest import NOON
from tests.planning import appointment, message, rules

NEWS = """
rules:
  - name: news-on
    when: {text: News ON}
    then: [{subscribe: news}, {reply: "Welcome."}]
  - name: news-off
    when: {text: News OFF, list: {subscribed: news}}
    then: [{unsubscribe: news}, {reply: "You left."}]
fallback:
  then: [{hand_off: unrecognised}]
"""


def replayed(
    candidate: str, *texts: str | tuple[str, str], in_force: str = NEWS, known: Known | None = None
) -> list[Group]:
    """The groups of a conversation: texts of Anna, or pairs of originator and text."""
    replay = Replay(rules(in_force), rules(candidate))
    replay.begin([known] if known else [])
    for number, each in enumerate(texts, start=1):
        originator, text = (ANNA, each) if isinstance(each, str) else each
        replay.take(message(text, originator, seq=number, at=NOON + timedelta(minutes=number)))
    return list(replay.groups())


def told(groups: list[Group]) -> list[tuple[int, str, str, tuple[Change, ...]]]:
    return [(group.count, group.before, group.after, group.changes) for group in groups]


def test_the_same_rules_change_nothing() -> None:
    assert replayed(NEWS, "News ON", "News OFF", "stop", "hello") == []


def test_messages_that_another_rule_answers_are_grouped_and_counted() -> None:
    found = replayed(
        NEWS.replace("{text: News ON}", "{text: [News ON, News please]}"),
        "news please",
        "News, please!",
        "hello",
        "news ON",
    )
    assert told(found) == [(2, "fallback", "news-on", (Change.RULE,))]


def test_the_largest_group_comes_first() -> None:
    candidate = NEWS.replace("text: News ON", "text: Novità").replace("Welcome", "Ciao")
    found = replayed(candidate, (BRUNO, "novita"), "news on", (BRUNO, "News ON"))
    assert [(group.count, group.before) for group in found] == [(2, "news-on"), (1, "fallback")]


def test_another_reply_of_the_same_rule_is_a_change() -> None:
    assert told(replayed(NEWS.replace("Welcome.", "Hello."), "News ON")) == [
        (1, "news-on", "news-on", (Change.REPLIES,))
    ]


def test_another_effect_of_the_same_rule_is_a_change() -> None:
    assert told(
        replayed(NEWS.replace('subscribe: news}, {reply: "W', 'subscribe: offers}, {reply: "W'), "News ON")
    ) == [(1, "news-on", "news-on", (Change.STATE,))]


def test_another_call_of_a_webhook_is_a_change() -> None:
    head = "webhooks: {crm: {url: 'https://crm.example.com/in'}}\n"
    calls = NEWS.replace('{reply: "Welcome."}', '{reply: "Welcome."}, {webhook: crm}')
    assert told(replayed(head + calls, "News ON", in_force=head + NEWS)) == [
        (1, "news-on", "news-on", (Change.WEBHOOKS,))
    ]


def test_another_reply_to_the_answer_of_a_webhook_is_a_change() -> None:
    head = "webhooks: {crm: {url: 'https://crm.example.com/in'}}\n"
    calls = NEWS.replace('{reply: "Welcome."}', '{webhook: {to: crm, reply: "{{ response.text }}", otherwise: Later.}}')
    assert told(replayed(head + calls.replace("Later", "Soon"), "News ON", in_force=head + calls)) == [
        (1, "news-on", "news-on", (Change.REPLIES,))
    ]


def test_each_side_goes_on_from_what_it_left_behind() -> None:
    found = replayed(NEWS.replace("text: News ON", "text: Join"), "News ON", "News OFF")
    assert told(found) == [(1, "news-off", "fallback", (Change.RULE,)), (1, "news-on", "fallback", (Change.RULE,))]


def test_what_was_known_at_the_beginning_counts() -> None:
    about = Known(originator=ANNA, appointments=(appointment(asked_at=NOON, status=AppointmentStatus.SCHEDULED),))
    yes = "rules:\n  - {name: sure, when: {answer: confirm}, then: [{appointment: confirm}]}\n"
    assert told(replayed(NEWS, "yes", in_force=yes, known=about)) == [(1, "sure", "fallback", (Change.RULE,))]


def test_samples_have_different_texts_and_are_few() -> None:
    texts = ["one", "One!", "two", "three", "four"]
    (group,) = replayed(NEWS.replace("unrecognised", "unknown"), *texts)
    assert (group.count, [sample.message.text for sample in group.samples]) == (5, ["one", "two", "three"])


def test_a_message_that_makes_rules_fail_is_told_and_the_others_go_on() -> None:
    class Broken(Rules):
        @property
        def index(self) -> object:  # type: ignore[override]
            raise RuntimeError

    good = rules(NEWS)
    replay = Replay(good, Broken(**{name: getattr(good, name) for name in good.__dataclass_fields__}))
    for number, text in enumerate(("News ON", "stop"), start=1):
        replay.take(message(text, seq=number))
    assert told(list(replay.groups())) == [
        (1, "news-on", "a failure", (Change.RULE,)),
        (1, "reserved:stop", "reserved:stop", (Change.STATE,)),
    ]


def test_people_of_whom_nothing_was_said_are_told_once() -> None:
    replay = Replay(rules(NEWS), rules(NEWS))
    assert replay.strangers([message(), message(originator=BRUNO), message()]) == [ANNA, BRUNO]
    replay.begin([Known(originator=ANNA), Known(originator=BRUNO)])
    assert replay.strangers([message()]) == []
