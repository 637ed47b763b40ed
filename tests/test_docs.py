"""What the manual shows is true: its rules can be read, its examples match, and its links lead somewhere."""

import base64
import re
from dataclasses import fields
from pathlib import Path
from textwrap import indent

import pytest

from responder.core.rehearsal.trials import try_all
from responder.core.rules.actions import ACTIONS
from responder.core.rules.matching import Answers, How
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.sections import Expected, Given
from responder.errors import RulesError
from responder.rulefile import read_rules
from responder.rulefile.warnings import Code
from tests.conftest import NOON
from tests.planning import appointment, known, plan

KEYS = {"appointments": "appointment", "subscribed": "subscriptions"}
ROOT = Path(__file__).parent.parent
MANUAL = (ROOT / "docs" / "rules.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MORE = (
    "hours", "since", "until", "language", "enabled", "continue", "cooldown", "typos", "shadow", "once_per", "max_segments", "delay", "valid_for",
    "otherwise",
)  # fmt: skip
SECRETS = {"CRM_WEBHOOK_SECRET": "whsec_" + base64.b64encode(b"s" * 24).decode()}
HEAD = """version: 1
languages: [it, en]
lists: {news: {title: Weekly news}, offers: }
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
"""


def blocks(language: str) -> list[str]:
    """What stands in the manual between fences of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", MANUAL, re.DOTALL | re.MULTILINE)


def whole(block: str) -> str:
    """A block as a file: as it is, or its rules under ``rules:``."""
    return block if block.startswith("version:") else HEAD + indent(block, "  ")


def read(block: str) -> Rules:
    return read_rules(whole(block), "rules.yaml", SECRETS)


RULES = [(of_file, rule) for of_file in map(read, blocks("yaml")) for rule in of_file.rules]


def applied(text: str, rule: Rule, of_file: Rules) -> bool:
    """Whether a rule answers a text, from somebody with an open appointment where it asks for an answer."""
    about = known(appointments=(appointment(),)) if isinstance(rule.text, Answers) else known()
    return plan(text, of_file, about).rule == rule.name


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.partition("\n")[0])
def test_each_block_of_the_manual_is_right(block: str) -> None:
    read(block)


@pytest.mark.parametrize(("of_file", "rule"), RULES, ids=[rule.name for _, rule in RULES])
def test_the_examples_of_the_manual_match(of_file: Rules, rule: Rule) -> None:
    assert [text for text in rule.examples if not applied(text, rule, of_file)] == []
    assert [text for text in rule.counterexamples if applied(text, rule, of_file)] == []


def test_the_file_with_mistakes_is_answered_as_the_manual_says() -> None:
    shown = blocks("text")
    (position,) = (number for number, block in enumerate(shown) if block.startswith("version:"))
    with pytest.raises(RulesError) as refused:
        read_rules(shown[position], "rules.yaml", {})
    assert str(refused.value) == shown[position + 1].rstrip("\n")


@pytest.mark.parametrize(
    "word", sorted({*ACTIONS, *How, "pattern", "answer", "to", "from", "list", "appointment", *MORE})
)
def test_the_manual_tells_of_every_action_condition_and_setting(word: str) -> None:
    assert re.search(rf"^\| .*`{word}[`:]", MANUAL, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


TESTING = (ROOT / "docs" / "testing.md").read_text("utf-8")
TESTED = [
    read_rules(block, "rules.yaml", {})
    for block in re.findall(r"^```yaml\n(.*?)^```", TESTING, re.DOTALL | re.MULTILINE)
]


@pytest.mark.parametrize("of_file", TESTED, ids=["examples", "tests"])
def test_what_the_page_on_testing_shows_passes(of_file: Rules) -> None:
    outcomes = list(try_all(of_file, NOON))
    assert outcomes
    assert [outcome.name for outcome in outcomes if not outcome.passed] == []


@pytest.mark.parametrize("code", list(Code))
def test_the_page_on_testing_tells_of_every_warning(code: Code) -> None:
    assert f"`{code}`" in TESTING.partition("## Warnings")[2]


@pytest.mark.parametrize("name", [setting.name for value in (Expected, Given) for setting in fields(value)])
def test_the_page_on_testing_tells_of_all_that_a_test_may_say(name: str) -> None:
    assert f"`{KEYS.get(name, name)}`" in TESTING


def test_every_path_that_the_architecture_names_is_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    paths = set(re.findall(r"`([a-z_0-9]+(?:/[a-z_0-9]+)*(?:\.py|\.yaml|\.md|/))`", page))
    assert len(paths) > 60
    assert (
        sorted(path for path in paths if not any((root / path).exists() for root in (ROOT, ROOT / "responder"))) == []
    )
