"""A text taken apart for the steps that recognise reserved keywords."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from responder.core.recognition.courtesy import looks_like_name
from responder.core.recognition.lexicon import Kind, Lexicon
from responder.core.recognition.packs import Word
from responder.core.recognition.phrases import Span, Spans, spaced
from responder.core.sms.lazily import lazily
from responder.core.sms.written import Written

LONGEST_SAID = 100  # characters of a phrase that are kept as the word


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A folded text, taken apart no further than it has to be."""

    written: Written
    folded: str
    """The own words with the tokens of pictures."""
    lexicon: Lexicon
    question_open: bool
    lists: Mapping[str, str]

    @lazily
    def typed(self) -> Sequence[str]:
        return self.folded.split()

    @lazily
    def words(self) -> Sequence[str]:
        """The words without those of courtesy."""
        return self.lexicon.plain(self.typed)

    @lazily
    def ways(self) -> tuple[str, ...]:
        """The text as it is, and without words of courtesy where that is something else."""
        return (self.folded,) if len(self.words) == len(self.typed) else (self.folded, " ".join(self.words))

    @lazily
    def own_words(self) -> Sequence[str]:
        """The words without pictures and emoticons, in which phrases are looked for."""
        return [token.folded for token in self.written.tokens]

    @lazily
    def gaps(self) -> Sequence[str]:
        """What stands before each of the own words, and behind the last, in the terms of ``Token.before``."""
        return [*(token.before for token in self.written.tokens), self.written.ending]

    @lazily
    def spaced(self) -> str:
        return spaced(self.written.folded)

    def place_of(self, span: Span) -> tuple[int, int]:
        """The words of a span, by their places among the own words."""
        return bisect_right(self._ends, span.start), bisect_right(self._ends, span.end)

    @lazily
    def _ends(self) -> Sequence[int]:
        """Where each of the own words ends in the spaced text."""
        return list(accumulate(len(word) + 2 for word in self.own_words))

    @lazily
    def _found(self) -> Mapping[Kind, Sequence[Span]]:
        return self.lexicon.find_said(self.spaced)

    def said(self, kind: Kind) -> Sequence[Span]:
        """Where something of a kind is said."""
        return self._found.get(kind, ())

    @lazily
    def harmless(self) -> Spans:
        return Spans(self.said(Kind.BENIGN))

    @lazily
    def stop_places(self) -> Sequence[int]:
        """The places of words for stop among the own words."""
        stops = self.lexicon.stops
        return [place for place, word in enumerate(self.own_words) if word in stops]

    @lazily
    def stops(self) -> Sequence[tuple[Span, Word]]:
        """Where words for stop stand in the text."""
        if not self.stop_places:
            return ()
        words, ends, stops = self.own_words, self._ends, self.lexicon.stops
        return [
            (Span(ends[place] - len(words[place]) - 2, ends[place], 0), stops[words[place]])
            for place in self.stop_places
        ]

    def lists_in(self, words: Sequence[str]) -> tuple[str, ...]:
        """The lists that some words name; none if they say anything else as well."""
        named: list[str] = []
        start = 0
        while start < len(words):
            ends = range(min(len(words), start + self._longest_list), start, -1)
            longest = next((end for end in ends if " ".join(words[start:end]) in self.lists), None)
            if longest:
                named.append(self.lists[" ".join(words[start:longest])])
            elif words[start] not in self.lexicon.links and words[start] not in self.lexicon.nouns:
                return ()
            start = longest or start + 1
        return tuple(dict.fromkeys(named))

    @lazily
    def _longest_list(self) -> int:
        """How many words the longest name of a list has."""
        return max((name.count(" ") + 1 for name in self.lists), default=0)

    def has_name(self, span: Span) -> bool:
        """Whether a word of a span is a name, with no pause before it: "no, soy Juan" is not "no soy Juan"."""
        start, end = self.place_of(span)
        if self.written.is_shouted or any(self.gaps[start + 1 : end]):
            return False
        return any(looks_like_name(token, self.lexicon.packed) for token in self.written.tokens[start:end])

    def phrase_at(self, span: Span) -> Word:
        """A phrase as it stands in the text."""
        return replace(
            self.lexicon.said[span.position], typed=" ".join(self.spaced[span.start : span.end].split())[:LONGEST_SAID]
        )
