"""The patterns of a new rule fit the file that they are put into."""

from pathlib import Path

import pytest

from responder.core.rehearsal.trials import try_all
from responder.core.rules.rules import Rules
from responder.rulefile import load_rules, read_rules
from responder.web.console.editing.snippets import Snippet, snippets_for
from tests.conftest import NOON

SHIPPED = Path(__file__).parents[3] / "rules.yaml"
BARE = """version: 1
languages: [{languages}]
lists: {{club: {{title: Club}}}}
webhooks: {{shop: {{url: "https://shop.example.com/"}}}}
rules:
"""


def filled(rules: str, snippet: Snippet) -> Rules:
    return read_rules(rules + snippet.text.replace("«", "").replace("»", ""), "rules.yaml", {})


def bare(languages: str) -> str:
    return BARE.format(languages=languages)


@pytest.mark.parametrize("languages", ["it, en", "en", "it", "de", "fr, en"])
@pytest.mark.parametrize("place", range(5), ids=["join", "answer", "confirm", "call", "person"])
def test_a_pattern_is_right_as_it_stands_and_passes_its_own_examples(languages: str, place: int) -> None:
    begun = read_rules(bare(languages) + "  - {name: a, when: {text: a}, then: [{reply: b}]}", "rules.yaml", {})
    rules = filled(bare(languages), snippets_for(begun)[place])
    assert [trial.name for trial in try_all(rules, NOON) if not trial.passed] == []


def test_a_pattern_takes_a_list_of_the_file_and_a_name_that_is_free() -> None:
    begun = read_rules(bare("en") + "  - {name: join, when: {text: a}, then: [{reply: b}]}", "rules.yaml", {})
    join = snippets_for(begun)[0].text
    assert "«join-2»" in join
    assert "subscribe: club" in join


def test_the_cursor_goes_to_one_place_of_each() -> None:
    for snippet in snippets_for(load_rules(SHIPPED, {})):
        assert (snippet.text.count("«"), snippet.text.count("»")) == (1, 1)
