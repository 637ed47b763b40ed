"""Word packs: the words that a language has for stop, start, help, yes, no and another day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ALWAYS = "all"  # the pack of no language, always active
NANP = "+1"  # its numbers always get English and French (opt-out reference, section 1, Canada)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """The words of one language, by their folded form, and the texts that answer them."""

    language: str
    version: str
    opt_out: Mapping[str, Word] = field(default_factory=dict)
    opt_in: Mapping[str, Word] = field(default_factory=dict)
    help: Mapping[str, Word] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """The words of several packs together; where two share a word, the earlier pack has it."""

    opt_out: Mapping[str, Word]
    opt_in: Mapping[str, Word]
    help: Mapping[str, Word]
    answers: Mapping[str, tuple[Answer, str | None]]
    """Each with its language; None where several of the languages share the word, or all do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The words that count for a rules file: those of its languages, and for North American numbers English and French as well."""

    everywhere: Lexicon
    north_america: Lexicon

    def of(self, originator: str) -> Lexicon:
        """The words that count for an originator."""
        return self.north_america if originator.startswith(NANP) else self.everywhere


def lexicon(packs: Iterable[Pack]) -> Lexicon:
    """The words of several packs as one."""
    opt_out: dict[str, Word] = {}
    opt_in: dict[str, Word] = {}
    helps: dict[str, Word] = {}
    answers: dict[str, tuple[Answer, str | None]] = {}
    for pack in packs:
        opt_out = {**pack.opt_out, **opt_out}
        opt_in = {**pack.opt_in, **opt_in}
        helps = {**pack.help, **helps}
        for word, answer in pack.answers.items():
            is_shared = word in answers or pack.language == ALWAYS
            answers[word] = (answers[word][0] if word in answers else answer, None if is_shared else pack.language)
    return Lexicon(opt_out=opt_out, opt_in=opt_in, help=helps, answers=answers)


def vocabulary(packs: Mapping[str, Pack], languages: Iterable[str]) -> Vocabulary:
    """The words that count for a file in these languages, the first before the others."""
    active = dict.fromkeys([ALWAYS, *languages])
    abroad = dict.fromkeys([*active, "en", "fr"])
    return Vocabulary(
        everywhere=lexicon(packs[language] for language in active if language in packs),
        north_america=lexicon(packs[language] for language in abroad if language in packs),
    )
