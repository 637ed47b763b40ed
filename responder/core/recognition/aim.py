"""What a phrase that would opt out is aimed at: our texts, something else, or nothing, since it only asks or tells."""

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from responder.core.recognition.courtesy import is_kiss
from responder.core.recognition.packs import Words, begins_with
from responder.core.recognition.parts import SENTENCE_ENDS, Parts
from responder.core.recognition.phrases import Span

SOON = 4  # words behind a phrase among which a time stands that limits it
NEAR = 3  # words between "your" and the list or the texts that it is said of
SHORTEST_OTHER = 5  # letters of a word that another is made with: Papierrechnungen
LONGEST_OTHER = 30  # letters; the longest that a pack has is shorter, and a word may be the whole of a long text
LONGEST_AROUND = 60  # words on each side of a phrase that are looked at, so that no text can hold a worker
OPENS_CLAUSE = ("auf", "op")  # the verb "to stop", after which a comma may stand before what is to stop
HOUR = re.compile(r"[0-9]{1,2}(?:[0-9]{2})?(?:am|pm|h|uhr)?")
BEFORE_HOUR = frozenset({
    "after", "before", "past", "until", "till", "at", "dopo", "prima", "le", "delle", "alle", "nach", "vor", "um", "ab",
    "apres", "avant", "a", "las", "despues", "antes", "depois", "das", "na", "voor", "po", "przed", "dupa", "inainte",
    "de", "ora",
})  # fmt: skip
"""Words behind which a number is an hour."""
NEW_CLAUSE = frozenset({
    "i", "ill", "im", "ive", "or", "otherwise", "else", "because", "cause", "cuz", "since", "if", "altrimenti",
    "oppure", "se", "perche", "sinon", "ou", "je", "sonst", "oder", "weil", "ich", "sino", "si", "porque", "pues",
    "senao", "eu", "anders", "ik", "bo", "albo", "inaczej", "sau", "altfel", "fiindca",
})  # fmt: skip
"""Words with which another thought begins, though no comma tells."""


class Aim(StrEnum):
    """What a phrase is aimed at."""

    TEXTS = "texts"
    OTHER = "other"
    """Bills, parcels, calls: not what we send."""
    UNKNOWN = "unknown"
    MENTION = "mention"
    """A word that we, or others, tell people to write."""
    QUESTION = "question"
    """Somebody asks about opting out, and does not do it."""
    REMARK = "remark"
    """Somebody tells of others, or asks about something else."""


def aim_of(text: Parts, span: Span) -> Aim:
    start, end = text.place_of(span)
    sentence = _Sentence(text, start, end)
    if sentence.is_hint:
        if sentence.asks:
            return Aim.QUESTION
        return Aim.TEXTS if sentence.is_alone else Aim.MENTION
    if sentence.asks and not sentence.is_request:
        return _asked_about(sentence)
    if sentence.is_reported:
        return Aim.REMARK
    if sentence.names_a_time and not text.lexicon.is_north_american:
        return Aim.UNKNOWN
    if sentence.is_limited:
        return Aim.QUESTION if sentence.asks or sentence.is_request else Aim.UNKNOWN
    aim = _object(sentence)
    return Aim.UNKNOWN if aim is Aim.TEXTS and sentence.prefers_another_way else aim


def mentions(text: Parts, place: int) -> bool:
    """Whether a word for stop is only spoken of: as what somebody wrote, or as what we tell people to write."""
    sentence = _Sentence(text, place, place + 1)
    return sentence.is_hint and not sentence.is_alone


def asks_about(text: Parts, place: int) -> bool:
    """Whether a question is about the word for stop itself."""
    sentence = _Sentence(text, place, place + 1)
    return sentence.is_hint and sentence.asks


def stops_other(text: Parts, place: int) -> bool:
    """Whether what follows a word for stop is none of our texts: ``stop the bills``."""
    sentence, about = _Sentence(text, place, place + 1), text.lexicon.about
    between = about.determiners | text.lexicon.links.keys()
    named = next((word for word in sentence.tail if word not in between), None)
    return named is not None and sentence.is_other(named)


