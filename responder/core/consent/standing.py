"""Where a number stands with us, how many stand where, how a list grew by days, and changes by an operator."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.times import iso

MOST_WORDS = 8  # the rest stands together
OTHERS = "…"
EVERYTHING = "everything"
AFTER = {"opt_in": "subscribed", "opt_in_asked": "pending", "opt_out": "unsubscribed", "corrected": "subscribed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRecord:
    """What is remembered of an originator beside lists and messages."""

    originator: str
    language: str | None
    fields: Mapping[str, str]
    opted_out_since: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Its fields; those that rules set stand in ``fields``."""
        return {
            "originator": self.originator,
            "language": self.language,
            "fields": dict(self.fields),
            "opted_out_since": iso(self.opted_out_since),
        }


def standing_after(events: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What one number's events add up to: each list, and everything if it opted out of that.

    >>> standing_after([{"event": "opt_in", "list": "news", "at": "9:00"}])
    [{'list': 'news', 'status': 'subscribed', 'since': '9:00'}]
    >>> standing_after([{"event": "opt_out", "list": None, "at": "9:05"}])
    [{'list': 'everything', 'status': 'unsubscribed', 'since': '9:05'}]
    """
    last = {event["list"]: event for event in events if event["event"] in AFTER}
    shown = ((name, event) for name, event in last.items() if name is not None or event["event"] == "opt_out")
    return [
        {"list": name or EVERYTHING, "status": AFTER[event["event"]], "since": event["at"]} for name, event in shown
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListCount:
    """How many numbers have each status on a list."""

    list: str
    by_status: Mapping[SubscriptionStatus, int]

    def as_json(self) -> dict[str, Any]:
        """The name of the list, and a count for each status."""
        return {"list": self.list} | {str(status): self.by_status.get(status, 0) for status in SubscriptionStatus}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentCounts:
    """Numbers by list and status, numbers that opted out of everything, and numbers under review."""

    by_list: Mapping[str, Mapping[SubscriptionStatus, int]]
    opted_out: int
    under_review: int

    def of_lists(self, names: Iterable[str]) -> Iterator[ListCount]:
        """The counts of these lists, empty ones included, then of all other lists that have a history."""
        for name in dict.fromkeys((*names, *sorted(self.by_list))):
            yield ListCount(list=name, by_status=self.by_list.get(name, {}))

    def as_json(self) -> dict[str, Any]:
        """The counts that are about no list but about everything."""
        return {"list": None, "opted_out": self.opted_out, "under_review": self.under_review}


class Changes(NamedTuple):
    """So many changes of one kind by one word, at a moment that is no more exact than it has to be."""

    at: datetime
    is_join: bool
    word: str
    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowthDay:
    """One day of a list, by the calendar of the rules file."""

    day: date
    joined: int
    left: int
    words: Mapping[str, int]

    @property
    def net(self) -> int:
        return self.joined - self.left

    def as_json(self) -> dict[str, Any]:
        return {"day": self.day.isoformat(), "joined": self.joined, "left": self.left, "words": dict(self.words)}


def growth_by_day(changes: Iterable[Changes], zone: ZoneInfo, first: date, last: date) -> Sequence[GrowthDay]:
    """Each day from the first to the last, also those on which nothing changed; words are those that brought people.

    >>> noon = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("UTC"))
    >>> days = growth_by_day([Changes(noon, True, "news on", 3)], ZoneInfo("UTC"), noon.date(), noon.date())
    >>> days[0].joined, dict(days[0].words)
    (3, {'news on': 3})
    """
    joined: Counter[date] = Counter()
    left: Counter[date] = Counter()
    words: Counter[str] = Counter()
    by_word: Counter[tuple[date, str]] = Counter()
    for change in changes:
        day = change.at.astimezone(zone).date()
        (joined if change.is_join else left)[day] += change.times
        if change.is_join:
            words[change.word] += change.times
            by_word[day, change.word] += change.times
    common = {word for word, _ in words.most_common(MOST_WORDS)}
    named: dict[date, Counter[str]] = {}
    for (day, word), count in by_word.items():
        named.setdefault(day, Counter())[word if word in common else OTHERS] += count
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    return [
        GrowthDay(day=day, joined=joined[day], left=left[day], words=dict(named.get(day, Counter()).most_common()))
        for day in days
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberChange:
    """What an operator wants of one number and list; ``evidence`` says where the consent comes from."""

    originator: str
    list: str
    status: SubscriptionStatus = SubscriptionStatus.SUBSCRIBED
    since: datetime | None = None
    language: str | None = None
    evidence: str = ""


class Outcome(StrEnum):
    """What became of one change."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of all changes.

    ``left_out`` has the places of those that would have brought back someone who opted out.
    """

    counts: Mapping[Outcome, int]
    left_out: Sequence[int] = field(default_factory=tuple)
