"""Conditions of time, by the clock in the file's zone: hours of the week, a season, and pauses of rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from responder.core.contact.reasons import Reason, because
from responder.core.rules.situation import Situation

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MIDNIGHT = 24 * 60  # minutes


@dataclass(frozen=True, kw_only=True, slots=True)
class WeeklyHours:
    """Some days of the week from one minute of the day to another.

    One that ends before it begins goes on into the next day.
    """

    days: frozenset[int]
    begins: int
    ends: int

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether a minute of a weekday (Monday is 0) lies in the span.

        >>> friday_night = WeeklyHours(days=frozenset({4}), begins=22 * 60, ends=2 * 60)
        >>> friday_night.holds(5, 60), friday_night.holds(4, 60)
        (True, False)
        """
        if self.begins < self.ends:
            return weekday in self.days and self.begins <= minute < self.ends
        return (weekday in self.days and minute >= self.begins) or (
            (weekday - 1) % 7 in self.days and minute < self.ends
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class InHours:
    """The message came in the hours of the rule; ``source`` is how the author wrote them."""

    spans: tuple[WeeklyHours, ...]
    source: str
    zone: ZoneInfo

    def refusal(self, situation: Situation) -> str | None:
        local = situation.now.astimezone(self.zone)
        if any(span.holds(local.weekday(), local.hour * 60 + local.minute) for span in self.spans):
            return None
        return because("outside_hours", hours=self.source, day=DAYS[local.weekday()], time=f"{local:%H:%M}")

    def begins_after(self, moment: datetime) -> Iterator[datetime]:
        """When the spans begin on each of the next eight days, whether or not they apply that day."""
        midnight = moment.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        for day in range(8):
            for span in self.spans:
                local = midnight + timedelta(days=day, minutes=span.begins)
                yield local.replace(tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Since:
    """The message came at this moment or later."""

    moment: datetime
    source: str
    zone: ZoneInfo

    def refusal(self, situation: Situation) -> str | None:
        if situation.now >= self.moment:
            return None
        return because("not_yet", since=self.source, time=_local(situation, self.zone))


@dataclass(frozen=True, kw_only=True, slots=True)
class Until:
    """The message came before this moment."""

    moment: datetime
    source: str
    zone: ZoneInfo

    def refusal(self, situation: Situation) -> str | None:
        if situation.now < self.moment:
            return None
        return because("over", until=self.source, time=_local(situation, self.zone))


@dataclass(frozen=True, kw_only=True, slots=True)
class RulePause:
    """A rule that a person has paused for a while, and why; it ends by itself."""

    rule: str
    since: datetime
    until: datetime
    by: str
    why: str = ""

    def holds(self, now: datetime) -> bool:
        return self.since <= now < self.until

    def reason(self, zone: ZoneInfo) -> Reason:
        """Why the rule does not apply meanwhile."""
        return because("rule_paused", by=self.by, **self._until_and_why(zone))

    def act(self, zone: tzinfo) -> Reason:
        """What the person did, for the history of the rules."""
        return because("pause_began", rule=self.rule, **self._until_and_why(zone))

    def _until_and_why(self, zone: tzinfo) -> dict[str, str]:
        until = f"{self.until.astimezone(zone):%Y-%m-%d %H:%M}"
        return {"until": until, "why": f" ({self.why})" if self.why else ""}


def _local(situation: Situation, zone: ZoneInfo) -> str:
    return f"{situation.now.astimezone(zone):%Y-%m-%d %H:%M}"
