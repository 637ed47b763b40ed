"""Finds rules that a text misses by one letter, however many rules there are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from responder.core.rules.matching import Alias, How, Words, rest_after
from responder.core.rules.situation import Match, Situation

SHORTEST_MISTYPED = 5  # letters; in a shorter word another letter often makes another word
LONGEST_MISTYPED = 40  # letters, so that no text can hold a worker
MOST_WORDS = 300  # of a text: ten segments


def may_be_mistyped(word: str) -> bool:
    """Whether a word of a rule may have a wrong letter in a text.

    >>> may_be_mistyped("sunday"), may_be_mistyped("news"), may_be_mistyped("ab12cd")
    (True, False, False)
    """
    return SHORTEST_MISTYPED <= len(word) <= LONGEST_MISTYPED and word.isalpha()


def mistyped(typed: Sequence[str], words: Sequence[str]) -> str | None:
    """The one word with a letter wrong, missing, doubled or swapped; None unless all others are right.

    >>> mistyped(["weekyl", "news"], ["weekly", "news"])
    'weekyl'
    """
    wrong = [pair for pair in zip(typed, words, strict=False) if pair[0] != pair[1]]
    if len(wrong) != 1 or len(typed) != len(words):
        return None
    ((word, meant),) = wrong
    return (
        word if may_be_mistyped(meant) and word.isalpha() and OSA.distance(word, meant, score_cutoff=1) == 1 else None
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A phrase with its rule: the position of the rule, the place among its aliases, and the alias."""

    words: tuple[str, ...]
    position: int = 0
    ordinal: int = 0
    alias: Alias | None = None


class Phrases:
    """Phrases that are found by any text that is one typo away from them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.lengths: set[int] = set()
        self._entries: dict[int, list[Entry]] = defaultdict(list)
        for entry in entries:
            self.lengths.add(len(entry.words))
            for key in _keys(entry.words):
                self._entries[key].append(entry)

    def near(self, typed: Sequence[str]) -> Iterator[tuple[Entry, str]]:
        """Each phrase that is meant by what was typed, with the word that was mistyped."""
        for key in _keys(typed):
            for entry in self._entries.get(key, ()):
                if word := mistyped(typed, entry.words):
                    yield entry, word


def _keys(words: Sequence[str]) -> Iterator[int]:
    """Hashes of which two phrases share one if they are a typo apart.

    Each is of a word, whole or less one letter, and of what stands around it.
    """
    total = sum(hash(numbered) for numbered in enumerate(words))
    for place, word in enumerate(words):
        if SHORTEST_MISTYPED - 1 <= len(word) <= LONGEST_MISTYPED + 1:
            around = total - hash((place, word))
            yield hash((place, around, word))
            yield from (hash((place, around, word[:n] + word[n + 1 :])) for n in range(len(word)))


class Typos:
    """The rules that accept a wrong letter. What is near a reserved word is never taken for one of them."""

    def __init__(self, rules: Iterable[tuple[int, Words]], reserved: Iterable[str]) -> None:
        listed = list(rules)
        self._phrases = {how: Phrases(_entries(listed, how)) for how in How}
        self._reserved = frozenset(reserved) if listed else frozenset()
        self._near_reserved = Phrases(Entry(words=tuple(phrase.split())) for phrase in self._reserved)

    def matches(self, situation: Situation) -> dict[int, Match]:
        """The rules that the text means with one typo, each with how it does."""
        words = situation.words
        found: dict[int, tuple[int, int, Match]] = {}
        if len(words) > MOST_WORDS or self._is_reserved(words):
            return {}
        for how, phrases in self._phrases.items():
            for start, typed in runs(how, words, phrases.lengths):
                for entry, word in phrases.near(typed):
                    if self._is_reserved((word,)) or (
                        entry.position in found and found[entry.position][:2] <= (entry.ordinal, start)
                    ):
                        continue
                    found[entry.position] = (
                        entry.ordinal,
                        start,
                        match_of(how, entry.words, entry.alias, typed, situation),
                    )
        return {position: match for position, (_, _, match) in found.items()}

    def _is_reserved(self, typed: Sequence[str]) -> bool:
        return " ".join(typed) in self._reserved or next(self._near_reserved.near(typed), None) is not None


def _entries(rules: Iterable[tuple[int, Words]], how: How) -> Iterator[Entry]:
    for position, condition in rules:
        if condition.how is how:
            for ordinal, alias in enumerate(condition.aliases):
                yield Entry(words=tuple(alias.folded.split()), position=position, ordinal=ordinal, alias=alias)


def runs(how: How, words: Sequence[str], lengths: Iterable[int]) -> Iterator[tuple[int, Sequence[str]]]:
    """What may stand for a phrase of one of these lengths, with where it starts."""
    for length in lengths:
        if length > len(words) or (how is How.TEXT and length != len(words)):
            continue
        for start in range(len(words) - length + 1 if how is How.CONTAINS else 1):
            yield start, words[start : start + length]


def match_of(how: How, words: Sequence[str], alias: Alias | None, typed: Sequence[str], situation: Situation) -> Match:
    text = " ".join(typed)
    rest = rest_after(situation.text, text) if how is How.STARTS_WITH else ""
    return Match(text=text, rest=rest, language=alias.language if alias else None, taken_for=" ".join(words))


SHORTEST_PHRASE = 4  # letters of words that one wrong letter leaves recognisable
Bucket = tuple[int, int, str]
"""The length of a phrase, and its first or last letter: of one of these, one wrong letter leaves the other as it is."""


class Nearness:
    """The phrases of rules by length, first and last letter, to explain what was one letter off.

    Unlike ``Typos`` it looks at blanks and short words too. One index cannot serve both: keyed like ``Phrases``,
    this one takes twenty times as long to build and 17 times the memory (5,000 rules: 1.7 s and 30 MB, traced);
    keyed like this one, ``Typos`` takes six times as long for a text at 50,000 rules.
    """

    def __init__(self, conditions: Iterable[tuple[int, Words]]) -> None:
        self._phrases: dict[How, dict[Bucket, list[tuple[str, int]]]] = {how: defaultdict(list) for how in How}
        self._most_words = dict.fromkeys(How, 0)
        for position, condition in conditions:
            for alias in condition.aliases:
                if len(alias.folded) >= SHORTEST_PHRASE:
                    self._add(condition.how, alias.folded, position)

    def _add(self, how: How, phrase: str, position: int) -> None:
        self._most_words[how] = max(self._most_words[how], phrase.count(" ") + 1)
        for end in (0, -1):
            self._phrases[how][len(phrase), end, phrase[end]].append((phrase, position))

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, str, str]]:
        """The position of each rule that is one letter off, with its words and what was typed."""
        for how, buckets in self._phrases.items():
            # a blank may be the letter that is off, so there may be a word more
            for _, run in runs(how, words, range(1, self._most_words[how] + 2) if buckets else ()):
                said = " ".join(run)
                for length in (len(said) - 1, len(said), len(said) + 1):
                    for end in (0, -1):
                        for phrase, position in buckets.get((length, end, said[end]), ()):
                            if OSA.distance(said, phrase, score_cutoff=1) == 1:
                                yield position, phrase, said
