"""Every scalar of a rules file is the text that the author typed."""

import pytest

from responder.core.rules.conditions import ToOneOf
from responder.core.rules.matching import Words
from responder.rulefile.reading.nodes import Mapping, Scalar, read_nodes
from tests.planning import one_rule, plan

TYPED = [
    "YES",
    "NO",
    "ON",
    "OFF",
    "Yes",
    "no",
    "true",
    "False",
    "y",
    "n",
    "1",
    "0600",
    "0o17",
    "0x1F",
    "12:30",
    "+393331234333",
    "-5",
    "1_000",
]
TYPED += [
    "null",
    "Null",
    "~",
    "2026-11-23",
    "2026-11-23T10:00:00Z",
    "1.50",
    "1e3",
    ".5",
    ".inf",
    ".NaN",
    "<<",
    "=",
    "9" * 5000,
]


@pytest.mark.parametrize("quote", ["", "'", '"'], ids=["plain", "single", "double"])
@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: typed[:24])
def test_a_value_means_itself(typed: str, quote: str) -> None:
    root, mistakes = read_nodes(f"key: {quote}{typed}{quote}\n", "rules.yaml")
    assert isinstance(root, Mapping)
    [(_, value)] = root.entries
    assert isinstance(value, Scalar)
    assert (value.text, mistakes) == (typed, [])


@pytest.mark.parametrize("typed", ["YES", "NO", "ON", "OFF", "1", "0600", "12:30", "null", "2026-11-23", "~1"])
def test_a_keyword_that_yaml_would_change_matches_as_it_was_typed(typed: str) -> None:
    rules = one_rule(f"{{text: {typed}}}", head="languages: [de]\n")
    assert plan(typed, rules).rule == "only"


def test_a_word_that_yaml_would_change_may_be_a_key() -> None:
    root, _ = read_nodes("NO: x\n1: y\n", "rules.yaml")
    assert isinstance(root, Mapping)
    assert [key.text for key, _ in root.entries] == ["NO", "1"]


@pytest.mark.parametrize("typed", ["+393331234333", "'+39 333 123 4333'", "333 1234333", "00393331234333"])
def test_a_number_keeps_its_plus_and_its_zeros(typed: str) -> None:
    assert one_rule(f"{{to: {typed}}}").rules[0].conditions == (ToOneOf(numbers=frozenset({"+393331234333"})),)


def test_a_short_code_stays_as_it_is() -> None:
    assert one_rule("{to: [48383, 0600]}").rules[0].conditions == (ToOneOf(numbers=frozenset({"48383", "0600"})),)


def test_a_list_of_unquoted_words_is_read_word_by_word() -> None:
    condition = one_rule("{contains: [YES, NO, 1, 12:30, 0600]}").rules[0].text
    assert isinstance(condition, Words)
    assert [alias.folded for alias in condition.aliases] == ["yes", "no", "1", "12 30", "0600"]


def test_a_text_over_several_lines_keeps_its_lines() -> None:
    rules = one_rule("{text: hours}", 'reply: "Monday 9-18\\nSaturday 9-13"')
    assert plan("hours", rules).steps[0].content == "Monday 9-18\nSaturday 9-13"


def test_a_block_of_text_ends_without_its_last_line_end() -> None:
    rules = one_rule("{text: hours}", "reply: |\n          Monday 9-18\n          Saturday 9-13")
    assert plan("hours", rules).steps[0].content == "Monday 9-18\nSaturday 9-13"


def test_lines_and_columns_count_from_one() -> None:
    root, _ = read_nodes("# comment\nkey:\n  - è: x\n", "rules.yaml")
    assert isinstance(root, Mapping)
    assert (root.entries[0][0].place.line, root.entries[0][0].place.column) == (2, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_kind_of_line_end_is_read(end: str) -> None:
    root, _ = read_nodes(f"a: 1{end}b: 2{end}", "rules.yaml")
    assert isinstance(root, Mapping)
    assert [(key.text, key.place.line) for key, _ in root.entries] == [("a", 1), ("b", 2)]
