"""Who speaks to a message: reserved keywords above all rules, the first rule that applies, or the fallback."""

from datetime import timedelta
from typing import Any

import pytest

from responder.core.contact.effects import (
    AppointmentStatus,
    ChangeAppointment,
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Purpose,
    SetLanguage,
    Subscribe,
    Unsubscribe,
)
from responder.core.contact.known import Known, Subscription, SubscriptionStatus
from responder.core.sms.message import Order
from tests.conftest import NOON
from tests.planning import appointment, known, message, one_rule, plan, replies, rules

APPOINTMENTS = """
languages: [en, it]
rules:
  - {name: confirm, when: {answer: confirm}, then: [appointment: confirm, reply: "See you."]}
  - {name: cancel, when: {answer: cancel}, then: [appointment: cancel]}
fallback: {then: [reply: "Sorry?"]}
"""
EVERYTHING = "rules: [{name: everything, when: {pattern: '.*'}, then: [hand_off: seen]}]"


def subscription(
    name: str, status: SubscriptionStatus = SubscriptionStatus.SUBSCRIBED, *, taken_by_stop: bool = False
) -> Subscription:
    at = NOON - timedelta(days=9)
    return Subscription(list=name, status=status, since=at, order=Order(at, 0), taken_by_stop=taken_by_stop)


def on_lists(*subscriptions: Subscription, **fields: Any) -> Known:
    return known(subscriptions={s.list: s for s in subscriptions}, **fields)


def effects(text: str, about: Known | None = None, file: str = "") -> tuple[Effect, ...]:
    return plan(text, rules(file), about).effects


@pytest.mark.parametrize(
    ("text", "name"),
    [("STOP", "reserved:stop"), ("Start!", "reserved:start"), ("help", "reserved:help"), ("Info?", "reserved:help")],
)
def test_a_reserved_keyword_stands_above_every_rule(text: str, name: str) -> None:
    assert plan(text, rules(EVERYTHING)).rule == name


@pytest.mark.parametrize("text", ["stopped it", "don't stop", "where is the bus stop?", "start now", "help me", ""])
def test_a_reserved_keyword_is_the_whole_text(text: str) -> None:
    assert plan(text, rules(EVERYTHING)).rule == "everything"


def test_stop_opts_out_and_leaves_every_list() -> None:
    about = on_lists(subscription("news"), subscription("offers", SubscriptionStatus.UNSUBSCRIBED))
    assert effects("stop", about) == (OptOut(word="STOP", confirmed=True), Unsubscribe(list="news", taken_by_stop=True))


def test_stop_is_confirmed_once_within_five_minutes() -> None:
    [step] = plan("STOP").steps
    assert (step.purpose, step.expires_at) == (Purpose.CONFIRMATION, NOON + timedelta(minutes=5))


@pytest.mark.parametrize(
    "about",
    [known(opted_out=True), known(confirmed_at=NOON - timedelta(hours=23))],
    ids=["opted out", "confirmed lately"],
)
def test_a_second_stop_is_not_confirmed_again(about: Known) -> None:
    decided = plan("STOP", about=about)
    assert (decided.steps, decided.effects) == ((), (OptOut(word="STOP", confirmed=False),))


def test_a_stop_on_another_day_after_a_return_is_confirmed_again() -> None:
    assert len(plan("STOP", about=known(confirmed_at=NOON - timedelta(hours=24))).steps) == 1


def test_stop_leaves_an_open_appointment_as_it_is_and_shows_it_to_a_person() -> None:
    assert effects("STOP", known(appointments=(appointment(),)), APPOINTMENTS) == (
        OptOut(word="STOP", confirmed=True),
        OpenHandOff(reason="said STOP, with an appointment to come"),
    )


def test_stop_is_shown_to_nobody_when_nobody_is_expected() -> None:
    cancelled = appointment(status=AppointmentStatus.CANCELLED)
    assert effects("STOP", known(appointments=(cancelled,)), APPOINTMENTS) == (OptOut(word="STOP", confirmed=True),)


def test_a_second_stop_is_not_shown_again() -> None:
    about = known(appointments=(appointment(),), opted_out=True)
    assert effects("STOP", about, APPOINTMENTS) == (OptOut(word="STOP"),)


def test_start_opts_in_and_brings_back_what_stop_took() -> None:
    gone = SubscriptionStatus.UNSUBSCRIBED
    about = on_lists(subscription("news", gone, taken_by_stop=True), subscription("offers", gone), opted_out=True)
    assert effects("start", about) == (OptIn(word="START"), Subscribe(list="news", brought_back=True))


def test_start_is_welcomed() -> None:
    assert [step.purpose for step in plan("START").steps] == [Purpose.WELCOME]


def test_help_changes_nothing_and_is_answered_even_to_who_opted_out() -> None:
    decided = plan("HELP", about=known(opted_out=True))
    assert (decided.effects, [step.purpose for step in decided.steps]) == ((), [Purpose.HELP])


@pytest.mark.parametrize(
    ("about", "name"),
    [
        (known(), "fallback"),
        (known(opted_out=True), "reserved:start"),
        (known(opted_out=True, appointments=(appointment(),)), "confirm"),
        (known(appointments=(appointment(),)), "confirm"),
    ],
    ids=["a stranger", "opted out", "opted out, with an appointment", "with an appointment"],
)
def test_yes_brings_back_only_who_opted_out_and_is_asked_nothing(about: Known, name: str) -> None:
    assert plan("YES", rules(APPOINTMENTS), about).rule == name


