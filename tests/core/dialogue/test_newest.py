"""The newest question is the one that is answered: reminders, lists to choose from and double opt-ins on one phone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment, Known
from responder.core.contact.question import Ask, Choice, Question, QuestionKind, QuestionStatus
from responder.core.deciding.plan import Plan
from responder.core.rehearsal.conversation import converse
from responder.rulefile import read_rules
from tests.builders import SHOP
from tests.conftest import NOON
from tests.planning import appointment, known, message, replies

OTHER = "+390612345678"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RULES = read_rules(
    """
version: 1
languages: [en, it]
lists:
  news: {title: News, double_opt_in: true}
  offers: {title: Offers, double_opt_in: true}
  games: {title: Games, double_opt_in: true}
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
  - {name: news-on, when: {text: News ON}, then: [subscribe: news, reply: "Welcome to News.", webhook: crm]}
  - {name: offers-on, when: {text: Offers ON, hours: "Mon-Sun 12:00-13:59"}, then: [subscribe: offers, reply: "Welcome to Offers.", webhook: crm]}
  - {name: games-on, when: {text: Games ON, until: "2026-11-23T13:59"}, then: [subscribe: games, reply: "Welcome to Games."]}
  - {name: visitors, when: {text: Guest, appointment: none}, then: [subscribe: news, reply: "Welcome, guest."]}
  - {name: first, when: {text: All of it}, continue: true, then: [subscribe: news, reply: "Welcome to News."]}
  - {name: second, when: {text: All of it}, then: [subscribe: offers, reply: "Welcome to Offers."]}
  - {name: confirm, when: {answer: confirm}, then: [appointment: confirm, reply: "See you."]}
  - {name: cancel, when: {answer: cancel}, then: [appointment: cancel, reply: "Cancelled."]}
