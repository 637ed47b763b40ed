"""A wrong letter is forgiven where a rule says so, in long words alone, never near a reserved word, and by index as by loop."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.core.recognition.vocabulary import vocabulary
from responder.core.rules.index import Index
from responder.core.rules.matching import Alias, How, Words, rest_after
from responder.core.rules.situation import Match, Situation
from responder.core.rules.typos import Typos, mistyped, runs
from responder.core.sms.text import fold
from responder.rulefile import load_packs
from tests.planning import known, message, one_rule, plan, rules

LEXICON = vocabulary(load_packs(), ["en", "it"]).everywhere
RESERVED = ("unsubscribe", "annulla tutto", "stop", "start again", "helps")
LETTERS = "abelsu"
WORDS = [
    "news",
    "weekly",
    "weakly",
    "sunday",
    "sundays",
    "stop",
    "starts",
    "helped",
    "unsubscribed",
    "annulla",
    "tutti",
    "able",
    "abuse",
    "12345",
    "caffè",
]


def situation(text: str) -> Situation:
    return Situation(message=message(text), known=known(), lexicon=LEXICON)


def is_reserved(typed: tuple[str, ...]) -> bool:
    return " ".join(typed) in RESERVED or any(mistyped(typed, phrase.split()) for phrase in RESERVED)


def by_loop(condition: Words, asked: Situation) -> Match | None:
    """What the index should find: each alias held against each run of words."""
    if is_reserved(asked.words):
        return None
    for alias in condition.aliases:
        words = alias.folded.split()
        for _, typed in runs(condition.how, asked.words, {len(words)}):
            word = mistyped(typed, words)
            if word and not is_reserved((word,)):
                text = " ".join(typed)
                rest = rest_after(asked.message.text, text) if condition.how is How.STARTS_WITH else ""
                return Match(text=text, rest=rest, language=alias.language, taken_for=alias.folded)
    return None


def misspelt(word: str, place: int, letter: str, kind: int) -> str:
    """The word with a letter replaced, added, left out or swapped; or as it is."""
    place %= len(word)
    head, tail = word[:place], word[place:]
    return [
        word,
        head + letter + tail[1:],
        head + letter + tail,
        head + tail[1:],
        head + tail[1:2] + tail[:1] + tail[2:],
    ][kind]


vocabulary_words = st.sampled_from(WORDS) | st.text(LETTERS, min_size=3, max_size=7)
phrases = st.lists(vocabulary_words, min_size=1, max_size=3).map(" ".join)
aliases = st.builds(
    lambda phrase, language: Alias(folded=fold(phrase), language=language), phrases, st.sampled_from([None, "en", "it"])
)
conditions = st.builds(
    lambda how, some: Words(how=how, aliases=tuple(some)),
    st.sampled_from(How),
    st.lists(aliases, min_size=1, max_size=3),
)
typed_words = st.builds(
    misspelt, vocabulary_words, st.integers(0, 9), st.sampled_from(LETTERS), st.sampled_from([0, 0, 1, 2, 3, 4])
)
texts = st.lists(typed_words, max_size=4).map(" ".join)


@given(st.lists(conditions, max_size=8), st.lists(texts, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_the_index_finds_what_a_loop_over_the_rules_finds(asked: list[Words], typed: list[str]) -> None:
    typos = Typos(enumerate(asked), RESERVED)
    for text in typed:
        by_hand = {
            position: match
            for position, condition in enumerate(asked)
            if (match := by_loop(condition, situation(text)))
        }
        assert typos.matches(situation(text)) == by_hand


@given(st.lists(conditions, max_size=8), texts)
@settings(max_examples=200, deadline=None)
def test_typos_are_asked_only_where_nothing_matches_exactly(asked: list[Words], text: str) -> None:
    strict = Index(asked, [True] * len(asked))
    lenient = Index(asked, [True] * len(asked), Typos(enumerate(asked), RESERVED).matches)
    exact = list(strict.matches(situation(text)))
    found = list(lenient.matches(situation(text)))
    assert found == exact if exact else all(match.taken_for for _, match in found)


WEEKLY = one_rule("{text: [News ON, Weekly sunday]}", head="languages: [en, it]\ndefaults: {typos: true}\n")


@pytest.mark.parametrize(
    "text", ["weekly sunday", "WEKLY Sunday!", "weekly sundya", "weeekly sunday", "weekly sundaz", "weekly sunday's"]
)
def test_one_letter_may_be_wrong_missing_added_or_swapped(text: str) -> None:
    assert plan(text, WEEKLY).rule == "only"


@pytest.mark.parametrize(
    "text",
    [
        "wekly sunda",
        "weekkyl sunday",
        "newz on",
        "weekly",
        "weekly sunday please",
        "week ly sunday",
        "weekl1 sunday",
        "",
    ],
)
def test_not_more_than_one_letter_and_none_of_a_short_word(text: str) -> None:
    assert plan(text, WEEKLY).rule is None


def test_an_explanation_tells_what_was_taken_for_what() -> None:
    assert plan("Wekly Sunday", WEEKLY).match == {
        "text": "wekly sunday",
        "groups": {},
        "rest": "",
        "taken_for": "weekly sunday",
    }


@pytest.mark.parametrize("text", ["UNSUBSCRIBES", "unsubscribd", "unsubscrive", "help me", "disiscrivimi"])
def test_what_is_or_nearly_is_a_reserved_word_is_never_a_typo(text: str) -> None:
    near = one_rule(
        "{starts_with: [unsubscribing, unsubscribed, helps, unsubscriber, disiscrivami, unsubscribers]}",
        head="languages: [en, it]\ndefaults: {typos: true}\n",
    )
    assert plan(text, near).rule in {None, "reserved:stop", "reserved:review"}


BESIDE = """
rules:
  - {name: everyone, enabled: %s, when: {pattern: '.*'}, continue: true, then: [hand_off: seen]}
  - {name: monday, when: {contains: monday}, then: [hand_off: seen]}
  - {name: sunday, when: {text: sunday}, typos: true, then: [hand_off: seen]}
  - {name: sundae, when: {text: sundae, hours: 00:00-00:01}, shadow: %s, then: [hand_off: seen]}
  - {name: anybody, when: {to: '48383'}, then: [hand_off: seen]}
