"""The patterns of a new rule fit the file that they are put into."""

from datetime import timedelta
from pathlib import Path

import pytest

from responder.core.contact.known import Known
from responder.core.rehearsal.conversation import converse, imagined
from responder.core.rehearsal.trials import try_all
from responder.core.rules.rules import Rules
from responder.rulefile import load_rules, read_rules
from responder.rulefile.reading.places import placed_sources
from responder.rulefile.warnings import warnings_of
from responder.rulefile.writing import NoPlace, with_list, with_rules
from responder.web.console.editing.snippets import Snippet, campaign_for, snippets_for
from tests.builders import ANNA
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
    rules = filled(bare(languages), snippets_for(begun, "en")[place])
    assert [trial.name for trial in try_all(rules, NOON) if not trial.passed] == []


def test_a_pattern_takes_a_list_of_the_file_and_a_name_that_is_free() -> None:
    begun = read_rules(bare("en") + "  - {name: join, when: {text: a}, then: [{reply: b}]}", "rules.yaml", {})
    join = snippets_for(begun, "en")[0].text
    assert "«join-2»" in join
    assert "subscribe: club" in join


def test_the_cursor_goes_to_one_place_of_each() -> None:
    for snippet in snippets_for(load_rules(SHIPPED, {}), "it"):
        assert (snippet.text.count("«"), snippet.text.count("»")) == (1, 1)


LISTS = {
    "in braces": "lists: {club: {title: Club}}   # ours\n",
    "in empty braces": "lists: {}\n",
    "on lines of their own": "lists:\n    club:\n        title: Club\n# the rules\n",
    "none": "",
}


@pytest.mark.parametrize("lists", LISTS)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("languages", ["it, en", "en", "de"])
def test_a_campaign_has_a_list_of_its_own_and_passes_its_examples_whatever_the_day(
    languages: str, end: str, lists: str
) -> None:
    rule = "  - name: a\n    when: {text: a}\n    then: [{reply: b}]\n    examples: {match: [a]}\n"
    file = f"version: 1\nlanguages: [{languages}]\n{LISTS[lists]}rules:\n{rule}# the end\nfallback: {{then: [{{reply: c}}]}}\n"
    before = file.replace("\n", end)
    pattern = campaign_for(read_rules(before, "rules.yaml", {}), before, "en", NOON)
    text, line = with_rules(with_list(before, pattern.list_entry), pattern.rules)
    rules = read_rules(text, "rules.yaml", {})
    assert rules.by_name["summer"].line == line + 1
    assert rules.lists["summer"].double_opt_in
    assert set(before.splitlines()) - set(text.splitlines()) <= {LISTS[lists].strip()}
    for later in (timedelta(0), timedelta(days=999)):
        assert [trial.name for trial in try_all(rules, NOON + later) if not trial.passed] == []
    told = [one.mistake.text for one in warnings_of(rules, placed_sources(rules), NOON)]
    assert [one for one in told if "summer" in one] == []


def test_whoever_has_the_prize_is_not_told_that_the_campaign_is_over() -> None:
    before = "version: 1\nlanguages: [en]\nrules:\n"
    pattern = campaign_for(read_rules(before, "rules.yaml", {}), before, "en", NOON)
    rules = read_rules(with_rules(with_list(before, pattern.list_entry), pattern.rules)[0], "rules.yaml", {})
    texts = ("Summer", "yes", "Summer", "summer off", "summer", "yes", "summer")
    came = [imagined(text, ANNA, "", NOON + timedelta(days=n), n + 1) for n, text in enumerate(texts)]
    told = [exchange.replies for exchange in converse(came, rules, Known(originator=ANNA))]
    prize = "An ice cream for you! Show this text at the till. SUMMER OFF to leave."
    assert (told[1], told[2]) == ((prize,), ("You have your ice cream: look for our text.",))
    assert prize not in told[5]
    assert "This offer is over. Thank you!" not in [text for texts in told for text in texts]


def test_a_second_campaign_has_another_name() -> None:
    begun = read_rules(bare("en") + "  - {name: a, when: {text: a}, then: [{reply: b}]}", "rules.yaml", {})
    assert "subscribe: summer-2" in campaign_for(begun, "  - name: summer", "en", NOON).rules


def test_lists_that_are_written_in_another_way_are_left_to_a_person() -> None:
    with pytest.raises(NoPlace, match="add summer: "):
        with_list("lists: {club:\n  {title: Club}}\n", "summer: {title: Summer}")
