"""Finding rules by index gives exactly what asking one rule after the other gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.core.recognition.packs import Answer
from responder.core.recognition.vocabulary import vocabulary
from responder.core.rules.index import Index
from responder.core.rules.matching import (
    Alias,
    Answers,
    How,
    Pattern,
    TextCondition,
    Words,
    match_text,
    rest_after,
    searched_text,
)
from responder.core.rules.situation import Match, Situation
from responder.core.sms.text import fold
from responder.rulefile import load_packs
from tests.planning import known, message

LEXICON = vocabulary(load_packs(), ["en", "it"]).everywhere
WORDS = ["news", "on", "off", "sì", "si", "no", "1", "ok", "new", "newson", "n", "Ａ", "👍", "don't", "track", "ab12cd"]
BETWEEN = [" ", "  ", "-", "\n", ", ", "! "]
SOURCES = [
    "news",
    "o(n|ff)",
    r"\bno\b",
    r"(?P<code>[a-z]+[0-9]+)",
    "^news",
    "on$",
    r"track (?P<code>\w+)",
    "(?P<first>n)(?P<last>x)?",
    "x*",
]


def situation(text: str) -> Situation:
    return Situation(message=message(text), known=known(), lexicon=LEXICON)


phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
aliases = st.builds(
    lambda phrase, language: Alias(folded=fold(phrase), language=language), phrases, st.sampled_from([None, "en", "it"])
)
words = st.builds(
    lambda how, some: Words(how=how, aliases=tuple(some)),
    st.sampled_from(How),
    st.lists(aliases, min_size=1, max_size=4),
)
patterns = st.builds(
    lambda sources: Pattern(sources=tuple(sources), groups=frozenset({"code", "first", "last"})),
    st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2),
)
answers = st.builds(lambda wanted: Answers(answers=wanted), st.frozensets(st.sampled_from(Answer), min_size=1))
conditions: st.SearchStrategy[TextCondition | None] = st.none() | words | words | patterns | answers
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(BETWEEN)), max_size=5).map(
    lambda pairs: "".join(w + b for w, b in pairs)
)


def by_loop(rules: list[tuple[TextCondition | None, bool]], asked: Situation) -> list[tuple[int, Match]]:
    """What the index should find: each rule asked in turn."""
    found = ((position, match_text(condition, asked)) for position, (condition, enabled) in enumerate(rules) if enabled)
    return [(position, match) for position, match in found if match]


@given(
    st.lists(st.tuples(conditions, st.booleans() | st.just(value=True)), max_size=12),
    st.lists(texts, min_size=1, max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_the_index_finds_what_a_loop_over_the_rules_finds(
    rules: list[tuple[TextCondition | None, bool]], typed: list[str]
) -> None:
    index = Index([condition for condition, _ in rules], [enabled for _, enabled in rules])
    for text in typed:
        assert list(index.matches(situation(text))) == by_loop(rules, situation(text))


def found(text: str, condition: TextCondition) -> Match | None:
    """How a text meets a condition, by the index."""
    return next((match for _, match in Index([condition], [True]).matches(situation(text))), None)


def said(how: How, *phrases: str) -> Words:
    return Words(how=how, aliases=tuple(Alias(folded=phrase) for phrase in phrases))


@pytest.mark.parametrize(
    ("how", "text"),
    [(How.TEXT, "News ON!"), (How.STARTS_WITH, "news on please"), (How.CONTAINS, "the news, on Monday")],
)
def test_words_stand_in_a_text_however_they_are_typed(how: How, text: str) -> None:
    assert found(text, said(how, "news on"))


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (How.TEXT, "news online"),
        (How.TEXT, "the news on"),
        (How.STARTS_WITH, "news online"),
        (How.STARTS_WITH, "the news on"),
        (How.CONTAINS, "news online"),
    ],
)
def test_words_are_whole_words(how: How, text: str) -> None:
    assert found(text, said(how, "news on")) is None


def test_the_first_alias_that_stands_in_the_text_is_the_one_that_matched() -> None:
    match = found("new news", said(How.CONTAINS, "news", "new"))
    assert match == Match(text="news")


def test_the_language_of_the_alias_is_that_of_the_match() -> None:
    condition = Words(
        how=How.TEXT, aliases=(Alias(folded="notizie", language="it"), Alias(folded="news", language="en"))
    )
    assert found("NEWS", condition) == Match(text="news", language="en")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Info: orari, grazie", "orari, grazie"),
        ("INFO", ""),
        ("info - Via Roma 1", "Via Roma 1"),
        ("Ìnfo  ORARI\n\nSent from my iPhone", "ORARI"),
        ("info 'Anna'", "Anna"),
    ],
)
def test_what_follows_the_words_is_kept_as_typed(text: str, rest: str) -> None:
    match = found(text, said(How.STARTS_WITH, "info"))
    assert match
    assert match.rest == rest


def test_the_rest_of_words_that_do_not_begin_the_text_is_nothing() -> None:
    assert rest_after("orari", "info") == ""


def test_the_rest_of_a_word_that_goes_on_is_nothing() -> None:
    assert rest_after("½ kg", "1") == ""  # which is "1 2 kg" folded


@pytest.mark.parametrize("begin", ["i'nfo", "in\u200bfo", "«info", "i\u0300nfo", "\u200binfo"])
def test_the_rest_begins_behind_the_words_however_they_are_typed(begin: str) -> None:
    assert rest_after(f"{begin}, orari", "info") == "orari"


def test_the_rest_may_begin_with_an_emoji() -> None:
    assert rest_after("info👍👍", "info") == "👍👍"


def test_a_pattern_ignores_case_and_keeps_what_was_typed() -> None:
    match = found("Please TRACK  aB12Cd now", Pattern(sources=(r"track (?P<code>\w{6})",), groups=frozenset({"code"})))
    assert match == Match(text="TRACK aB12Cd", groups={"code": "aB12Cd"})


def test_a_group_that_took_no_part_is_empty() -> None:
    match = found("n", Pattern(sources=("(?P<first>n)(?P<last>x)?",), groups=frozenset({"first", "last"})))
    assert match == Match(text="n", groups={"first": "n", "last": ""})


def test_a_text_that_meets_no_pattern_meets_none() -> None:
    assert found("hello", Pattern(sources=("news",))) is None


def test_patterns_see_the_text_without_double_blanks_and_full_width_letters() -> None:
    assert searched_text(" ＴＲＡＣＫ\n\u00a0 ab ") == "TRACK ab"


def test_patterns_look_at_the_first_1600_characters_only() -> None:
    assert found("x" * 1600 + "news", Pattern(sources=("news",))) is None


def test_more_patterns_than_one_set_holds_are_all_searched() -> None:
    index = Index([Pattern(sources=(f"word{n}x",)) for n in range(2100)], [True] * 2100)
    assert [position for position, _ in index.matches(situation("word3x word2099x"))] == [3, 2099]


def test_a_disabled_rule_is_never_found() -> None:
    index = Index([None, said(How.TEXT, "news"), None], [False, False, True])
    assert [position for position, _ in index.matches(situation("news"))] == [2]