"""


def test_a_rule_that_matches_exactly_ends_the_search_even_if_it_is_refused() -> None:
    assert plan("sundae", rules(BESIDE % ("false", "false"))).rule is None


def test_a_rule_in_shadow_does_not_end_the_search() -> None:
    assert plan("sundae", rules(BESIDE % ("false", "true"))).rule == "sunday"


def test_a_pattern_that_matches_ends_the_search() -> None:
    assert plan("sundat", rules(BESIDE % ("false", "false"))).rule == "sunday"
    assert plan("sundat", rules(BESIDE % ("true", "false"))).rule == "everyone"


def test_a_rule_that_asks_nothing_of_the_text_does_not_end_the_search() -> None:
    assert plan("sundat", rules(BESIDE % ("false", "false")), destination="48383").rule == "sunday"


def test_ten_thousand_rules_are_searched_as_quickly_as_ten() -> None:
    def search_s(count: int) -> float:
        typos = Typos(
            ((n, Words(how=How.CONTAINS, aliases=(Alias(folded=f"sunday w{n} later"),))) for n in range(count)),
            RESERVED,
        )
        asked = [situation(f"on sundat w{n % count} later perhaps") for n in range(200)]
        assert all(len(typos.matches(one)) == 1 for one in asked)
        began_at = time.thread_time()
        for one in asked:
            typos.matches(one)
        return time.thread_time() - began_at

    assert search_s(10_000) < 10 * search_s(10) + 1


def test_the_longest_text_does_not_hold_a_worker() -> None:
    typos = Typos(
        [(0, Words(how=How.CONTAINS, aliases=(Alias(folded="sunday"), Alias(folded="one two three sunday"))))], RESERVED
    )
    for text in ("sundat " * 20_000, "x" * 60_000, "abcdefgh " * 299):
        asked = situation(text)
        assert len(asked.words) > 0
        began_at = time.thread_time()
        typos.matches(asked)
        assert time.thread_time() - began_at < 2
