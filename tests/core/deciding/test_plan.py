"""What a plan holds: effects that no newer word forbids, steps that can be sent, and the explanation of both."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.effects import (
    AppointmentStatus,
    ChangeAppointment,
    OpenHandOff,
    OptOut,
    SetField,
    StepKind,
    Subscribe,
    Unsubscribe,
)
from responder.core.contact.known import Known, Subscription, SubscriptionStatus
from responder.core.deciding.reserved_words import MOST_REMEMBERED, SHORT
from responder.core.sms.message import Order
from tests.builders import ANNA, BRUNO, SHOP
from tests.conftest import NOON
from tests.planning import appointment, known, message, one_rule, plan, replies, rules

FILE = """
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
  - {name: news-on, when: {text: News ON}, then: [subscribe: news, reply: "Welcome to {{ list.title }}.", webhook: crm]}
  - {name: news-off, when: {text: News OFF}, then: [unsubscribe: news, reply: "You left {{ list.title }}."]}
  - {name: all-off, when: {text: All OFF}, then: [unsubscribe: all]}
  - {name: confirm, when: {answer: confirm}, then: [appointment: confirm, reply: "{{ appointment.status }}", webhook: crm]}
  - {name: both, when: {text: both}, then: [subscribe: news, reply: "{{ list.name }}", subscribe: offers]}
