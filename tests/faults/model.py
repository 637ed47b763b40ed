"""What the contract says of words: which counts, by texts and by hand, whenever it is handled."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto


class Word(Enum):
    """What a text says that is a word about something."""

    STOP = auto()
    START = auto()
    JOIN = auto()
    LEAVE = auto()
    ANSWER = auto()
    OTHER = auto()


WORDS = {
    "STOP": Word.STOP,
    "START": Word.START,
    "News ON": Word.JOIN,
    "Only news": Word.JOIN,
    "News OFF": Word.LEAVE,
    "STOP NEWS": Word.LEAVE,
    "confermo": Word.ANSWER,
    "no": Word.ANSWER,
    "another day": Word.ANSWER,
}


@dataclass(frozen=True, kw_only=True, order=True)
class Said:
    """A text that was acknowledged: its place among words, and when it came."""

    at: datetime
    seq: int
    key: str = field(compare=False)
    word: Word = field(compare=False)
    arrived: datetime = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """Something that an operator changed about the list.

    A dated change comes from a file that says since when it holds.
    """

    at: datetime
    joins: bool
    is_dated: bool = False


@dataclass(frozen=True, kw_only=True)
class Booked:
    """An appointment from one change of it to the next."""

    id: str
    since: datetime
    starts_at: datetime
    until: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        return self.since <= at < self.starts_at and (self.until is None or at < self.until)


class Phone:
    """What one phone said, and what was done about it by hand, since it was last erased."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.by_hand: list[ByHand] = []
        self.erased_at: datetime | None = None
        self.bookings: list[Booked] = []
        self.is_gone = False  # erased, and nothing came of it since

    def erase(self, now: datetime) -> None:
        self.said, self.by_hand, self.bookings, self.erased_at, self.is_gone = [], [], [], now, True

    def newest(self, *words: Word) -> Said | None:
        return max((one for one in self.said if one.word in words), default=None)

    @property
    def opted_out(self) -> bool:
        """The newest STOP or START counts; an erased number says START after that, or is silent."""
        newest = self.newest(Word.STOP, Word.START)
        if self.erased_at and (newest is None or newest.at <= self.erased_at):
            return True
        return newest is not None and newest.word is Word.STOP

    @property
    def on_the_list(self) -> bool | None:
        """Whether the phone is on the list. None if the contract allows several answers, or START brings lists back."""
        if self.erased_at or (self.newest(Word.START) and self.newest(Word.STOP)):
            return None
        newest = self.newest(Word.JOIN, Word.LEAVE, Word.STOP)
        if newest is None:
            return any(act.joins for act in self.by_hand[-1:]) if all(act.joins for act in self.by_hand) else None
        if newest.word is not Word.JOIN:
            return False  # an opt-out always acts, and nobody is brought back by hand
        if any(act.is_dated and not act.joins for act in self.by_hand):
            return None  # by the file's date or by our clock
        if self.by_hand and any(
            one.word in (Word.LEAVE, Word.STOP) and one.arrived > newest.arrived for one in self.said
        ):
            return None  # an opt-out always acts, also one that is older than a text which was overtaken by hand
        last = self.by_hand[-1] if self.by_hand else None
        if last is None:
            return True
        if all(
            act.joins for act in self.by_hand
        ):  # a text from before such an act is for a person, whom a LEAVE took off
            return (
                True
                if max(act.at for act in self.by_hand) <= newest.at or not self.newest(Word.LEAVE, Word.STOP)
                else None
            )
        return (
            True
            if max(act.at for act in self.by_hand) <= newest.at
            else None
            if last.joins
            else self._overtaken(newest, last)
        )

    def _overtaken(self, newest: Said, last: ByHand) -> bool | None:
        """Somebody was taken off by hand. A text that came or was typed before does not bring them back."""
        return False if last.at > newest.at else None

    def open_at(self, at: datetime) -> Iterator[Booked]:
        return (booked for booked in self.bookings if booked.is_open(at))


class Model:
    """All phones."""

    def __init__(self) -> None:
        self.phones: dict[str, Phone] = defaultdict(Phone)
        self.erased_keys: set[str] = set()

    def erase(self, originator: str, now: datetime) -> None:
        self.erased_keys |= {one.key for one in self.phones[originator].said}
        self.phones[originator].erase(now)
