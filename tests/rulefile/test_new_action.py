"""A new action is one class: its fields are its settings, and each may bring its sentence for editors."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from responder.core.contact.effects import Effect, SetField
from responder.core.rules.actions import ACTIONS, Action, Context, action
from responder.rulefile import read_rules
from responder.rulefile.describe.document import described
from responder.rulefile.describe.schema import rules_schema
from responder.rulefile.reading.places import placed_sources
from tests.planning import plan

FILE = "version: 1\nrules: [{name: vip, when: {text: vip}, then: [stamp: {colour: gold}]}]\n"
MANUAL = "The colour of the stamp."


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    @action("stamp")
    @dataclass(frozen=True, kw_only=True)
    class Stamp(Action):
        colour: str = field(metadata={"manual": MANUAL})

        def effects(self, context: Context) -> Iterator[Effect]:
            yield SetField(name="stamp", value=self.colour)

    yield
    del ACTIONS["stamp"]


def test_it_is_read_and_changes_what_it_says() -> None:
    assert SetField(name="stamp", value="gold") in plan("vip", read_rules(FILE, "rules.yaml", {})).effects


def test_it_is_described_as_it_was_typed() -> None:
    rules = read_rules(FILE, "rules.yaml", {})
    assert "- stamp: colour: “gold”" in described(rules, placed_sources(rules))


def test_its_settings_are_in_the_schema() -> None:
    schema = rules_schema()["definitions"]["then"]["anyOf"][0]["properties"]["stamp"]["anyOf"][1]
    assert (schema["properties"]["colour"]["description"], schema["required"]) == (MANUAL, ["colour"])
