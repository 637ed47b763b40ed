"""Conditions on a text, and how a text meets them."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import zip_longest
from typing import Any

import re2

from responder.core.recognition.packs import Answer
from responder.core.rules.situation import Match, Situation
from responder.core.sms.phone_signature import without_signature
from responder.core.sms.text import fold

LONGEST_SEARCHED = 1600  # characters that a pattern looks at: ten segments and some
SET_MEMORY = 256 << 20  # bytes; with RE2's own 8 MB a set of 5,000 patterns fails


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
    """A regular expression (RE2, ignoring case) matches somewhere in the text."""

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
    """The whole text is one of the built-in words of these answers.

    Those that stand ``in_languages`` count in the words of theirs alone.
    """

    answers: frozenset[Answer]
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
    """The match of a condition on words; None if there is none. The index finds the same faster."""
    for alias in condition.aliases:
        if _stands(condition.how, alias.folded, situation.folded):
            return word_match(condition.how, alias, situation)
    return None


def _stands(how: How, words: str, folded: str) -> bool:
    match how:
        case How.TEXT:
            return folded == words
        case How.STARTS_WITH:
            return f"{folded} ".startswith(f"{words} ")
        case How.CONTAINS:
            return f" {words} " in f" {folded} "


def word_match(how: How, alias: Alias, situation: Situation) -> Match:
    rest = rest_after(situation.text, alias.folded) if how is How.STARTS_WITH else ""
    return Match(text=alias.folded, rest=rest, language=alias.language)


def match_pattern(condition: Pattern, situation: Situation) -> Match | None:
    """The first of the patterns that is found in the text, with its groups as typed."""
    text = searched_text(situation.text)
    # in bytes, since RE2 takes longer to count characters than to search
    searched = text.encode() if text.isascii() else text
    for compiled, named, language in zip_longest(condition.compiled, condition.named, condition.languages):
        if found := compiled.search(searched):
            groups = {name: text[slice(*found.span(number))] for name, number in named}
            return Match(
                text=text[slice(*found.span())], groups=dict.fromkeys(condition.groups, "") | groups, language=language
            )
    return None


def match_answer(condition: Answers, situation: Situation) -> Match | None:
    """The text as an answer, if it is one of the wanted ones."""
    if situation.answer is None or situation.answer[0] not in condition.answers:
        return None
    if condition.in_languages and not any(
        situation.answers_in(language, answer) for language, answer in condition.in_languages
    ):
        return None
    return Match(text=situation.folded, language=situation.answer[1])


def match_text(condition: TextCondition | None, situation: Situation) -> Match | None:
    """How a text meets a condition; without a condition every text matches."""
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
    text = without_signature(text)
    wanted = words.split()
    heard: list[str] = []
    start = 0
    has_more = False  # than separators since the start: thousands of those in a row are looked at once
    for end, c in enumerate(text):
        around = "xx" if c.isalnum() else _folded_between(c)
        if around.startswith("x "):
            heard += fold(text[start:end]).split() if has_more else ()
            if len(heard) >= len(wanted):
                return text[end:].strip(" \t\r\n\u00a0,.;:!?-–—…\"'“”’") if heard == wanted else ""
            start, has_more = end, False
        has_more = has_more or around != "x x"
    return ""


@lru_cache(maxsize=1000)
def _folded_between(c: str) -> str:
    """What a character becomes between two letters: a space, or a word between spaces, if it separates words."""
    return fold(f"x{c}x")
