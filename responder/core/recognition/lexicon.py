"""The words that count for a message, by the languages of the file and of the originator's country."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from responder.core.recognition.courtesy import COURTESY
from responder.core.recognition.packs import (
    ABOUT,
    ALWAYS,
    TELLING,
    About,
    Answer,
    Pack,
    Stems,
    Word,
    Words,
    answers_of,
    bare,
    first_letters,
    lengths_by_first,
    merged,
    without,
)
from responder.core.recognition.phrases import Phrases, Span, expression, telling_words, words_of
from responder.core.recognition.slips import Slips
from responder.core.sms.lazily import lazily
from responder.core.sms.text import fold


class Kind(StrEnum):
    """What a phrase says that counts wherever it stands in a text."""

    PHRASES = "phrases"
    BENIGN = "benign"
    ANYWHERE = "anywhere"
    COMPLAINTS = "complaints"
    WRONG_NUMBERS = "wrong_numbers"


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The words of several packs together; where two share a word, the earlier pack has it."""

    packs: tuple[Pack, ...]
    answers: Mapping[str, tuple[Answer, str | None]]
    """Each with its language; None where several of the languages share the word, or all do."""
    is_north_american: bool = False

    @lazily
    def _languages_first(self) -> tuple[Pack, ...]:
        """The packs of languages before that of none, so that an opt-out is confirmed in the language of its word."""
        return tuple(sorted(self.packs, key=lambda pack: pack.language == ALWAYS))

    @lazily
    def opt_out(self) -> Words:
        return merged(pack.opt_out for pack in self._languages_first)

    @lazily
    def opt_in(self) -> Words:
        return merged(pack.opt_in for pack in self.packs)

    @lazily
    def help(self) -> Words:
        return merged(pack.help for pack in self.packs)

    @lazily
    def courtesy(self) -> frozenset[str]:
        """What changes no opt-out: what people say beside anything, and what the packs have."""
        return COURTESY.union(*(pack.courtesy for pack in self.packs))

    @lazily
    def courtesy_lengths(self) -> Mapping[str, tuple[int, ...]]:
        """How many words the words of courtesy have that begin with a word, the longest first."""
        return lengths_by_first(self.courtesy)

    @lazily
    def _polite_opt_out(self) -> Mapping[str, str]:
        """The opt-out words that hold courtesy themselves, such as "no more please", by what is left without it."""
        left = ((" ".join(self._without_courtesy(folded.split())), folded) for folded in self.opt_out)
        return {rest: folded for rest, folded in left if rest != folded}

    def plain(self, words: Sequence[str]) -> Sequence[str]:
        """The words without those of courtesy, but for what belongs to an opt-out word."""
        rest = self._without_courtesy(words)
        polite = self._polite_opt_out.get(" ".join(rest)) if len(rest) < len(words) else None
        return polite.split() if polite and f" {polite} " in f" {' '.join(words)} " else rest

    def _without_courtesy(self, words: Sequence[str]) -> Sequence[str]:
        return without(words, self.courtesy, self.courtesy_lengths)

    @lazily
    def anywhere(self) -> tuple[Word, ...]:
        return tuple(merged(pack.anywhere for pack in self._languages_first).values())

    @lazily
    def stops(self) -> Words:
        return merged(pack.stops for pack in self.packs)

    @lazily
    def doubts(self) -> Words:
        return merged(pack.doubts for pack in self.packs)

    @lazily
    def links(self) -> Words:
        return merged(pack.links for pack in self.packs)

    @lazily
    def nouns(self) -> Words:
        return merged(pack.nouns for pack in self.packs)

    @lazily
    def unscoped(self) -> Words:
        return merged(pack.unscoped for pack in self.packs)

    @lazily
    def about(self) -> About:
        """The words of all packs that tell what a phrase is about."""
        return About(**{name: frozenset().union(*(getattr(pack.about, name) for pack in self.packs)) for name in ABOUT})

    @lazily
    def wishes(self) -> frozenset[str]:
        """The words of requests, and those between an opt-out word and a list."""
        return frozenset(word for asked in self.about.requests for word in asked.split()).union(self.links, self.nouns)

    @lazily
    def anywhere_words(self) -> frozenset[str]:
        return frozenset(word for entry in self.anywhere for word in fold(entry.typed).split())

    @lazily
    def said(self) -> tuple[Word, ...]:
        """All that counts wherever it stands, in the order of ``Kind``."""
        return tuple(word for kind in Kind for word in self._of_kind(kind))

    def _of_kind(self, kind: Kind) -> tuple[Word, ...]:
        return self.anywhere if kind is Kind.ANYWHERE else tuple(chain(*(getattr(pack, kind) for pack in self.packs)))

    @lazily
    def _find_said(self) -> Phrases:
        return Phrases(tuple(expression(word.typed) for word in self.said))

    def find_said(self, spaced: str) -> Mapping[Kind, Sequence[Span]]:
        """Finds all that counts wherever it stands in one search of a spaced text."""
        found: dict[Kind, list[Span]] = {}
        for span in self._find_said.find(spaced):
            found.setdefault(self._kinds[span.position], []).append(span)
        return found

    @lazily
    def _kinds(self) -> tuple[Kind, ...]:
        return tuple(kind for kind in Kind for _ in self._of_kind(kind))

    @lazily
    def _answering(self) -> dict[str, "Lexicon"]:
        return {}

    def answering_in(self, language: str) -> "Lexicon":
        """The lexicon whose answers are those of one language, and of none."""
        known = self._answering
        if language not in known:
            known[language] = replace(
                self, answers=answers_of(pack for pack in self.packs if pack.language in (ALWAYS, language))
            )
        return known[language]

    @lazily
    def ends_of_opt_out(self) -> tuple[frozenset[str], frozenset[str]]:
        """The words that opt-out words begin with, and those that they end with."""
        split = [folded.split() for folded in self.opt_out]
        return frozenset(words[0] for words in split), frozenset(words[-1] for words in split)

    @lazily
    def begins_opt_out(self) -> frozenset[str]:
        """The first letters of ``bare_opt_out``, said again and again, as many as tell most texts apart."""
        return frozenset(first_letters(folded * TELLING) for folded in self.bare_opt_out)

    @lazily
    def bare_opt_out(self) -> Words:
        """The opt-out words without blanks and without doubled letters."""
        return {bare(folded): word for folded, word in reversed(list(self.opt_out.items()))}

    @lazily
    def tell_tales(self) -> frozenset[str]:
        """Words of which each text has one that recognition finds something in.

        Not those that are a word for help or an opt-in as a whole, or one that is run together or apart.
        """
        words = (*self.opt_out, *self.doubts)
        longest = (max(folded.split(), key=len) for folded in words)
        named = self.stops, self.about.messages, self.about.contents
        return frozenset(longest).union(*named, *(telling_words(phrase.typed) for phrase in self.said))

    @lazily
    def leaving(self) -> Stems:
        """How words begin that mean leaving a list."""
        return Stems(self.about.leaving)

    @lazily
    def ending(self) -> Stems:
        """How words begin that mean an end of something."""
        return Stems(self.about.ending)

    @lazily
    def first_letters_of_ending(self) -> frozenset[str]:
        return frozenset((*self.leaving.by_letters, *self.ending.by_letters))

    @lazily
    def packed(self) -> frozenset[str]:
        words = (self.opt_out, self.opt_in, self.help, self.doubts, self.answers, self.links, self.nouns, self.unscoped)
        typed = (folded for some in (*words, *(pack.courtesy for pack in self.packs)) for folded in some)
        told = (entry for name in ABOUT for entry in getattr(self.about, name))
        return frozenset(word for text in (*typed, *told) for word in text.split()).union(
            word for said in self.said for word in words_of(said.typed)
        )

    @lazily
    def slips(self) -> Slips:
        """What may be meant by a text that is one letter away from an opt-out."""
        several = (word for folded in self.opt_out if " " in folded for word in folded.split())
        phrased = (word for phrase in self._of_kind(Kind.PHRASES) for word in words_of(phrase.typed))
        return Slips(
            opt_out=self.opt_out,
            phrase_words=frozenset((*several, *phrased)),
            common=self.packed - {"stp"} if self.is_north_american else self.packed,  # French there, where few write it
            ordinary=self.about.ordinary,
        )

    @lazily
    def beginnings(self) -> frozenset[str]:
        """The first letters of each text that is an opt-out word or a doubt run together or taken apart."""
        return self.begins_opt_out.union(first_letters(folded * TELLING) for folded in self.doubts if " " not in folded)
