"""The rules.yaml that everybody starts from works as it says, and so does the example of each action."""

import inspect
from pathlib import Path
from textwrap import indent

import pytest

from responder.core.contact.effects import StepKind
from responder.core.contact.known import Known
from responder.core.rehearsal.trials import coverage, percent, try_all
from responder.core.rules.actions import ACTIONS, Action
from responder.core.rules.matching import Answers
from responder.core.rules.rules import Rule
from responder.core.sms.text import size
from responder.rulefile import load_rules, read_rules
from tests.conftest import NOON
from tests.planning import appointment, known, plan, replies

EXAMPLE = load_rules(Path(__file__).parents[2] / "rules.yaml", {})
FILE = """version: 1
languages: [en, it]
lists: {news: }
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
  - name: example
    when: {starts_with: example}
"""


def about(rule: Rule, language: str | None = None) -> Known:
    """Somebody to whom the rule may apply."""
    return known(appointments=(appointment(),) if isinstance(rule.text, Answers) else (), language=language)


@pytest.mark.parametrize("rule", EXAMPLE.rules, ids=lambda rule: rule.name)
def test_each_example_matches_the_rule_it_stands_in(rule: Rule) -> None:
    assert rule.examples
    assert {text: plan(text, EXAMPLE, about(rule)).rule for text in rule.examples} == dict.fromkeys(
        rule.examples, rule.name
    )


@pytest.mark.parametrize("rule", EXAMPLE.rules, ids=lambda rule: rule.name)
def test_no_counterexample_matches_the_rule_it_stands_in(rule: Rule) -> None:
    assert rule.name not in {plan(text, EXAMPLE, about(rule)).rule for text in rule.counterexamples}


@pytest.mark.parametrize("language", EXAMPLE.languages)
@pytest.mark.parametrize(
    "text", ["STOP", "START", "HELP", "something else", *(rule.examples[0] for rule in EXAMPLE.rules)]
)
def test_every_reply_of_the_example_fits_one_segment_of_7_bit_letters(text: str, language: str) -> None:
    rule = next((rule for rule in EXAMPLE.rules if text in rule.examples), EXAMPLE.rules[0])
    sent = replies(plan(text, EXAMPLE, about(rule, language)))
    assert [(size(reply).encoding, size(reply).segments) for reply in sent] == [("GSM-7", 1)]


def test_the_example_answers_in_english_and_italian() -> None:
    assert replies(plan("Offers ON", EXAMPLE)) == ["You will get our offers. OFFERS OFF to leave."]
    assert replies(plan("Offerte ON", EXAMPLE)) == ["Ti scriveremo le nostre offerte. OFFERTE OFF per uscire."]


def test_the_example_hands_what_it_does_not_understand_to_a_person() -> None:
    decided = plan("my parcel never came", EXAMPLE)
    assert (decided.rule, [explained["action"] for explained in decided.explained]) == (
        "fallback",
        ["hand_off", "reply"],
    )


def test_the_tests_of_the_example_and_all_variants_of_its_examples_pass() -> None:
    outcomes = list(try_all(EXAMPLE, NOON))
    assert [outcome.name for outcome in outcomes if not outcome.passed] == []
    assert percent(coverage(EXAMPLE, outcomes)) == 100


def example_of(action: type[Action]) -> str:
    """What the manual of an action shows."""
    manual = inspect.getdoc(inspect.getmodule(action)) or ""
    return FILE + indent(manual.partition("\n\n")[2], "    ")


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_the_manual_of_an_action_begins_with_its_name_and_what_it_does(name: str) -> None:
    manual = inspect.getdoc(inspect.getmodule(ACTIONS[name])) or ""
    assert manual.partition("\n")[0].startswith(f"{name}: ")
    assert manual.partition("\n")[0].endswith(".")


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_the_example_of_an_action_is_read_and_does_something(name: str) -> None:
    read = read_rules(example_of(ACTIONS[name]), "rules.yaml", {})
    assert [type(action) for action in read.rules[0].actions] == [ACTIONS[name]]
    decided = plan("example Anna", read)
    assert decided.effects or [step.kind for step in decided.steps] in ([StepKind.REPLY], [StepKind.WEBHOOK])
