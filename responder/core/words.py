"""Word packs: the words that a language has for stop, start, help, yes, no and another day."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from responder.core.calling import NANP, languages_of
from responder.core.lazily import lazily
from responder.core.phrases import Phrases, Span, expression

ALWAYS = "all"  # the pack of no language, always active
TELLING = 3  # letters
REPEATED = re.compile(r"([^\W\d_])\1+")


class Answer(StrEnum):
    """What a short answer to an appointment means."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word or phrase of a pack.

    ``yields`` marks an opt-out word that is the answer while an appointment is open; ``returning`` an opt-in word that counts only for
    someone who opted out, while nothing is open.
    """

    typed: str
    language: str
    version: str
    grade: str
    yields: bool = False
    returning: bool = False


Words = Mapping[str, Word]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """The words of one language, by their folded form, and the texts that answer them.

    ``phrases`` opt out wherever they stand, unless a phrase of ``benign`` shares a word with them; words ``anywhere`` do so in any case. A
    word of ``stops`` that is neither leaves a doubt, and so does a whole text of ``doubts``. ``courtesy`` changes nothing; ``links`` stand
    between an opt-out word and a list, ``nouns`` mean a list; ``unscoped`` words behind a stop are no list's name.
    """

    language: str
    version: str
    opt_out: Words = field(default_factory=dict)
    opt_in: Words = field(default_factory=dict)
    help: Words = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    courtesy: Words = field(default_factory=dict)
    phrases: Sequence[Word] = ()
    anywhere: Words = field(default_factory=dict)
    stops: Words = field(default_factory=dict)
    benign: Sequence[Word] = ()
    doubts: Words = field(default_factory=dict)
    links: Words = field(default_factory=dict)
    nouns: Words = field(default_factory=dict)
    unscoped: Words = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


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
        """Where phrases, harmless ones and the words that opt out anywhere stand in a spaced text, found in one search."""
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
            known[language] = replace(self, answers=_answers(pack for pack in self.packs if pack.language in (ALWAYS, language)))
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


def lengths_by_first(phrases: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
    """How many words the phrases have that begin with a word, the longest first."""
    lengths: dict[str, set[int]] = {}
    for folded in phrases:
        lengths.setdefault(folded.split()[0], set()).add(folded.count(" ") + 1)
    return {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}


def without(words: Sequence[str], phrases: Container[str], lengths: Mapping[str, tuple[int, ...]]) -> Sequence[str]:
    """The words that belong to none of the phrases, of which the longest counts.

    >>> without(["ciao", "si", "mille", "grazie"], {"ciao", "mille grazie"}, {"ciao": (1,), "mille": (2,)})
    ['si']
    """
    starts = [start for start, word in enumerate(words) if word in lengths]
    if not starts:
        return words
    kept: list[str] = []
    end = 0  # of the phrase that was found last
    for start in starts:
        for length in lengths[words[start]] if start >= end else ():
            if " ".join(words[start : start + length]) in phrases:
                kept += words[end:start]
                end = start + length
                break
    return [*kept, *words[end:]]


def first_letters(folded: str) -> str:
    """The first letters of a folded text, without blanks and without those that only repeat the one before; as many as tell most texts apart.

    >>> first_letters("s t o p"), first_letters("aassko"), first_letters("no")
    ('sto', 'ask', 'no')
    """
    found = ""
    while folded and len(found) < TELLING:
        found += folded[0]
        folded = folded.lstrip(f"{folded[0]} ")
    return found


def bare(folded: str) -> str:
    """A folded text without blanks, and with each run of one letter as one letter: what is left of all slips of a heavy thumb.

    >>> bare("s t o p"), bare("cancellla"), bare("stopp 36111")
    ('stop', 'cancela', 'stop36111')
    """
    return REPEATED.sub(r"\1", folded.replace(" ", ""))


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
            known[key] = self._of_languages(languages, languages if is_north_american else self.languages, is_north_american=is_north_american)
        return known[key]

    def _of_languages(self, languages: Iterable[str], answering: Iterable[str], *, is_north_american: bool = False) -> Lexicon:
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
