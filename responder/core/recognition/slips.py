"""Slips of the thumb: a whole text that is one letter away from an opt-out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rapidfuzz.distance import OSA

from responder.core.sms.lazily import lazily

SHORTEST, LONGEST = 5, 40  # letters of a text that may be a slip; in a shorter one a letter makes another word
SHORTEST_WORD = 6  # letters of a word in a phrase that may be meant
LONGEST_PHRASE = 8  # words
ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
END = 2  # letters: of a text with one slip, so many at its beginning or at its end are as they should be
STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """Texts in which those that are one letter away from another are found."""

    by_omission: Mapping[str, Sequence[str]]
    """The texts, by themselves and by what is left when any one letter is left out."""
    beginnings: frozenset[str]
    ends: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """These texts, ready to be found."""
        by_omission: dict[str, list[str]] = {}
        known = tuple(texts)
        for text in known:
            for key in _keys(text):
                by_omission.setdefault(key, []).append(text)
        return cls(
            by_omission=by_omission,
            beginnings=frozenset(text[:END] for text in known),
            ends=frozenset(text[-END:] for text in known),
        )

    def to(self, text: str) -> Iterator[str]:
        """The texts that are one letter, or two letters changed about, away from a text."""
        if len(text) < SHORTEST or (text[:END] not in self.beginnings and text[-END:] not in self.ends):
            return
        near = {other for key in _keys(text) for other in self.by_omission.get(key, ())}
        yield from sorted(other for other in near if OSA.distance(text, other, score_cutoff=1) == 1)


@dataclass(frozen=True, kw_only=True)
class Slips:
    """What may be meant by texts that are one letter away from an opt-out word, or from a word of a phrase.

    ``common`` are all words that mean something to us, ``ordinary`` those that mean something to everybody.
    """

    opt_out: Collection[str]
    phrase_words: Iterable[str]
    common: Collection[str]
    ordinary: Collection[str]

    @lazily
    def _texts(self) -> Near:
        return Near.of(folded for folded in self.opt_out if len(folded) >= SHORTEST)

    @lazily
    def _words(self) -> Near:
        return Near.of(word for word in self.phrase_words if len(word) >= SHORTEST_WORD)

    @lazily
    def _stops(self) -> frozenset[str]:
        return frozenset(
            slip for slip in _typed_for(STOP) if slip in self.opt_out or not self._means_something(slip)
        ) - {STOP}

    def meant(self, words: Sequence[str], plain: Sequence[str]) -> Iterator[str]:
        """The texts that may have been meant by some words, or by the words without courtesy."""
        if any(len(some) == 1 and some[0] in self._stops for some in (words, plain)):
            yield STOP
        if plain and not self._is_ordinary(plain):
            yield from self._texts.to(" ".join(plain))
        strange = [place for place, word in enumerate(words) if word in self._stops or not self._means_something(word)]
        if len(strange) == 1 and 1 < len(words) <= LONGEST_PHRASE:
            (place,) = strange
            meant = (STOP,) if words[place] in self._stops else self._words.to(words[place])
            yield from (" ".join([*words[:place], other, *words[place + 1 :]]) for other in meant)

    def _is_ordinary(self, words: Sequence[str]) -> bool:
        """Whether words are none that a thumb could have meant otherwise."""
        return " ".join(words) in self.ordinary or (len(words) == 1 and self._means_something(words[0]))

    def _means_something(self, word: str) -> bool:
        return word in self.common or word in self.ordinary


def _keys(text: str) -> set[str]:
    return {text, *(text[:place] + text[place + 1 :] for place in range(len(text)))}


def _typed_for(word: str) -> Iterator[str]:
    """What a thumb makes of a short word: a key beside the right one, a letter left out, two changed about."""
    for place, letter in enumerate(word):
        before, after = word[:place], word[place + 1 :]
        yield before + after
        for beside in _beside(letter):
            yield before + beside + after
            yield before + letter + beside + after
            yield before + beside + letter + after
        if after:
            yield before + after[0] + letter + after[1:]


def _beside(letter: str) -> Iterator[str]:
    for number, row in enumerate(ROWS):
        if (place := row.find(letter)) < 0:
            continue
        yield from row[max(0, place - 1) : place] + row[place + 1 : place + 2]
        for other in ROWS[max(0, number - 1) : number] + ROWS[number + 1 : number + 2]:
            yield from other[max(0, place - 1) : place + 2]