"""
RULES = rules(FILE)


def listed(status: SubscriptionStatus, at_minute: float, name: str = "news") -> Known:
    """Somebody whose last word about a list came so many minutes after noon."""
    at = NOON + timedelta(minutes=at_minute)
    return known(subscriptions={name: Subscription(list=name, status=status, since=at, order=Order(at, 1))})


def test_a_plan_has_the_effects_and_steps_of_its_rule() -> None:
    decided = plan("News ON", RULES)
    assert decided.effects == (Subscribe(list="news"),)
    assert [(step.kind, step.to, step.sender) for step in decided.steps] == [
        (StepKind.REPLY, ANNA, SHOP),
        (StepKind.WEBHOOK, "crm", SHOP),
    ]


def test_steps_are_numbered_under_the_key_of_their_message() -> None:
    decided = plan("News ON", RULES)
    assert [step.key for step in decided.steps] == [f"{decided.message.key}-1", f"{decided.message.key}-2"]


def test_what_a_text_meant_from_one_person_is_not_taken_for_what_it_means_from_another() -> None:
    people = [
        known(originator, opted_out=opted_out, appointments=dated)
        for originator in (ANNA, "+12025550123", "+33612345678")
        for opted_out in (False, True)
        for dated in ((), (appointment(originator=originator),))
    ]
    texts = ("stop", "STOP", "start", "yes", "si", "cancel", "arret", "stop news", "no more news", "help", "stpo", "ok")
    for text in (*texts, *texts):  # all with the same rules, which remember
        for person in people:
            assert plan(text, RULES, person) == plan(text, replace(RULES), person), (text, person.originator)


def test_of_what_people_send_no_more_is_remembered_than_a_thousand_short_texts() -> None:
    forgetful = replace(RULES)
    for number in range(MOST_REMEMBERED + 10):
        plan(f"hello {number}", forgetful)
    plan("hello " * SHORT, forgetful)
    assert len(forgetful.recognitions) == 10


def test_the_same_message_gives_the_same_plan() -> None:
    assert plan("News ON", RULES) == plan("News ON", RULES)


def test_a_plan_names_the_rules_that_made_it() -> None:
    assert plan("News ON", RULES).rules_hash == RULES.hash


def test_an_older_word_that_comes_late_changes_nothing_and_is_not_answered() -> None:
    decided = plan("News ON", RULES, listed(SubscriptionStatus.UNSUBSCRIBED, at_minute=5))
    assert (decided.rule, decided.is_superseded, decided.effects, replies(decided)) == ("news-on", True, (), [])


def test_an_older_word_still_calls_the_webhook_and_says_that_it_is_superseded() -> None:
    [step] = plan("News ON", RULES, listed(SubscriptionStatus.UNSUBSCRIBED, at_minute=5)).steps
    assert json.loads(step.content)["data"]["superseded"] is True


def test_an_older_word_says_in_its_explanation_why_it_was_not_answered() -> None:
    explained = plan("News ON", RULES, listed(SubscriptionStatus.UNSUBSCRIBED, at_minute=5)).explained
    assert explained[0]["note"] == "not sent: a newer message of the originator stands"


def test_a_newer_word_counts_and_is_not_superseded() -> None:
    decided = plan("News ON", RULES, listed(SubscriptionStatus.UNSUBSCRIBED, at_minute=-5))
    assert (decided.is_superseded, decided.effects) == (False, (Subscribe(list="news"),))
    assert "superseded" not in json.loads(decided.steps[1].content)["data"]


def test_a_word_about_another_list_supersedes_nothing() -> None:
    assert plan("News ON", RULES, listed(SubscriptionStatus.UNSUBSCRIBED, 5, name="offers")).effects == (
        Subscribe(list="news"),
    )


def test_of_two_changes_the_one_that_is_not_outdated_happens() -> None:
    decided = plan("both", RULES, listed(SubscriptionStatus.UNSUBSCRIBED, at_minute=5))
    assert (decided.is_superseded, decided.effects) == (False, (Subscribe(list="offers"),))


def test_a_stop_that_is_older_than_a_start_changes_nothing() -> None:
    at = NOON + timedelta(minutes=5)
    decided = plan("STOP", RULES, known(consent_order=Order(at, 9)))
    assert (decided.is_superseded, decided.effects, decided.steps) == (True, (), ())


def test_an_older_answer_does_not_undo_a_newer_one() -> None:
    answered = appointment(status=AppointmentStatus.SCHEDULED, order=Order(NOON + timedelta(minutes=1), 9))
    assert plan("yes", RULES, known(appointments=(answered,))).is_superseded


@pytest.mark.parametrize(
    ("originator", "why"),
    [("48383", "no international number"), ("AcmeBank", "no international number"), (SHOP, "a number of ours")],
)
def test_an_originator_that_cannot_be_answered_gets_no_reply(originator: str, why: str) -> None:
    decided = plan("News ON", RULES, known(originator))
    assert [step.kind for step in decided.steps] == [StepKind.WEBHOOK]
    assert why in next(step["note"] for step in decided.explained if step["action"] == "reply")


def test_an_originator_that_cannot_be_answered_is_still_obeyed() -> None:
    assert plan("STOP", RULES, known("48383")).effects == (OptOut(word="STOP", confirmed=True),)


def test_a_reply_knows_the_title_of_the_list_that_it_is_about() -> None:
    assert replies(plan("News OFF", RULES)) == ["You left Weekly news."]


def test_list_is_that_of_the_nearest_action_before() -> None:
    assert replies(plan("both", RULES)) == ["news"]


def test_a_reply_knows_how_the_appointment_stands_after_the_answer() -> None:
    assert replies(plan("yes", RULES, known(appointments=(appointment(),)))) == ["confirmed"]


def test_unsubscribing_from_all_leaves_each_list_that_there_is() -> None:
    assert plan("All OFF", RULES, listed(SubscriptionStatus.SUBSCRIBED, -5, name="offers")).effects == (
        Unsubscribe(list="offers"),
    )


def test_a_webhook_is_told_the_message_the_rule_and_what_is_known_afterwards() -> None:
    [_, step] = plan("yes", RULES, known(appointments=(appointment(name="a1", service="Check-up"),))).steps
    payload = json.loads(step.content)
    assert (payload["type"], payload["timestamp"], payload["data"]["rule"]) == (
        "rule.matched",
        "2026-11-23T12:00:00Z",
        "confirm",
    )
    assert payload["data"]["message"] == {
        "key": f"{1:032x}",
        "originator": ANNA,
        "destination": SHOP,
        "text": "yes",
        "sent_at": None,
        "received_at": "2026-11-23T12:00:00Z",
        "channel": "webhook",
    }
    assert (payload["data"]["appointment"]["status"], payload["data"]["appointment"]["service"]) == (
        "confirmed",
        "Check-up",
    )


def test_a_webhook_is_told_the_lists_as_they_are_afterwards() -> None:
    [_, step] = plan("News ON", RULES, listed(SubscriptionStatus.SUBSCRIBED, -5, name="offers")).steps
    assert json.loads(step.content)["data"]["lists"] == {"offers": "subscribed", "news": "subscribed"}


def test_a_plan_explains_its_effects_and_steps_in_their_order() -> None:
    assert [step["action"] for step in plan("News ON", RULES).explained] == ["subscribe", "reply", "webhook"]


def test_a_plan_keeps_how_the_text_matched() -> None:
    decided = plan("Track AB12", one_rule("{pattern: 'track (?P<code>[a-z0-9]+)'}"))
    assert decided.match == {"text": "Track AB12", "groups": {"code": "AB12"}, "rest": ""}


def test_a_long_reply_counts_its_segments() -> None:
    [step] = plan("x", one_rule("{text: x}", f"reply: {'a' * 161}")).steps
    assert step.segments == 2


def test_a_value_that_is_set_is_cut_to_200_characters() -> None:
    [effect] = plan(f"i am {'a' * 300}", one_rule("{starts_with: i am}", 'set: {name: "{{ rest }}"}')).effects
    assert effect == SetField(name="name", value="a" * 200)


def test_an_appointment_action_without_an_appointment_goes_to_a_person() -> None:
    decided = plan("x", one_rule("{text: x}", "appointment: confirm"))
    assert decided.effects == (OpenHandOff(reason="confirm without exactly one open appointment"),)


def test_what_is_known_after_a_plan_has_all_its_effects() -> None:
    before = known(appointments=(appointment(),))
    wanted = (
        Subscribe(list="news"),
        ChangeAppointment(id="a1", status=AppointmentStatus.CONFIRMED),
        SetField(name="name", value="Anna"),
    )
    after = known_after(before, wanted, message())
    assert after.subscribed("news")
    assert (after.appointments[0].status, after.fields) == (AppointmentStatus.CONFIRMED, {"name": "Anna"})


def test_a_reply_knows_what_the_same_rule_has_just_set() -> None:
    decided = plan(
        "I am Anna", one_rule("{starts_with: i am}", 'set: {name: "{{ rest }}"}', 'reply: "Hello {{ contact.name }}."')
    )
    assert replies(decided) == ["Hello Anna."]


def test_an_answer_may_be_one_of_several() -> None:
    read = one_rule("{answer: [confirm, cancel]}")
    decided = [plan(text, read, known(appointments=(appointment(),))).rule for text in ("yes", "no", "another day")]
    assert decided[:2] == ["only", "only"]
    assert decided[2] != "only"


def test_a_plan_tells_what_is_known_after_it() -> None:
    before = known(fields={"name": "Anna"})
    decided = plan("News ON", RULES, before)
    assert decided.after == known_after(before, decided.effects, decided.message)


def test_a_plan_that_changes_nothing_leaves_what_is_known_as_it_is() -> None:
    before = known()
    assert plan("?", RULES, before).after is before


def test_equal_replies_each_name_the_list_before_them() -> None:
    reply = 'reply: "{{ list.name }}"'
    assert replies(plan("x", one_rule("{text: x}", "subscribe: news", reply, "subscribe: offers", reply))) == [
        "news",
        "offers",
    ]


def test_a_reply_with_values_of_the_message_is_made_for_each() -> None:
    read = one_rule("{text: x}", "subscribe: news", 'reply: "{{ list.title }} for {{ contact.number }}"')
    assert [replies(plan("x", read, known(number))) for number in (ANNA, BRUNO)] == [
        [f"Weekly news for {ANNA}"],
        [f"Weekly news for {BRUNO}"],
    ]


def test_a_reply_that_is_the_same_for_all_is_in_the_language_of_each() -> None:
    read = one_rule(
        "{text: x}",
        "subscribe: news",
        'reply: {text: {en: "{{ list.title }}!", it: "{{ list.title }}?"}}',
        head="languages: [en, it]\n",
    )
    assert [replies(plan("x", read, known(language=language))) for language in ("it", "en", None)] == [
        ["Weekly news?"],
        ["Weekly news!"],
        ["Weekly news!"],
    ]


def test_a_reply_that_one_number_has_had_goes_out_to_the_next() -> None:
    read = one_rule("{text: x}", "reply: {text: Hi., once_per: 1d}")
    had = plan("x", read).after
    assert [replies(plan("x", read, about)) for about in (had, known(BRUNO), had)] == [[], ["Hi."], []]
