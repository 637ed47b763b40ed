"""How a list grows: who joined and left on which day, and by which words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

MOST_WORDS = 8  # the rest stands together
OTHERS = "…"


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
        """By how many the list grew."""
        return self.joined - self.left

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
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