class _Sentence:
    """The sentence around some words of a text: what comes before them, and what behind."""

    def __init__(self, text: Parts, start: int, end: int) -> None:
        self.lexicon, self.about = text.lexicon, text.lexicon.about
        begin, until = max(0, start - LONGEST_AROUND), end + LONGEST_AROUND
        words, gaps = text.own_words[begin:until], text.gaps[begin : until + 1]
        start, end = start - begin, end - begin
        first, last = start, end
        while first > 0 and gaps[first] not in SENTENCE_ENDS:
            first -= 1
        while last < len(words) and gaps[last] not in SENTENCE_ENDS:
            last += 1
        pause = next((place for place in range(end, last) if gaps[place] == ","), last)
        self.all, self.words = words[first:last], words[start:end]
        if pause == end and words[end - 1] in OPENS_CLAUSE:
            pause = last
        begun = next((place for place in range(end, pause) if words[place] in NEW_CLAUSE), pause)
        while begun > end and is_kiss(words[begun - 1]):
            begun -= 1
        self.head, self.tail = self._plain(words[first:start]), self._plain(words[end:begun])
        clause = next((place for place in range(start, first, -1) if gaps[place] == ","), first)
        self.before = words[max(clause, start - 2) : start]
        self.is_one_clause = clause == first
        self.rest = words[pause:]
        self.elsewhere = [*words[:first], *self.rest]
        self.is_alone = not self.head and not self._plain([*words[:first], *words[last:]])
        self.ends_asking = gaps[last] == "?"

    def _plain(self, words: Sequence[str]) -> Sequence[str]:
        return self.lexicon.plain(words)

    @property
    def asks(self) -> bool:
        """Whether the sentence is a question, with a mark or by how it begins."""
        return self.ends_asking or (self.is_one_clause and begins_with([*self.head, *self.words], self.about.asking))

    @property
    def is_request(self) -> bool:
        """Whether it asks for what the phrase says: can you, how do I."""
        said, beginnings = [*self.head, *self.words], self.about.requests
        in_head = any(begins_with(said[place:], beginnings) for place in range(len(self.head)))
        return in_head or begins_with(self.words, self.about.asking | beginnings)

    @property
    def is_hint(self) -> bool:
        """Whether it speaks of a word that is to be written: ``text STOP to leave``, ``I wrote STOP``."""
        stops, mentions, said = self.lexicon.stops, self.about.mentions, self.all
        for place, word in enumerate(said):
            if word in stops and any(one in mentions for one in said[max(0, place - 2) : place]):
                return True
            if word in stops and place > 1 and any(one in mentions for one in said[place + 1 : place + 2]):
                return True
        return False

    @property
    def is_reported(self) -> bool:
        """Whether somebody else does what the phrase says."""
        return any(word in self.about.reported for word in self.before)

    @property
    def is_limited(self) -> bool:
        limits = [place for place, word in enumerate(self.tail) if word in self.about.only]
        return any(
            self.tail[place + 1 : place + 2] and not self.is_other(self.tail[place + 1]) for place in limits
        ) or bool(limits and limits[-1] == len(self.tail) - 1)

    @property
    def names_a_time(self) -> bool:
        """Whether it is about some hours or days only: at night, after 9pm."""
        soon = self.tail[:SOON]
        has_hour = any(before in BEFORE_HOUR and HOUR.fullmatch(word) for before, word in pairwise(soon))
        return has_hour or any(word in self.about.times for word in soon)

    def is_other(self, word: str) -> bool:
        """Whether a word, or what it is made with, names something that is none of our texts."""
        others = self.about.others
        ends = (word[place:] for place in range(max(2, len(word) - LONGEST_OTHER), len(word) - SHORTEST_OTHER + 1))
        return word in others or any(end in others for end in ends)

    @property
    def prefers_another_way(self) -> bool:
        """Whether the text says elsewhere by which way or number to reach somebody."""
        about, said = self.about, self.elsewhere
        ways = about.ways | about.ours | about.others
        return any(word in about.instead for word in said) and any(word in ways or word.isdigit() for word in said)


def _asked_about(sentence: _Sentence) -> Aim:
    """The aim of a phrase in a question that asks for nothing of the kind."""
    lexicon = sentence.lexicon
    names_stop = any(word in lexicon.stops or word in lexicon.anywhere_words for word in sentence.words)
    if not sentence.head and not sentence.tail and sentence.ends_asking:
        return Aim.UNKNOWN if not names_stop else Aim.TEXTS
    return Aim.QUESTION if names_stop else Aim.REMARK


def _object(sentence: _Sentence) -> Aim:
    """What is to be stopped: what the words of the phrase say, or what follows them."""
    about, said, tail = sentence.about, sentence.words, sentence.tail
    is_open = any(word in about.sending for word in said)
    names_other = any(map(sentence.is_other, said))
    names_content = any(word in about.contents for word in said)
    if not is_open and not names_other and not names_content:
        return Aim.TEXTS
    if any(word in about.ours for word in said):
        return Aim.TEXTS
    ours = next((place for place, word in enumerate(tail) if word in about.ours), len(tail))
    if any(map(sentence.is_other, tail[:ours])):
        return Aim.OTHER
    if names_content:
        return Aim.UNKNOWN if tail and _is_strange(tail[0], sentence) else Aim.TEXTS
    if names_other:
        if ours < len(tail) and tail[ours] not in about.mentions:
            return Aim.TEXTS
        return Aim.OTHER if sentence.prefers_another_way else Aim.UNKNOWN
    return _named(tail, sentence)


def _named(tail: Sequence[str], sentence: _Sentence) -> Aim:
    """What the first telling word behind an open phrase names; with none, it means our texts."""
    about = sentence.about
    for place, word in enumerate(tail):
        if word in about.ours or word in about.contents:
            makes_another = word not in about.ours and any(_is_strange(one, sentence) for one in tail[place + 1 :][:1])
            return Aim.UNKNOWN if makes_another else Aim.TEXTS
        if word in sentence.lexicon.links or word in about.determiners:
            continue
        if word in about.fillers or _is_function(word, sentence.lexicon.unscoped):
            return Aim.TEXTS
        if any(one in about.yours for one in tail[:place]) and any(
            one in about.ours for one in tail[place : place + NEAR]
        ):
            return Aim.TEXTS
        return Aim.UNKNOWN
    return Aim.TEXTS


def _is_strange(word: str, sentence: _Sentence) -> bool:
    """Whether a word stands in no pack, so that nobody knows what it makes of the one before it."""
    return word.isalpha() and word not in sentence.lexicon.packed


def _is_function(word: str, unscoped: Words) -> bool:
    return word in unscoped or word.isdigit()
