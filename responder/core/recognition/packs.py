"""Word packs: the words that a language has for stop, start, help, yes, no and another day."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

ALWAYS = "all"  # the pack of no language, always active
TELLING = 3  # letters
LONGEST_BEGINNING = 4  # words by which a question is known
STEM = 4  # letters by which words are told apart that begin alike
REPEATED = re.compile(r"([^\W\d_])\1+")


class Answer(StrEnum):
    """What a short answer to an appointment means."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word or phrase of a pack.

    ``yields`` marks an opt-out word that is the answer while an appointment is open; ``returning`` an opt-in word that
    counts only for someone who opted out, while nothing is open.
    """

    typed: str
    language: str
    version: str
    grade: str
    yields: bool = False
    returning: bool = False


Words = Mapping[str, Word]


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """Words that tell what a phrase is about, folded.

    ``sending`` verbs stop only what follows them: ``ours`` (texts, lists), ``contents`` that come in any way
    (offers), or ``others`` (bills, parcels, calls), which are none of our business. ``determiners`` stand before
    what is named, ``yours`` make it ours, ``fillers`` name nothing. ``asking`` begins a question, ``requests`` one
    that asks for what it says. Somebody else does what ``reported`` says; ``only`` limits, and so do ``times``;
    ``instead`` and ``ways`` tell how to reach somebody; ``mentions`` speak of a word that is written. Words of
    ``enough`` with ``messages`` or contents say no to them; so do those that begin with ``ending``, also with what is
    ours or ``mine`` (me, my number). Those that begin with ``leaving`` mean nothing else.
    """

    ours: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    sending: frozenset[str] = frozenset()
    determiners: frozenset[str] = frozenset()
    yours: frozenset[str] = frozenset()
    fillers: frozenset[str] = frozenset()
    asking: frozenset[str] = frozenset()
    requests: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    instead: frozenset[str] = frozenset()
    ways: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()
    enough: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    ending: frozenset[str] = frozenset()
    mine: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    ordinary: frozenset[str] = frozenset()
    """Words of everyday that are one letter away from an opt-out word."""


ABOUT = tuple(entry.name for entry in fields(About))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """The words of one language, by their folded form, and the texts that answer them.

    ``phrases`` opt out wherever they stand, unless a phrase of ``benign`` shares a word with them or they are ``about``
    something else; words ``anywhere`` do so in any case. A
    word of ``stops`` that is neither leaves a doubt, as do a whole text of ``doubts``, and ``complaints`` and
    ``wrong_numbers`` anywhere. ``courtesy`` changes nothing; ``links`` stand between an opt-out word and a list,
    ``nouns`` mean a list; ``unscoped`` words behind a stop are no list's name.
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
    complaints: Sequence[Word] = ()
    wrong_numbers: Sequence[Word] = ()
    about: About = field(default_factory=About)
    links: Words = field(default_factory=dict)
    nouns: Words = field(default_factory=dict)
    unscoped: Words = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


class Stems:
    """How some words begin, whatever their endings are."""

    def __init__(self, stems: Iterable[str]) -> None:
        found: dict[str, tuple[str, ...]] = {}
        for stem in stems:
            found[stem[:STEM]] = (*found.get(stem[:STEM], ()), stem)
        self.by_letters = found

    def begin(self, word: str) -> bool:
        """Whether a word begins like one of them.

        >>> Stems(["cancel"]).begin("cancelled"), Stems(["cancel"]).begin("cancer")
        (True, False)
        """
        return word.startswith(self.by_letters.get(word[:STEM], ()))


def merged(parts: Iterable[Words]) -> Words:
    """The words of several parts together; where two share one, the earlier part has it."""
    found: dict[str, Word] = {}
    for words in parts:
        found = {**found, **{folded: word for folded, word in words.items() if folded not in found}}
    return found


def answers_of(packs: Iterable[Pack]) -> Mapping[str, tuple[Answer, str | None]]:
    answers: dict[str, tuple[Answer, str | None]] = {}
    for pack in packs:
        for word, answer in pack.answers.items():
            is_shared = word in answers or pack.language == ALWAYS
            answers[word] = (answers[word][0] if word in answers else answer, None if is_shared else pack.language)
    return answers


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


def begins_with(words: Sequence[str], beginnings: Iterable[str]) -> bool:
    return any(" ".join(words[:length]) in beginnings for length in range(1, min(LONGEST_BEGINNING, len(words)) + 1))


def first_letters(folded: str) -> str:
    """The first letters of a folded text, without blanks and without those that only repeat the one before.

    As many as tell most texts apart.

    >>> first_letters("s t o p"), first_letters("aassko"), first_letters("no")
    ('sto', 'ask', 'no')
    """
    found = folded[:TELLING]
    if len(found) == TELLING and found[0] != found[1] != found[2] and " " not in found:
        return found
    found = ""
    while folded and len(found) < TELLING:
        found += folded[0]
        folded = folded.lstrip(f"{folded[0]} ")
    return found


def bare(folded: str) -> str:
    """A folded text without blanks, and with each run of one letter as one letter.

    >>> bare("s t o p"), bare("cancellla"), bare("stopp 36111")
    ('stop', 'cancela', 'stop36111')
    """
    return REPEATED.sub(r"\1", folded.replace(" ", ""))
