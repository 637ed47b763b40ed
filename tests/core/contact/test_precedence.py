"""The newest word wins: one STOP or START as a whole, and whatever else somebody says field by field."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.effects import AppointmentStatus, SetField, SetLanguage
from responder.core.contact.known import Known, Subscription, SubscriptionStatus
from responder.core.deciding.plan import Plan, make_plan
from responder.core.sms.message import Order
from tests.builders import minutes
from tests.conftest import NOON
from tests.planning import appointment, known, message, replies, rules

RULES = rules(
    """
    rules:
      - {name: news, when: {text: News ON}, then: [subscribe: news, reply: Welcome.]}
      - {name: offers, when: {text: Offers ON}, then: [subscribe: offers]}
      - {name: off, when: {text: News OFF}, then: [unsubscribe: news]}
      - {name: name, when: {starts_with: my name is}, then: [set: {name: "{{ rest }}"}, reply: "Hello {{ rest }}."]}
      - {name: town, when: {starts_with: I live in}, then: [set: {town: "{{ rest }}"}]}
      - {name: both, when: {starts_with: I am}, then: [set: {name: "{{ rest }}", town: "{{ rest }}"}]}
      - {name: italian, when: {text: italiano}, then: [language: it, reply: Va bene.]}
      - {name: hours, when: {text: {it: orari, en: hours}}, then: [reply: {it: Dalle 9., en: From 9.}]}
      - {name: twice, when: {text: change}, then: [appointment: confirm, appointment: cancel]}
    """,
    head="languages: [en, it]\n",
)


def said(*texts: tuple[str, int]) -> tuple[Known, Plan]:
    """What is known after texts, each of so many minutes after noon by the SIM, which arrive in this order; and the plan for the last."""
    about = known()
    for number, (text, minute) in enumerate(texts, start=1):
        decided = make_plan(
            message(text, seq=number, at=NOON + minutes(60 + number), order=Order(NOON + minutes(minute), number)),
            RULES,
            about,
        )
        about = decided.after
    return about, decided


def standing(about: Known) -> tuple[bool, dict[str, str]]:
    return about.opted_out, {name: str(one.status) for name, one in about.subscriptions.items()}


def test_a_late_stop_that_is_older_than_a_start_falls_as_a_whole() -> None:
    about, decided = said(("News ON", 0), ("START", 20), ("STOP", 10))
    assert standing(about) == (False, {"news": "subscribed"})
    assert (decided.is_superseded, decided.effects, replies(decided)) == (True, (), [])


def test_a_late_start_that_is_older_than_a_stop_falls_as_a_whole() -> None:
    about, decided = said(("News ON", 0), ("STOP", 10), ("STOP", 20), ("START", 15))
    assert standing(about) == (True, {"news": "unsubscribed"})
    assert decided.is_superseded


@pytest.mark.parametrize(
    "texts",
    [
        (("News ON", 0), ("STOP", 10), ("START", 20)),
        (("News ON", 0), ("STOP", 10), ("News ON", 20)),
        (("News ON", 0), ("STOP", 10), ("Offers ON", 20)),
        (("News ON", 0), ("START", 5), ("News OFF", 10)),
    ],
)
def test_the_last_word_stands_whichever_of_two_arrives_first(texts: tuple[tuple[str, int], ...]) -> None:
    first, *later = texts
    assert standing(said(first, *later)[0]) == standing(said(first, *reversed(later))[0])


def test_a_stop_takes_no_list_that_was_joined_after_it() -> None:
    about, decided = said(("News ON", 20), ("Offers ON", 0), ("STOP", 10))
    assert standing(about) == (True, {"news": "subscribed", "offers": "unsubscribed"})
    assert not decided.is_superseded


def test_a_late_older_name_does_not_overwrite_a_newer_one() -> None:
    about, decided = said(("my name is Ann", 10), ("my name is Anne", 5))
    assert (about.fields, decided.is_superseded, replies(decided)) == ({"name": "Ann"}, True, [])


def test_each_field_has_a_newest_word_of_its_own() -> None:
    about, decided = said(("my name is Ann", 10), ("I am new", 5), ("I live in Rome", 7))
    assert (about.fields, decided.is_superseded) == ({"name": "Ann", "town": "Rome"}, False)


def test_a_late_older_choice_of_language_changes_and_says_nothing() -> None:
    about, decided = said(("hours", 10), ("italiano", 5))
    assert (about.language, decided.is_superseded, replies(decided)) == ("en", True, [])


def test_a_late_older_question_is_answered_though_its_language_is_no_longer_that_of_the_number() -> None:
    about, decided = said(("hours", 10), ("orari", 5))
    assert (about.language, decided.is_superseded, replies(decided)) == ("en", False, ["Dalle 9."])


def test_a_language_that_is_used_again_is_the_newest_word_and_no_news() -> None:
    about, decided = said(("hours", 0), ("hours", 10))
    assert [step["action"] for step in decided.explained] == ["reply"]
    assert make_plan(message("orari", seq=9, order=Order(NOON + minutes(5), 9)), RULES, about).after.language == "en"


def test_two_changes_of_one_appointment_by_one_message_are_told_one_after_the_other() -> None:
    about = known(appointments=(appointment(),))
    changes = make_plan(message("change"), RULES, about).changes
    assert [(change.before.status, change.after.status, change.after.version) for change in changes] == [
        ("scheduled", "confirmed", 2),
        ("confirmed", "cancelled", 3),
    ]


def listed(by_hand_at: datetime, **other: Any) -> Known:
    one = Subscription(list="news", status=SubscriptionStatus.UNSUBSCRIBED, since=NOON, by_hand_at=by_hand_at)
    return known(subscriptions={"news": one}, **other)


@pytest.mark.parametrize(
    ("sent", "received", "acts"),
    [(0, 0, True), (1, 2, True), (-1, 0, False), (-60, 10, False), (60, 0, True), (60, -1, False), (-2, -1, False)],
)
def test_a_text_acts_if_neither_its_sim_time_nor_its_arrival_lies_before_the_act(
    sent: int, received: int, *, acts: bool
) -> None:
    order = Order(NOON + minutes(min(sent, received)), 1)
    decided = make_plan(message("News ON", at=NOON + minutes(received), order=order), RULES, listed(NOON))
    assert decided.after.subscribed("news") is acts
    assert decided.is_superseded is not acts


@pytest.mark.parametrize("text", ["STOP", "STOP news", "News OFF"])
def test_an_opt_out_acts_whatever_was_done_by_hand_since(text: str) -> None:
    one = Subscription(list="news", status=SubscriptionStatus.SUBSCRIBED, since=NOON, by_hand_at=NOON + minutes(5))
    decided = make_plan(message(text), RULES, known(subscriptions={"news": one}, consent_by_hand_at=NOON + minutes(5)))
    assert (str(decided.after.subscriptions["news"].status), decided.is_superseded) == ("unsubscribed", False)


def test_what_a_person_changed_since_goes_to_a_person_and_the_rest_happens() -> None:
    both = rules(
        "rules:\n  - {name: both, when: {text: both}, then: [subscribe: news, subscribe: offers, reply: Fine.]}\n"
    )
    decided = make_plan(message("both"), both, listed(NOON + minutes(1)))
    assert [step["action"] for step in decided.explained] == ["subscribe", "hand_off", "reply", "none"]
    assert (decided.is_superseded, replies(decided)) == (False, ["Fine."])


def test_a_text_that_a_person_is_asked_to_look_at_anyway_is_one_hand_off() -> None:
    asks = rules(
        "rules:\n  - {name: on, when: {text: on}, then: [subscribe: news, subscribe: offers, hand_off: new]}\n"
    )
    decided = make_plan(message("on"), asks, listed(NOON + minutes(1)))
    (reason,) = [step["reason"] for step in decided.explained if step["action"] == "hand_off"]
    assert reason == "new; a person changed what it is about before it was handled"


def test_a_change_by_hand_keeps_the_order_of_the_last_text() -> None:
    earlier = Subscription(
        list="news",
        status=SubscriptionStatus.UNSUBSCRIBED,
        since=NOON,
        order=Order(NOON + minutes(9), 4),
        by_hand_at=NOON + minutes(1),
    )
    assert make_plan(
        message("News ON", order=Order(NOON + minutes(8), 5), at=NOON + minutes(8)),
        RULES,
        known(subscriptions={"news": earlier}),
    ).is_superseded


def test_an_answer_that_a_change_by_hand_overtook_leaves_the_appointment_as_it_is() -> None:
    asks = rules(
        "rules:\n  - {name: yes, when: {answer: confirm}, then: [appointment: confirm, reply: See you.]}\n",
        head="languages: [en]\n",
    )
    moved = appointment(status=AppointmentStatus.SCHEDULED, by_hand_at=NOON + timedelta(seconds=1))
    decided = make_plan(message("yes"), asks, known(appointments=(moved,)))
    assert (decided.after.appointments, replies(decided), decided.rule) == ((moved,), [], "yes")


def test_effects_keep_the_order_of_the_word_that_they_come_from() -> None:
    order = Order(NOON, 7)
    after = known_after(known(), (SetField(name="name", value="Ann"), SetLanguage(language="it")), message(order=order))
    assert (after.field_orders, after.language_order) == ({"name": order}, order)
