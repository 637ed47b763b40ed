"""Finding the rules that a text may belong to, at a cost that does not grow with the number of rules."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import zip_longest
from typing import Any

import re2

from responder.core.situation import Match, Situation
from responder.core.text import SIGNATURE, fold
from responder.core.words import Answer

LONGEST_SEARCHED = 1600  # characters that a pattern looks at: ten segments and some
SET_MEMORY = 256 << 20  # bytes; with RE2's own 8 MB a set of 5,000 patterns fails
SET_SIZE = 2000  # patterns in one set, so that none comes near the limit


class How(StrEnum):
    """Where in a text the words of a condition stand."""

    TEXT = "text"
    STARTS_WITH = "starts_with"
    CONTAINS = "contains"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """One way to say it, folded, with the language that it is said in."""

    folded: str
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The whole text, its first words, or some words of it are one of these."""

    how: How
    aliases: tuple[Alias, ...]


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Somewhere in the text stands what a regular expression describes (RE2, ignoring case)."""

    sources: tuple[str, ...]
    groups: frozenset[str] = frozenset()
    languages: tuple[str | None, ...] = ()
    """The language of each source; none where there are fewer."""

    @cached_property
    def compiled(self) -> tuple[Any, ...]:
        """The expressions, ready to search; kept here, since RE2's own cache has room for 128 in all."""
        return tuple(re2.compile(source, pattern_options()) for source in self.sources)

    @cached_property
    def named(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """The named groups of each expression, with their numbers; RE2 makes this list anew each time."""
        return tuple(tuple(compiled.groupindex.items()) for compiled in self.compiled)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """The whole text is one of the built-in words of these answers; those that stand ``in_languages`` count in the words of theirs alone."""

    wanted: frozenset[Answer]
    in_languages: frozenset[tuple[str, Answer]] = frozenset()


TextCondition = Words | Pattern | Answers


Lenient = Callable[[Situation], Mapping[int, Match]]
"""Finds the rules that a text means with a typo."""


def pattern_options() -> "re2.Options":
    """How every pattern is compiled: without case, and with room for large sets."""
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = SET_MEMORY
    options.log_errors = False
    return options


def searched_text(text: str) -> str:
    """The text as patterns see it: NFKC, blanks cleaned, letters as typed.

    >>> searched_text("  Track \\u00a0 ＡＢ12 ")
    'Track AB12'
    """
    return " ".join(unicodedata.normalize("NFKC", text[:LONGEST_SEARCHED]).split())[:LONGEST_SEARCHED]


def match_words(condition: Words, situation: Situation) -> Match | None:
    """How the words of a condition stand in the text; None if they do not. The index finds the same faster."""
    for alias in condition.aliases:
        if _stands(condition.how, alias.folded, situation.folded):
            return _word_match(condition.how, alias, situation)
    return None


def _stands(how: How, words: str, folded: str) -> bool:
    match how:
        case How.TEXT:
            return folded == words
        case How.STARTS_WITH:
            return f"{folded} ".startswith(f"{words} ")
        case How.CONTAINS:
            return f" {words} " in f" {folded} "


def _word_match(how: How, alias: Alias, situation: Situation) -> Match:
    rest = rest_after(situation.text, alias.folded) if how is How.STARTS_WITH else ""
    return Match(text=alias.folded, rest=rest, language=alias.language)


def match_pattern(condition: Pattern, situation: Situation) -> Match | None:
    """The first of the patterns that is found in the text, with its groups as typed."""
    text = searched_text(situation.text)
    searched = text.encode() if text.isascii() else text  # in bytes, since RE2 takes longer to count characters than to search
    for compiled, named, language in zip_longest(condition.compiled, condition.named, condition.languages):
        if found := compiled.search(searched):
            groups = {name: text[slice(*found.span(number))] for name, number in named}
            return Match(text=text[slice(*found.span())], groups=dict.fromkeys(condition.groups, "") | groups, language=language)
    return None


def match_answer(condition: Answers, situation: Situation) -> Match | None:
    """The text as an answer, if it is one of the wanted ones."""
    if situation.answer is None or situation.answer[0] not in condition.wanted:
        return None
    if condition.in_languages and not any(situation.answers_in(language, answer) for language, answer in condition.in_languages):
        return None
    return Match(text=situation.folded, language=situation.answer[1])


def match_text(condition: TextCondition | None, situation: Situation) -> Match | None:
    """How a text meets a condition; a rule that asks nothing of the text meets every one."""
    match condition:
        case None:
            return Match()
        case Words():
            return match_words(condition, situation)
        case Pattern():
            return match_pattern(condition, situation)
        case Answers():
            return match_answer(condition, situation)


def rest_after(text: str, words: str) -> str:
    """What a person typed after the words that a rule starts with.

    >>> rest_after("Info: orari, grazie", "info")
    'orari, grazie'
    """
    text = SIGNATURE.sub("", text)
    has_more = False  # than at the last look: thousands of marks in a row are looked at once
    for end, c in enumerate(text):
        if has_more and not c.isalnum():
            if fold(text[:end]) == words:
                return text[end:].strip(" \t\r\n\u00a0,.;:!?-–—…\"'“”’")
            has_more = False
        has_more = has_more or bool(fold(c))
    return ""


Positions = dict[int, tuple[int, Alias]]
"""The rules found, each with the first of its aliases that stands in the text."""


class Index:
    """The rules of a file by what they ask of the text.

    Takes a text condition for each rule, None where a rule asks nothing of the text, and whether each rule counts at all; then what
    finds rules for a text with a typo, which is asked only where no rule has matched the text exactly but those in ``shadow``.
    """

    def __init__(
        self, conditions: Sequence[TextCondition | None], enabled: Sequence[bool], typos: Lenient | None = None, shadow: Collection[int] = ()
    ) -> None:
        self._conditions = conditions
        self._typos = typos
        self._shadow = shadow
        self._phrases: dict[How, _Phrases] = {how: _Phrases() for how in How}
        self._answers: dict[Answer, list[int]] = defaultdict(list)
        self._always: list[int] = []
        patterns: list[tuple[str, int]] = []
        for position, condition in enumerate(conditions):
            if not enabled[position]:
                continue
            match condition:
                case None:
                    self._always.append(position)
                case Words():
                    self._phrases[condition.how].add(condition, position)
                case Pattern():
                    patterns += [(source, position) for source in condition.sources]
                case Answers():
                    for answer in condition.wanted:
                        self._answers[answer].append(position)
        self._sets = [_PatternSet(patterns[start : start + SET_SIZE]) for start in range(0, len(patterns), SET_SIZE)]

    def matches(self, situation: Situation) -> Iterator[tuple[int, Match]]:
        """Each rule that the text meets, from the top, with how it does."""
        by_words = self._by_words(situation)
        others = self._others(situation)
        mistyped = self._mistyped(situation, {*by_words, *others})
        for position in sorted({*by_words, *others, *mistyped}):
            if position in mistyped:
                yield position, mistyped[position]
            elif position in by_words:
                condition = self._conditions[position]
                assert isinstance(condition, Words)  # noqa: S101  (only these are indexed by words)
                yield position, _word_match(condition.how, by_words[position][1], situation)
            elif match := match_text(self._conditions[position], situation):
                yield position, match

    def _mistyped(self, situation: Situation, found: Collection[int]) -> Mapping[int, Match]:
        """The rules that the text means with a typo, unless it says exactly what some rule asks."""
        if self._typos is None or any(self._conditions[position] is not None and position not in self._shadow for position in found):
            return {}
        return {position: match for position, match in self._typos(situation).items() if position not in found}

    def _by_words(self, situation: Situation) -> Positions:
        found: Positions = {}
        words = situation.words
        self._phrases[How.TEXT].find(situation.folded, found)
        self._phrases[How.STARTS_WITH].find_in(words, words[:1], found)
        self._phrases[How.CONTAINS].find_in(words, words, found)
        return found

    def _others(self, situation: Situation) -> list[int]:
        found = list(self._always)
        if self._answers and situation.answer:
            found += self._answers.get(situation.answer[0], ())
        if self._sets:
            text = searched_text(situation.text)
            for pattern_set in self._sets:
                found += pattern_set.positions(text)
        return found


class _Phrases:
    """Aliases by their folded words."""

    def __init__(self) -> None:
        self._rules: dict[str, list[tuple[int, int, Alias]]] = defaultdict(list)
        self._lengths: dict[str, set[int]] = defaultdict(set)  # in words, by the first of them

    def add(self, condition: Words, position: int) -> None:
        for ordinal, alias in enumerate(condition.aliases):
            words = alias.folded.split()
            self._rules[alias.folded].append((position, ordinal, alias))
            self._lengths[words[0]].add(len(words))

    def find(self, phrase: str, found: Positions) -> None:
        for position, ordinal, alias in self._rules.get(phrase, ()):
            if position not in found or ordinal < found[position][0]:
                found[position] = ordinal, alias

    def find_in(self, words: Sequence[str], first: Sequence[str], found: Positions) -> None:
        """Find what stands in the text and begins with one of its first words."""
        if self._lengths.keys().isdisjoint(first):
            return
        for start, word in enumerate(first):
            for length in self._lengths.get(word, ()):
                self.find(" ".join(words[start : start + length]), found)


class _PatternSet:
    """Many patterns, searched for in one pass over the text."""

    def __init__(self, patterns: Sequence[tuple[str, int]]) -> None:
        self._rule_of = [position for _, position in patterns]
        self._set = re2.Set.SearchSet(pattern_options())
        for source, _ in patterns:
            self._set.Add(source)
        self._set.Compile()

    def positions(self, text: str) -> list[int]:
        return [self._rule_of[found] for found in self._set.Match(text) or ()]
