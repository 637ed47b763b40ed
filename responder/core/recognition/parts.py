"""A text taken apart for the steps that recognise reserved keywords."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.packs import Word, without
from responder.core.recognition.phrases import Span, Spans, spaced
from responder.core.sms.lazily import lazily

LONGEST_SAID = 100  # characters of a phrase that are kept as the word


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A folded text, taken apart no further than it has to be."""

    folded: str
    lexicon: Lexicon
    question_open: bool
    lists: Mapping[str, str]

    @lazily
    def typed(self) -> Sequence[str]:
        return self.folded.split()

    @lazily
    def words(self) -> Sequence[str]:
        """The words without those of courtesy."""
        return without(self.typed, self.lexicon.courtesy, self.lexicon.courtesy_lengths)

    @lazily
    def ways(self) -> tuple[str, ...]:
        """The text as it is, and without words of courtesy where that is something else."""
        return (self.folded,) if len(self.words) == len(self.typed) else (self.folded, " ".join(self.words))

    @lazily
    def spaced(self) -> str:
        return spaced(self.folded)

    @lazily
    def _found(self) -> tuple[Sequence[Span], Sequence[Span], Sequence[Span]]:
        return self.lexicon.find_said(self.spaced)

    @property
    def phrases(self) -> Sequence[Span]:
        return self._found[0]

    @property
    def benign(self) -> Sequence[Span]:
        return self._found[1]

    @lazily
    def harmless(self) -> Spans:
        return Spans(self.benign)

    @property
    def everywhere(self) -> Sequence[Span]:
        """Where a word stands that opts out anywhere."""
        return self._found[2]

    @lazily
    def stops(self) -> Sequence[tuple[Span, Word]]:
        """Where a word for stop stands in the text."""
        words, stops = self.typed, self.lexicon.stops
        if stops.keys().isdisjoint(words):
            return ()
        found: list[tuple[Span, Word]] = []
        end = 0
        for word in words:
            start, end = end, end + len(word) + 2
            if stop := stops.get(word):
                found.append((Span(start, end, 0), stop))
        return found

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

    def phrase_at(self, span: Span) -> Word:
        """A phrase as it stands in the text."""
        return replace(
            self.lexicon.said[span.position], typed=" ".join(self.spaced[span.start : span.end].split())[:LONGEST_SAID]
        )