fallback: {then: [reply: "Sorry?"]}
""",
    "rules.yaml",
    {},
)


class Phone:
    """One phone, what is known of it, and a clock that goes on by a minute from text to text."""

    def __init__(self, *appointments: Appointment, **fields: Any) -> None:
        self.known: Known = known(appointments=appointments, **fields)
        self.now = NOON
        self.seq = 0

    def texts(self, text: str, to: str = SHOP) -> Plan:
        self.now += MINUTE
        self.seq += 1
        [exchange] = converse([message(text, at=self.now, seq=self.seq, destination=to)], RULES, self.known)
        self.known = exchange.after
        return exchange.plan

    def hears(self, *texts: str) -> list[str]:
        """What the last of some texts is answered."""
        return [replies(self.texts(text)) for text in texts][-1]

    def is_reminded(self, name: str, asked_from: str = SHOP) -> None:
        """A reminder of one appointment leaves a minute later."""
        self.now += MINUTE
        reminded = (
            replace(a, last_asked_at=self.now, asked_from=asked_from) if a.id == name else a
            for a in self.known.appointments
        )
        self.known = replace(self.known, appointments=tuple(reminded))

    @property
    def lists(self) -> dict[str, str]:
        return {name: str(subscription.at(self.now).status) for name, subscription in self.known.subscriptions.items()}

    @property
    def statuses(self) -> dict[str, str]:
        return {appointment.id: str(appointment.status) for appointment in self.known.appointments}


def handed_off(plan: Plan) -> list[str]:
    return [str(step["reason"]) for step in plan.explained if step["action"] == "hand_off"]


A, B = appointment("a1"), appointment("a2", starts_at=NOON + 23 * HOUR)


@pytest.mark.parametrize(
    ("answer", "status"),
    [("yes", "confirmed"), ("no", "cancelled"), ("Sì, grazie", "confirmed"), ("1", "confirmed"), ("9", "cancelled")],
)
def test_a_reminder_that_is_newer_than_a_double_opt_in_takes_the_answer(answer: str, status: str) -> None:
    phone = Phone(A)
    phone.texts("News ON")
    phone.is_reminded("a1")
    phone.texts(answer)
    assert (phone.statuses, phone.lists) == ({"a1": status}, {"news": "pending"})


def test_once_the_reminder_is_answered_the_next_yes_is_for_the_double_opt_in() -> None:
    phone = Phone(A)
    phone.texts("News ON")
    phone.is_reminded("a1")
    assert [phone.hears("yes"), phone.hears("yes")] == [["See you."], ["Welcome to News."]]


def test_a_double_opt_in_that_is_newer_than_the_reminder_takes_the_answer() -> None:
    phone = Phone(A)
    phone.is_reminded("a1")
    phone.texts("News ON")
    assert [phone.hears("yes"), phone.hears("yes")] == [["Welcome to News."], ["See you."]]


def test_a_confirmed_appointment_that_is_reminded_of_takes_the_no() -> None:
    phone = Phone(replace(A, status=AppointmentStatus.CONFIRMED))
    phone.texts("News ON")
    phone.is_reminded("a1")
    phone.texts("no")
    assert (phone.statuses, phone.lists) == ({"a1": "cancelled"}, {"news": "pending"})


def test_an_answer_that_comes_after_the_start_is_late_and_joins_nothing() -> None:
    phone = Phone(replace(A, starts_at=NOON + 2.5 * MINUTE))
    phone.texts("News ON")
    phone.is_reminded("a1")
    phone.texts("hello")
    assert handed_off(phone.texts("yes")) == ["answers after the appointment began"]
    assert phone.lists == {"news": "pending"}


def test_each_of_our_numbers_hears_the_answer_to_its_own_question() -> None:
    phone = Phone(A)
    phone.texts("News ON")
    phone.is_reminded("a1", asked_from=OTHER)
    assert replies(phone.texts("yes")) == ["Welcome to News."]
    assert replies(phone.texts("yes", to=OTHER)) == ["See you."]


def test_where_all_texts_leave_from_one_number_the_answer_may_come_to_that() -> None:
    one_sender = replace(RULES, own_numbers=frozenset({OTHER}))
    asked, answer = message("News ON"), message("yes", at=NOON + MINUTE, seq=2, destination=OTHER)
    *_, exchange = converse([asked, answer], one_sender, known())
    assert replies(exchange.plan) == ["Welcome to News."]


def test_a_reminder_that_came_from_a_name_may_be_answered_at_any_number() -> None:
    phone = Phone(A)
    phone.texts("News ON")
    phone.is_reminded("a1", asked_from="Clinic")
    assert replies(phone.texts("yes")) == ["See you."]


@pytest.mark.parametrize("texts", [("Offers ON", "News ON"), ("All of it",)])
def test_of_two_double_opt_ins_each_is_answered_the_newer_first(texts: tuple[str, ...]) -> None:
    phone = Phone()
    for text in texts:
        phone.texts(text)
    newest, other = ("News", "Offers") if len(texts) > 1 else ("Offers", "News")
    assert [phone.hears("yes"), phone.hears("yes")] == [[f"Welcome to {newest}."], [f"Welcome to {other}."]]
    assert set(phone.lists.values()) == {"subscribed"}


def test_three_double_opt_ins_are_answered_one_by_one() -> None:
    phone = Phone()
    for text in ("Games ON", "Offers ON", "News ON", "yes", "no", "yes"):
        phone.texts(text)
    assert phone.lists == {"news": "subscribed", "offers": "unsubscribed", "games": "subscribed"}


def test_who_asks_twice_for_one_list_is_on_it_by_one_yes() -> None:
    phone = Phone()
    assert phone.hears("News ON", "News ON", "yes", "yes") == ["Sorry?"]
    assert [question.status for question in phone.known.questions] == [QuestionStatus.REPLACED, QuestionStatus.ANSWERED]


def test_a_list_that_waits_for_an_answer_in_vain_is_left_when_the_question_expires() -> None:
    phone = Phone()
    phone.texts("News ON")
    phone.now += 48 * HOUR
    assert (phone.hears("yes"), phone.lists) == (["Sorry?"], {"news": "unsubscribed"})


@pytest.mark.parametrize(
    ("joining", "later", "welcome"),
    [("Offers ON", 5 * HOUR, "Welcome to Offers."), ("Games ON", 30 * HOUR, "Welcome to Games.")],
)
def test_a_yes_outside_the_hours_and_the_season_of_its_rule_carries_it_out(
    joining: str, later: timedelta, welcome: str
) -> None:
    phone = Phone()
    phone.texts(joining)
    phone.now += later
    assert phone.hears("yes") == [welcome]


def test_a_yes_carries_out_its_rule_though_its_conditions_on_lists_and_appointments_no_longer_hold() -> None:
    phone = Phone()
    phone.texts("Guest")
    phone.known = replace(phone.known, appointments=(replace(A, asked_at=None),))
    assert phone.hears("yes") == ["Welcome, guest."]


@pytest.mark.parametrize("digit", ["2", "1", "2.", "2 grazie", "1 2", "all"])
def test_a_digit_of_a_list_that_a_reminder_has_overtaken_is_for_a_person(digit: str) -> None:
    phone = Phone(A, B)
    phone.texts("yes")
    phone.is_reminded("a1")
    assert handed_off(phone.texts(digit)) == ["answers a question that is closed"]
    assert set(phone.statuses.values()) == {"scheduled"}


def test_a_digit_of_a_list_that_a_double_opt_in_has_overtaken_joins_nothing() -> None:
    phone = Phone(A, B)
    phone.texts("yes")
    phone.texts("News ON")
    assert handed_off(phone.texts("1")) == ["answers a question that is closed"]
    assert phone.lists == {"news": "pending"}


def test_a_yes_to_a_list_that_is_newer_than_a_double_opt_in_chooses_nothing_and_joins_nothing() -> None:
    phone = Phone(A, B)
    phone.texts("News ON")
    phone.is_reminded("a2")
    phone.texts("yes")
    assert handed_off(phone.texts("yes")) == ["answers again without choosing which appointment is meant"]
    assert phone.lists == {"news": "pending"}


def test_a_digit_beyond_the_list_answers_the_reminder_that_has_overtaken_it() -> None:
    phone = Phone(A, B)
    phone.texts("yes")
    phone.is_reminded("a1")
    assert "ask" in [step["action"] for step in phone.texts("9").explained]


def test_a_digit_answers_the_reminder_again_once_the_list_has_expired() -> None:
    phone = Phone(*(replace(one, starts_at=one.starts_at + 60 * HOUR) for one in (A, B)))
    phone.texts("yes")
    phone.now += 49 * HOUR
    phone.known = replace(phone.known, appointments=phone.known.appointments[:1])
    phone.is_reminded("a1")
    assert phone.hears("1") == ["See you."]


def test_a_question_that_was_asked_after_a_text_came_is_not_what_it_answers() -> None:
    later = Question(
        key="q", kind=QuestionKind.OPT_IN, originator=A.originator, destination=SHOP, asked_at=NOON + HOUR, expires_at=NOON + 49 * HOUR,
        choices=(Choice(subject="news"),), intention="news-on",
    )  # fmt: skip
    phone = Phone()
    phone.texts("News ON")
    phone.known = replace(phone.known, questions=(later,))
    assert phone.hears("yes") == ["Sorry?"]


@pytest.mark.parametrize("fields", [{"opted_out": True}, {"muted_until": NOON + HOUR}])
def test_who_may_not_be_asked_is_not_pending(fields: dict[str, object]) -> None:
    phone = Phone(**fields)
    phone.texts("News ON")
    assert (phone.lists, phone.known.questions) == ({}, ())


def test_whom_no_text_reaches_is_not_pending() -> None:
    [exchange] = converse([message("News ON", "Robot")], RULES, known("Robot"))
    assert (exchange.after.subscriptions, exchange.after.questions) == ({}, ())


def test_an_answer_that_could_mean_several_appointments_goes_to_a_person_where_nobody_can_be_asked() -> None:
    [exchange] = converse([message("yes", "Robot")], RULES, replace(known("Robot"), appointments=(A, B)))
    assert handed_off(exchange.plan) == ["unclear answer while an appointment is open"]
    assert not any(isinstance(effect, Ask) for effect in exchange.plan.effects)
