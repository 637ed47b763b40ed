"""Finds the rules that a text may match, at a cost that does not grow with their number."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import re2

from responder.core.recognition.packs import Answer
from responder.core.rules.matching import (
    Alias,
    Answers,
    How,
    Lenient,
    Pattern,
    TextCondition,
    Words,
    match_text,
    pattern_options,
    searched_text,
    word_match,
)
from responder.core.rules.situation import Match, Situation

SET_SIZE = 2000  # patterns in one set, so that none comes near the limit of its memory

Positions = dict[int, tuple[int, Alias]]
"""The rules found, each with the first of its aliases that is in the text."""


class Index:
    """The rules of a file by what they ask of the text.

    ``conditions`` has one entry for each rule, None for a rule that takes any text. ``typos`` finds the rules for
    a text with a typo; it is asked only if no rule matches exactly, except those in ``shadow``.
    """

    def __init__(
        self,
        conditions: Sequence[TextCondition | None],
        enabled: Sequence[bool],
        typos: Lenient | None = None,
        shadow: Collection[int] = (),
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
                    for answer in condition.answers:
                        self._answers[answer].append(position)
        self._sets = [_PatternSet(patterns[start : start + SET_SIZE]) for start in range(0, len(patterns), SET_SIZE)]

    def matches(self, situation: Situation) -> Iterator[tuple[int, Match]]:
        """Each rule whose text condition the text meets, from the top, with its match."""
        by_words = self._by_words(situation)
        others = self._others(situation)
        mistyped = self._mistyped(situation, {*by_words, *others})
        for position in sorted({*by_words, *others, *mistyped}):
            if position in mistyped:
                yield position, mistyped[position]
            elif position in by_words:
                condition = self._conditions[position]
                assert isinstance(condition, Words)  # noqa: S101  (only these are indexed by words)
                yield position, word_match(condition.how, by_words[position][1], situation)
            elif match := match_text(self._conditions[position], situation):
                yield position, match

    def _mistyped(self, situation: Situation, found: Collection[int]) -> Mapping[int, Match]:
        """The rules that the text means with a typo, unless it says exactly what some rule asks."""
        if self._typos is None or any(
            self._conditions[position] is not None and position not in self._shadow for position in found
        ):
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
        """Find the phrases in the text that begin with one of its first words."""
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
