"""An answer under a language counts in the words of that language, whoever has that word as well."""

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.effects import AppointmentStatus, ChangeAppointment
from responder.core.contact.known import Known
from responder.core.contact.question import Ask
from responder.core.deciding.plan import Plan
from responder.core.rules.rules import Rules
from tests.planning import appointment, known, message, plan, replies, rules

IN_BOTH = """
languages: [it, en]
rules:
  - {name: yes-it, when: {answer: {it: confirm}}, then: [appointment: confirm, reply: Grazie.]}
  - {name: yes-en, when: {answer: {en: [confirm]}}, then: [appointment: confirm, reply: Thank you.]}
"""
IN_ENGLISH = """
languages: [it, en]
rules:
  - {name: yes-en, when: {answer: {en: confirm}}, then: [appointment: confirm]}
"""
WAITING = known(appointments=(appointment(),))


@pytest.mark.parametrize(
    ("text", "rule"), [("sì grazie", "yes-it"), ("va bene", "yes-it"), ("Yes please", "yes-en"), ("sure", "yes-en")]
)
def test_an_answer_counts_in_the_words_of_its_language(text: str, rule: str) -> None:
    assert plan(text, rules(IN_BOTH), WAITING).rule == rule


@pytest.mark.parametrize("text", ["sì", "va bene", "certo grazie", "sì yes"])
def test_words_of_another_language_are_no_answer(text: str) -> None:
    assert not plan(text, rules(IN_ENGLISH), WAITING).changes


@pytest.mark.parametrize("text", ["OK", "1", "👍"])
def test_words_of_no_language_count_in_each(text: str) -> None:
    assert plan(text, rules(IN_ENGLISH), WAITING).rule == "yes-en"


def test_another_answer_in_the_same_language_is_not_meant() -> None:
    assert plan("cancel it", rules(IN_ENGLISH), WAITING).rule is None


def test_a_word_that_two_languages_share_counts_in_both() -> None:
    read = rules(IN_ENGLISH.replace("confirm", "cancel"))
    assert [plan("no", read, WAITING).rule, plan("non posso", read, WAITING).rule] == ["yes-en", None]


def test_the_language_of_the_answer_is_remembered() -> None:
    assert plan("yes", rules(IN_BOTH), WAITING).language == "en"


def test_an_answer_that_may_be_given_in_any_language_leaves_the_language_as_it_is() -> None:
    read = rules("languages: [it, en]\nrules: [{name: yes, when: {answer: confirm}, then: [appointment: confirm]}]")
    assert plan("yes", read, WAITING).language is None


def chosen(text: str, read: Rules, about: Known) -> Plan:
    """What the choice of the second of two appointments does, after a text that may mean either."""
    asked = plan(text, read, about)
    assert any(isinstance(effect, Ask) for effect in asked.effects)
    return plan("2", read, known_after(about, asked.effects, message(text)), seq=2)


@pytest.mark.parametrize(("text", "reply"), [("yes", "Thank you."), ("sì", "Grazie.")])
def test_an_appointment_that_is_chosen_is_answered_in_the_language_of_the_first_word(text: str, reply: str) -> None:
    two = known(appointments=(appointment("a1"), appointment("a2")))
    decided = chosen(text, rules(IN_BOTH), two)
    assert decided.effects[-1:] == (ChangeAppointment(id="a2", status=AppointmentStatus.CONFIRMED, is_chosen=True),)
    assert replies(decided) == [reply]


def test_an_appointment_that_is_chosen_after_a_word_of_no_language_is_answered_by_the_first_rule() -> None:
    two = known(appointments=(appointment("a1"), appointment("a2")))
    assert replies(chosen("ok", rules(IN_BOTH), two)) == ["Grazie."]


def test_nobody_is_asked_which_one_for_an_answer_that_no_rule_takes() -> None:
    two = known(appointments=(appointment("a1"), appointment("a2")))
    assert not any(isinstance(effect, Ask) for effect in plan("sì", rules(IN_ENGLISH), two).effects)
