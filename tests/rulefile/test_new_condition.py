"""A new condition is a class that refuses and a reader that is registered: nothing else has to know of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from jsonschema import Draft7Validator

from responder.core.rules.conditions import Condition
from responder.core.rules.situation import Situation
from responder.errors import RulesError
from responder.rulefile import read_rules
from responder.rulefile.describe.document import described
from responder.rulefile.describe.schema import rules_schema
from responder.rulefile.reading.in_words import SCALAR, values_after
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.places import placed_sources
from responder.rulefile.reading.reader import Reader, Wrong, text
from responder.rulefile.reading.scope import Scope
from responder.rulefile.sections.conditions.circumstances import CONDITIONS, condition
from tests.planning import plan

FILE = """
version: 1
rules: [{name: short, when: {starts_with: info, at_most: LENGTH}, then: [reply: We will call you.]}]
fallback: {then: [hand_off: too long]}
"""
MANUAL = "The text has at most so many letters."


@dataclass(frozen=True, kw_only=True, slots=True)
class AtMost:
    """The text is short."""

    letters: int

    def refusal(self, situation: Situation) -> str | None:
        count = len(situation.text)
        return None if count <= self.letters else f"the text has {count} letters, the rule takes {self.letters}"


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    @condition("at_most", MANUAL, lambda: SCALAR, values_after("its letters are at most"))
    def _at_most(node: Node, _scope: Scope, reader: Reader) -> Iterator[Condition]:
        if letters := reader.attempt(number, node, None):
            yield AtMost(letters=letters)

    yield
    del CONDITIONS["at_most"]


def number(node: Node) -> int:
    if not text(node).isdigit():
        raise Wrong(node, "expected a number of letters")
    return int(text(node))


def test_it_is_read() -> None:
    (rule,) = read_rules(FILE.replace("LENGTH", "10"), "rules.yaml", {}).rules
    assert rule.conditions == (AtMost(letters=10),)


def test_it_refuses_and_says_why() -> None:
    rules = read_rules(FILE.replace("LENGTH", "10"), "rules.yaml", {})
    assert plan("info now", rules).rule == "short"
    refused = plan("info, please", rules)
    assert (refused.rule, refused.near_misses[0].why) == ("fallback", "the text has 12 letters, the rule takes 10")


def test_a_mistake_in_it_has_its_place() -> None:
    with pytest.raises(RulesError, match=r'^rules\.yaml:3:58: rule "short": expected a number of letters'):
        read_rules(FILE.replace("LENGTH", "few"), "rules.yaml", {})


def test_it_is_described_in_plain_words() -> None:
    rules = read_rules(FILE.replace("LENGTH", "10"), "rules.yaml", {})
    told = described(rules, placed_sources(rules))
    assert "When the text begins with “info” and its letters are at most 10:" in told


def test_it_is_in_the_schema() -> None:
    schema = rules_schema()
    Draft7Validator.check_schema(schema)
    assert schema["definitions"]["when"]["properties"]["at_most"] == {"description": MANUAL, **SCALAR}
