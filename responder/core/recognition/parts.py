"""A text taken apart for the steps that recognise reserved keywords."""

from bisect import bisect_right
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from responder.core.recognition.courtesy import looks_like_name
from responder.core.recognition.lexicon import Kind, Lexicon
from responder.core.recognition.packs import STEM, TELLING, Word, begins_with, first_letters
from responder.core.recognition.phrases import Span, Spans, spaced
from responder.core.sms.lazily import lazily
from responder.core.sms.written import Written

SENTENCE_ENDS = (".", "?", "\n")
LONGEST_REFUSAL = 7  # words
LONGEST_SENTENCE = 3 * LONGEST_REFUSAL  # words, with the courtesy around a refusal
ONE = frozenset(
    {"a", "one", "un", "una", "uno", "um", "uma", "une", "ein", "eine", "einen", "een", "jeden", "jedna", "o"}
)
"""With these, enough is what suffices: "basta un sms"."""
NEGATIONS = frozenset({
    "no", "not", "dont", "never", "non", "nn", "ne", "pas", "nao", "nicht", "kein", "niet", "geen", "nie", "nu",
    "nothing", "niente", "nulla", "rien", "nada", "nichts", "niets", "niks", "nic", "nimic",
})  # fmt: skip
SPAM = "spam"  # which nobody names who wants it
CLITICS = ("mi", "me")  # "me" behind a verb: cancellarmi, quitarme
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

    @lazily
    def sentences(self) -> Sequence[Sequence[str]]:
        """The own words by short sentences, each without courtesy; none that asks and requests nothing."""
        ends = [place for place, gap in enumerate(self.gaps) if place and gap in SENTENCE_ENDS]
        ends = ends if ends[-1:] == [len(self.own_words)] else [*ends, len(self.own_words)]
        said = [(self.own_words[begin:end], self.gaps[end]) for begin, end in pairwise([0, *ends])]
        return [
            self.lexicon.plain(words)
            for words, mark in said
            if len(words) <= LONGEST_SENTENCE and self._tells(words, mark)
        ]

    def _tells(self, words: Sequence[str], mark: str) -> bool:
        about = self.lexicon.about
        return (mark != "?" and not begins_with(words, about.asking)) or begins_with(words, about.requests)

    def place_of(self, span: Span) -> tuple[int, int]:
        """The words of a span, by their places among the own words."""
        return bisect_right(self._ends, span.start), bisect_right(self._ends, span.end)

    @lazily
    def _ends(self) -> Sequence[int]:
        return list(accumulate(len(word) + 2 for word in self.own_words))

    @lazily
    def _found(self) -> Mapping[Kind, Sequence[Span]]:
        return self.lexicon.find_said(self.spaced)

    def said(self, kind: Kind) -> Sequence[Span]:
        return self._found.get(kind, ())

    @lazily
    def harmless(self) -> Spans:
        return Spans(self.said(Kind.BENIGN))

    @lazily
    def stop_places(self) -> Sequence[int]:
        stops = self.lexicon.stops
        return [place for place, word in enumerate(self.own_words) if word in stops]

    @lazily
    def stops(self) -> Sequence[tuple[Span, Word]]:
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
        return max((name.count(" ") + 1 for name in self.lists), default=0)

    def has_name(self, span: Span) -> bool:
        """Whether a word of a span is a name, with no pause before it: "no, soy Juan" is not "no soy Juan"."""
        start, end = self.place_of(span)
        if self.written.is_shouted or any(self.gaps[start + 1 : end]):
            return False
        return any(looks_like_name(token, self.lexicon.packed) for token in self.written.tokens[start:end])

    def phrase_at(self, span: Span) -> Word:
        return replace(
            self.lexicon.said[span.position], typed=" ".join(self.spaced[span.start : span.end].split())[:LONGEST_SAID]
        )


def refuses(said: Sequence[str], lexicon: Lexicon, *, question_open: bool) -> bool:
    """Whether words say no to our texts and nothing else: "no more reminders", "es reicht mit den SMS", "erase me".

    While a question is open, what is to end may be the appointment, so that the texts have to be named.
    """
    if not said or len(said) > LONGEST_REFUSAL or not ONE.isdisjoint(said):
        return False
    about, named = lexicon.about, lexicon.about.messages | lexicon.about.contents
    ends = [word for word in said if lexicon.ending.begin(word)] if NEGATIONS.isdisjoint(said) else []
    refuses_named = not named.isdisjoint(said) and (bool(ends) or not about.enough.isdisjoint(said) or SPAM in said)
    ends_mine = any(word.endswith(CLITICS) for word in ends) or not (about.mine | about.ours).isdisjoint(said)
    if not refuses_named and (question_open or not ends or not ends_mine):
        return False
    beside: tuple[Container[str], ...] = (named, about.enough, about.determiners, about.yours, lexicon.unscoped)
    if ends:
        beside = (*beside, about.ours, about.mine, about.sending, lexicon.wishes)
    return all(word in ends or any(word in some for some in beside) for word in said)


def passes_over(folded: str, lexicon: Lexicon) -> bool:
    """Whether a text holds nothing of a lexicon that recognition looks for.

    If not, it may all the same hold nothing.

    Look-alikes of Latin letters are left to recognition.
    """
    if folded in lexicon.opt_in or folded in lexicon.help or not folded.isascii():
        return False
    words = folded.split()
    is_told = not lexicon.tell_tales.isdisjoint(words)
    is_told = is_told or not lexicon.first_letters_of_ending.isdisjoint([word[:STEM] for word in words])
    return not is_told and not _may_be_one_word(words, folded, lexicon)


def _may_be_one_word(words: Sequence[str], folded: str, lexicon: Lexicon) -> bool:
    """Whether a text may be a word run together or taken apart, by how it begins with its courtesy and without."""
    begins = first_letters(words[0])
    if len(begins) == TELLING and words[0] not in lexicon.courtesy_lengths:
        return begins in lexicon.beginnings
    ways = folded, " ".join(lexicon.plain(words))
    return any(len(begins) < TELLING or begins in lexicon.beginnings for begins in map(first_letters, ways))