def test_cancel_with_an_appointment_open_cancels_it() -> None:
    assert effects("CANCEL", known(appointments=(appointment(),)), APPOINTMENTS) == (
        ChangeAppointment(id="a1", status=AppointmentStatus.CANCELLED),
    )


def test_cancel_from_north_america_opts_out_and_a_person_sees_to_the_appointment() -> None:
    about = known("+12025550123", appointments=(appointment(originator="+12025550123"),))
    assert effects("CANCEL", about, APPOINTMENTS) == (
        OptOut(word="CANCEL", confirmed=True),
        OpenHandOff(reason="wants to cancel"),
    )


def test_cancel_with_nothing_open_opts_out() -> None:
    assert effects("CANCEL", file=APPOINTMENTS) == (OptOut(word="CANCEL", confirmed=True),)


def test_the_first_rule_that_applies_wins() -> None:
    read = rules("""
        rules:
          - {name: a, when: {text: hello, list: {subscribed: news}}, then: [reply: A]}
          - {name: b, when: {contains: hello}, then: [reply: B]}
          - {name: c, when: {text: hello}, then: [reply: C]}
    """)
    assert (plan("hello", read).rule, plan("hello", read, on_lists(subscription("news"))).rule) == ("b", "a")


def test_a_near_miss_says_why_it_did_not_apply() -> None:
    misses = plan("hello", one_rule("{text: hello, to: +393339999999, list: {subscribed: news}}")).near_misses
    assert [(miss.rule, miss.line, miss.why) for miss in misses] == [
        ("only", 4, "the message went to +393331234333, the rule is for +393339999999")
    ]


def test_a_rule_that_goes_on_lets_the_next_speak_as_well() -> None:
    read = rules("""
        rules:
          - {name: a, continue: true, when: {contains: hello}, then: [reply: A]}
          - {name: b, continue: true, when: {text: hello}, then: [reply: B]}
          - {name: c, when: {text: bye}, then: [reply: C]}
    """)
    assert (plan("hello", read).rule, replies(plan("hello", read))) == ("b", ["A", "B"])


def test_each_rule_that_applied_has_its_own_match() -> None:
    read = rules("""
        rules:
          - {name: a, continue: true, when: {pattern: '(?P<code>[0-9]+)'}, then: [reply: "{{ match.code }}"]}
          - {name: b, when: {starts_with: track}, then: [reply: "{{ rest }}"]}
    """)
    assert replies(plan("Track No. 42", read)) == ["42", "No. 42"]


def test_a_disabled_rule_does_not_speak() -> None:
    assert (
        plan("hello", rules("rules: [{name: a, enabled: false, when: {text: hello}, then: [reply: A]}]")).rule is None
    )


def test_without_a_rule_the_fallback_speaks() -> None:
    decided = plan("hello", rules(APPOINTMENTS))
    assert (decided.rule, replies(decided), decided.effects) == ("fallback", ["Sorry?"], ())


def test_without_a_rule_and_a_fallback_nobody_speaks() -> None:
    decided = plan("hello")
    assert (decided.rule, decided.effects, decided.steps, decided.explained) == (None, (), (), ())


def test_the_language_of_the_words_is_remembered_and_answered_in() -> None:
    read = one_rule("{text: {it: ciao, en: hello}}", "reply: {it: Ciao, en: Hello}", head="languages: [it, en]\n")
    decided = plan("hello", read, known(language="it"))
    assert (decided.effects, decided.language, replies(decided)) == (
        (SetLanguage(language="en", implied=True),),
        "en",
        ["Hello"],
    )


def test_a_known_language_is_not_remembered_again() -> None:
    read = one_rule("{text: {it: ciao, en: hello}}", head="languages: [it, en]\n")
    assert SetLanguage(language="en") not in plan("hello", read, known(language="en")).effects


def test_an_answer_chooses_the_language_of_the_reply_alone() -> None:
    read = one_rule("{answer: confirm}", "reply: {it: Bene, en: Fine}", head="languages: [it, en]\n")
    decided = plan("yes", read, known(appointments=(appointment(),), language="it"))
    assert (decided.language, replies(decided)) == ("it", ["Fine"])


def test_a_stop_is_confirmed_in_the_language_of_its_word() -> None:
    read = rules("languages: [it, en]")
    assert [replies(plan(text, read))[0][:12] for text in ("unsubscribe", "cancellami", "STOP")] == [
        "You will get",
        "Non riceverai"[:12],
        "Non riceverai"[:12],
    ]


def test_the_message_is_folded_in_the_record() -> None:
    assert plan("  Hello,\n WORLD! ").folded == "hello world"


def test_a_rule_may_be_for_one_originator() -> None:
    read = one_rule("{from: [+393301234567]}")
    assert (plan("x", read).rule, plan("x", read, known("+393300000000")).rule) == ("only", None)


def test_the_moment_is_that_of_the_arrival() -> None:
    assert replies(plan("x", one_rule("{text: x}", "reply: '{{ now | time }}'"), at=NOON + timedelta(minutes=1))) == [
        "13:01"
    ]


def test_a_message_of_an_unknown_number_is_decided_as_any_other() -> None:
    assert message("hello", "AcmeBank").originator == "AcmeBank"
    assert plan("hello", one_rule("{text: hello}"), known("AcmeBank")).rule == "only"
