"""The JSON Schema of rules.yaml says what the reader reads, and is the one that is shipped."""

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from responder.core.rules.actions import ACTIONS, setting_name
from responder.errors import RulesError
from responder.rulefile import read_rules
from responder.rulefile.describe.schema import rules_schema
from tests.cli.conftest import typed
from tests.test_docs import blocks, whole

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "rules.schema.json"
RULE = "rules: [{{name: r, when: {when}, then: {then}, {more}}}]"
ANY = "qqqqqqqq"


@cache
def schema() -> dict[str, Any]:
    return rules_schema()


def problems(text: str, loader: Any) -> list[str]:
    """What an editor would mark in a file."""
    errors = Draft7Validator(schema()).iter_errors(yaml.load(text, Loader=loader))  # noqa: S506  (our own files)
    return [f"{list(error.absolute_path)}: {error.message}" for error in errors]


def test_the_schema_that_is_shipped_is_what_the_command_prints() -> None:
    assert typed("schema").out == SHIPPED.read_text("utf-8"), "renew it: responder schema > rules.schema.json"


def test_the_first_line_of_the_example_names_the_schema() -> None:
    first = (ROOT / "rules.yaml").read_text("utf-8").partition("\n")[0]
    assert first == f"# yaml-language-server: $schema={SHIPPED.name}"


def test_the_schema_is_one() -> None:
    by_the_draft = Draft7Validator(Draft7Validator.META_SCHEMA)
    assert [error.message for error in by_the_draft.iter_errors(schema())] == []
    assert not by_the_draft.is_valid(schema() | {"properties": ["rules"]})


@pytest.mark.parametrize("loader", [yaml.BaseLoader, yaml.SafeLoader], ids=["as texts", "as editors read YAML"])
def test_the_example_and_the_manual_are_right_by_the_schema(loader: Any) -> None:
    files = [(ROOT / "rules.yaml").read_text("utf-8"), *map(whole, blocks("yaml"))]
    assert [problem for file in files for problem in problems(file, loader)] == []


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Each part of the schema that has properties."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def test_every_property_is_described_but_languages() -> None:
    languages = {"de", "en", "es", "fr", "it", "nl", "pl", "pt", "ro"}
    undescribed = {
        name for part in objects(schema()) for name, value in part["properties"].items() if "description" not in value
    }
    assert undescribed - languages == set()


def rule(when: str = "{text: x}", then: str = "[{hand_off: x}]", more: str = "enabled: true") -> str:
    return RULE.format(when=when, then=then, more=more)


DEEPER: dict[str, tuple[str, list[Any]]] = {
    "top": (f"{ANY}: x", []),
    "list": (f"lists: {{l: {{{ANY}: x}}}}", ["properties", "lists", "additionalProperties", "anyOf", 0]),
    "webhook": (
        f"webhooks: {{w: {{url: 'https://a.b', {ANY}: x}}}}",
        ["properties", "webhooks", "additionalProperties"],
    ),
    "reserved": (f"reserved: {{{ANY}: x}}", ["properties", "reserved"]),
    "stop": (f"reserved: {{stop: {{{ANY}: x}}}}", ["properties", "reserved", "properties", "stop"]),
    "rule": (rule(more=f"{ANY}: x"), ["properties", "rules", "items"]),
    "when": (rule(when=f"{{text: x, {ANY}: x}}"), ["definitions", "when"]),
    "list condition": (rule(when=f"{{text: x, list: {{{ANY}: x}}}}"), ["definitions", "when", "properties", "list"]),
    "examples": (rule(more=f"examples: {{{ANY}: x}}"), ["properties", "rules", "items", "properties", "examples"]),
    "fallback": (f"fallback: {{then: [{{hand_off: x}}], {ANY}: x}}", ["properties", "fallback"]),
    "test": (f"tests: [{{name: x, text: x, {ANY}: x}}]", ["properties", "tests", "items"]),
    "given": (
        f"tests: [{{name: x, text: x, given: {{{ANY}: x}}}}]",
        ["properties", "tests", "items", "properties", "given"],
    ),
    "expect": (f"tests: [{{name: x, text: x, expect: {{{ANY}: x}}}}]", ["definitions", "expect"]),
    "turn": (f"tests: [{{name: x, messages: [{{text: x, {ANY}: x}}]}}]", ["definitions", "turn"]),
    "visit": (
        f"tests: [{{name: x, text: x, given: {{appointments: [{{{ANY}: x}}]}}}}]",
        ["properties", "tests", "items", "properties", "given", "properties", "appointments", "anyOf", 0],
    ),
    "appointments": (f"appointments: {{{ANY}: x}}", ["properties", "appointments"]),
    "reminder": (
        f"appointments: {{reminders: [{{{ANY}: x}}]}}",
        ["properties", "appointments", "properties", "reminders", "anyOf", 0],
    ),
    "alerts": (f"alerts: {{{ANY}: x}}", ["properties", "alerts"]),
    "number": (
        f"numbers: {{+393331234333: {{{ANY}: x}}}}",
        ["properties", "numbers", "additionalProperties", "anyOf", 0],
    ),
    "defaults": (f"defaults: {{{ANY}: x}}", ["properties", "defaults"]),
    "action": (rule(then=f"[{{{ANY}: x}}]"), ["definitions", "then", "anyOf", 0]),
}


@pytest.mark.parametrize(("text", "path"), DEEPER.values(), ids=DEEPER.keys())
def test_the_schema_has_the_keys_that_the_reader_reads(text: str, path: list[Any]) -> None:
    with pytest.raises(RulesError) as refused:
        read_rules(f"version: 1\n{text}\n", "rules.yaml", {})
    read = re.search(rf"'{ANY}', expected one of (.*)$", str(refused.value), re.MULTILINE)
    assert read is not None
    part = schema()
    for step in path:
        part = part[step]
    assert sorted(part["properties"]) == sorted(read[1].split(", "))


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_the_schema_has_the_settings_of_every_action(name: str) -> None:
    settings = schema()["definitions"]["then"]["anyOf"][0]["properties"][name]["anyOf"][1]["properties"]
    assert sorted(settings) == sorted(setting_name(setting) for setting in fields(ACTIONS[name]))  # type: ignore[arg-type]  # every action is a dataclass
    assert [setting for setting, value in settings.items() if value["description"].startswith("The setting ")] == []


@pytest.mark.parametrize(
    "bad",
    ["key_unknown", "condition_unknown", "action_unknown", "version_unknown", "when_missing", "then_missing", "answer"],
)
def test_an_editor_marks_what_the_reader_refuses(bad: str) -> None:
    assert problems((ROOT / "tests" / "rulefile" / "bad" / f"{bad}.yaml").read_text("utf-8"), yaml.SafeLoader) != []
