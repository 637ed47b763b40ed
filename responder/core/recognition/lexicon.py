"""The words that count for a message, by the languages of the file and of the originator's country."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from responder.core.recognition.country_languages import NANP, languages_of
from responder.core.recognition.packs import (
    ALWAYS,
    TELLING,
    Answer,
    Pack,
    Word,
    Words,
    bare,
    first_letters,
    lengths_by_first,
    without,
)
from responder.core.recognition.phrases import Phrases, Span, expression, telling_words
from responder.core.sms.lazily import lazily


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
        return _merged(pack.opt_out for pack in self._languages_first)

    @lazily
    def opt_in(self) -> Words:
        return _merged(pack.opt_in for pack in self.packs)

    @lazily
    def help(self) -> Words:
        return _merged(pack.help for pack in self.packs)

    @lazily
    def courtesy(self) -> Words:
        return _merged(pack.courtesy for pack in self.packs)

    @lazily
    def courtesy_lengths(self) -> Mapping[str, tuple[int, ...]]:
        """How many words the words of courtesy have that begin with a word, the longest first."""
        return lengths_by_first(self.courtesy)

    @lazily
    def anywhere(self) -> tuple[Word, ...]:
        return tuple(_merged(pack.anywhere for pack in self._languages_first).values())

    @lazily
    def stops(self) -> Words:
        return _merged(pack.stops for pack in self.packs)

    @lazily
    def doubts(self) -> Words:
        return _merged(pack.doubts for pack in self.packs)

    @lazily
    def links(self) -> Words:
        return _merged(pack.links for pack in self.packs)

    @lazily
    def nouns(self) -> Words:
        return _merged(pack.nouns for pack in self.packs)

    @lazily
    def unscoped(self) -> Words:
        return _merged(pack.unscoped for pack in self.packs)

    @lazily
    def phrases(self) -> tuple[Word, ...]:
        return tuple(word for pack in self.packs for word in pack.phrases)

    @lazily
    def benign(self) -> tuple[Word, ...]:
        return tuple(word for pack in self.packs for word in pack.benign)

    @lazily
    def said(self) -> tuple[Word, ...]:
        """All that counts wherever it stands: what opts out, what is harmless, and the words that opt out in any case, in this order."""
        return (*self.phrases, *self.benign, *self.anywhere)

    @lazily
    def _find_said(self) -> Phrases:
        return Phrases(tuple(expression(word.typed) for word in self.said))

    def find_said(self, spaced: str) -> tuple[Sequence[Span], Sequence[Span], Sequence[Span]]:
        """Finds phrases, harmless ones and words that opt out anywhere in one search of a spaced text."""
        found = tuple(self._find_said.find(spaced))
        if not found:
            return (), (), ()
        harmless = len(self.phrases)
        others = harmless + len(self.benign)
        return (
            [span for span in found if span.position < harmless],
            [span for span in found if harmless <= span.position < others],
            [span for span in found if span.position >= others],
        )

    @lazily
    def _answering(self) -> dict[str, "Lexicon"]:
        return {}

    def answering_in(self, language: str) -> "Lexicon":
        """The lexicon whose answers are those of one language, and of none."""
        known = self._answering
        if language not in known:
            known[language] = replace(
                self, answers=_answers(pack for pack in self.packs if pack.language in (ALWAYS, language))
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
        """Words of which each text has one that holds a phrase, or is one of the words, unless that is run together or taken apart."""
        words = (*self.opt_out, *self.opt_in, *self.help, *self.doubts)
        longest = (max(folded.split(), key=len) for folded in words)
        return frozenset(longest).union(self.stops, *(telling_words(phrase.typed) for phrase in self.said))

    @lazily
    def beginnings(self) -> frozenset[str]:
        """The first letters of each text that is an opt-out word or a doubt run together or taken apart."""
        return self.begins_opt_out.union(first_letters(folded * TELLING) for folded in self.doubts if " " not in folded)


@dataclass(frozen=True)
class Vocabulary:
    """The words that count for a rules file: those of its languages, and besides those of the country of whoever writes."""

    packs: Mapping[str, Pack]
    languages: tuple[str, ...]
    home: str = ""
    """How the numbers of the file's own country begin: for those the file's languages are all."""

    @lazily
    def everywhere(self) -> Lexicon:
        """The words that count for every originator."""
        return self._of_languages(self.languages, self.languages)

    @lazily
    def _of_countries(self) -> dict[tuple[str, ...], Lexicon]:
        return {}

    def of(self, originator: str) -> Lexicon:
        """The words that count for an originator.

        Another country brings its opt-out, opt-in and help words; answers to an appointment are those of the file's languages, except that
        North American numbers always have English and French.
        """
        is_north_american = originator.startswith(NANP)
        is_at_home = bool(self.home) and originator.startswith(self.home) and not is_north_american
        languages = tuple(dict.fromkeys([*self.languages, *(() if is_at_home else languages_of(originator))]))
        if languages == self.languages and not is_north_american:
            return self.everywhere
        known = self._of_countries
        key = (*languages, NANP) if is_north_american else languages
        if key not in known:
            known[key] = self._of_languages(
                languages, languages if is_north_american else self.languages, is_north_american=is_north_american
            )
        return known[key]

    def _of_languages(
        self, languages: Iterable[str], answering: Iterable[str], *, is_north_american: bool = False
    ) -> Lexicon:
        active = [self.packs[language] for language in (ALWAYS, *languages) if language in self.packs]
        answers = _answers(self.packs[language] for language in (ALWAYS, *answering) if language in self.packs)
        return Lexicon(packs=tuple(active), answers=answers, is_north_american=is_north_american)


def vocabulary(packs: Mapping[str, Pack], languages: Iterable[str], home: str = "") -> Vocabulary:
    """The words that count for a file in these languages, the first before the others, in the country whose numbers begin so."""
    return Vocabulary(packs, tuple(dict.fromkeys(languages)), home)


def _merged(parts: Iterable[Words]) -> Words:
    merged: dict[str, Word] = {}
    for words in parts:
        merged = {**merged, **{folded: word for folded, word in words.items() if folded not in merged}}
    return merged


def _answers(packs: Iterable[Pack]) -> Mapping[str, tuple[Answer, str | None]]:
    answers: dict[str, tuple[Answer, str | None]] = {}
    for pack in packs:
        for word, answer in pack.answers.items():
            is_shared = word in answers or pack.language == ALWAYS
            answers[word] = (answers[word][0] if word in answers else answer, None if is_shared else pack.language)
    return answers


def passes_over(folded: str, lexicon: Lexicon) -> bool:
    """Whether a text holds nothing of a lexicon that recognition looks for.

    If not, it may all the same hold nothing.

    Look-alikes of Latin letters are left to recognition.
    """
    words = folded.split()
    return folded.isascii() and lexicon.tell_tales.isdisjoint(words) and not _may_be_one_word(words, folded, lexicon)


def _may_be_one_word(words: Sequence[str], folded: str, lexicon: Lexicon) -> bool:
    """Whether a text may be a word run together or taken apart, by how it begins with its courtesy and without."""
    begins = first_letters(words[0])
    if len(begins) == TELLING and words[0] not in lexicon.courtesy_lengths:
        return begins in lexicon.beginnings
    ways = folded, " ".join(without(words, lexicon.courtesy, lexicon.courtesy_lengths))
    return any(len(begins) < TELLING or begins in lexicon.beginnings for begins in map(first_letters, ways))
