"""A rules file in plain words: ``described/all.yaml`` and what is told of it."""

from pathlib import Path

import pytest

from responder.core.rules.actions import ACTIONS
from responder.rulefile import read_rules
from responder.rulefile.describe.document import described
from responder.rulefile.reading.places import Sources, read_source
from responder.rulefile.sections.conditions.circumstances import known_keys
from tests.cli.conftest import typed
from tests.rulefile.test_schema import schema

FOLDER = Path(__file__).parent / "described"
TEXT = (FOLDER / "all.yaml").read_text("utf-8")


def told(text: str) -> str:
    return described(read_rules(text, "rules.yaml", {}), Sources(files=(read_source(text, "rules.yaml"),)))


BELOW = "## Texts to any number"


def test_a_file_is_told_in_plain_words() -> None:
    assert told(TEXT)[told(TEXT).index(BELOW) :] == (FOLDER / "all.md").read_text("utf-8")


def test_the_words_above_all_rules_are_told_with_their_replies() -> None:
    stop, start = told(TEXT).partition("### STOP")[2].split("### START")
    assert "When the whole text is “Enough Acme”, “STOP”, " in stop
    assert "- replies in Italian: “Addio. START per tornare.” (1 SMS)" in stop
    assert "“YES” (from who said STOP)" in start


def test_a_file_is_told_the_same_wherever_its_blanks_and_comments_stand() -> None:
    assert told(TEXT.replace("rules:\n", "# a comment\n\nrules:\n\n")) == told(TEXT)


def test_a_change_of_one_reply_changes_one_line() -> None:
    before, after = told(TEXT).splitlines(), told(TEXT.replace("Bye. START", "Goodbye. START")).splitlines()
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        (
            "- replies in English: “Bye. START to return.” (1 SMS)",
            "- replies in English: “Goodbye. START to return.” (1 SMS)",
        )
    ]


def test_the_address_of_a_webhook_is_not_told_whole() -> None:
    assert "token" not in told(TEXT)


@pytest.mark.parametrize("name", sorted(schema()["definitions"]["when"]["properties"]))
def test_there_are_words_for_every_condition(name: str) -> None:
    assert known_keys()[name].in_words or name == "to"


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_every_action_is_told_in_the_described_file(name: str) -> None:
    assert f"{{{name}: " in TEXT
    assert f"- {name}:" not in told(TEXT)


def test_the_smallest_file_is_told() -> None:
    assert told("version: 1\n").endswith("## Where no rule applies\n\nNothing happens; the text is kept.\n")


def test_the_command_tells_the_file(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(TEXT)
    assert typed("describe", str(tmp_path / "shop.yaml")).out == told(TEXT)


def test_the_command_tells_mistakes_instead(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("version: 2\n")
    outcome = typed("describe", str(tmp_path / "shop.yaml"))
    assert (outcome.code, outcome.out.startswith(f"{tmp_path}/shop.yaml:1:10: ")) == (1, True)
