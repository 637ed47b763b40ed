"""Whether the gateway's clock agrees with ours, by the SIM times of the last texts and their arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from responder.core.sms.times import read_date_time

LAST = 10  # texts whose median counts; fewer prove nothing
LOOKED_AT = 50  # texts, since earlier ones tell late texts from a clock that is behind
OFF = timedelta(minutes=2)  # from which on a clock is off
NEAR = timedelta(minutes=1)  # by which the offsets of one clock may differ, but for late texts
MOST = 6  # of the last ten, which must agree on how far a clock is behind
RESENDS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 45))  # after which the gateway tries again
BACKLOG = timedelta(minutes=15)  # in which everything arrives that an outage held up
HOUR = timedelta(hours=1)
GUESSED = ("UTC", "Europe/Rome", "Europe/London", "Europe/Athens", "Europe/Moscow")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """When a text reached the gateway's SIM, by the gateway's clock, and us, by ours."""

    sent_at: datetime
    received_at: datetime

    @property
    def offset(self) -> timedelta:
        """How long after the SIM time it arrived; negative if before."""
        return self.received_at - self.sent_at


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockOffset:
    """How far the gateway's clock is behind ours, if known; its times are read in ``zone``."""

    zone: ZoneInfo
    median: timedelta | None = None
    is_off: bool = False
    fitting: str | None = None

    @property
    def sentence(self) -> str:
        """What is wrong with the clock, and what to do."""
        if self.median is None or not self.is_off:
            return "ok"
        side = "behind" if self.median > timedelta() else "ahead of"
        place = f"RESPONDER_GATEWAY_TIMEZONE ({self.zone.key})"
        duration = _duration(abs(self.median))
        sentence = f"the times that the gateway writes are {duration} {side} the arrival of the texts"
        if self.fitting:
            return f"{sentence}: {place} is not its zone, {self.fitting} would fit"
        return f"{sentence}: see that the clock of this machine is right, and that {place} is the gateway's zone"


def arrivals_of(texts: Sequence[tuple[str, datetime]], zone: ZoneInfo) -> list[Arrival]:
    """The arrivals of texts by their ``date_time`` in a zone, without texts that have none."""
    read = [(read_date_time(raw, zone, received_at), received_at) for raw, received_at in texts]
    return [Arrival(sent_at=sent_at, received_at=received_at) for sent_at, received_at in read if sent_at]


def clock_offset(arrivals: Sequence[Arrival], zone: ZoneInfo) -> ClockOffset:
    """How far the clock is off by the last texts, newest first."""
    if len(arrivals) < LAST:
        return ClockOffset(zone=zone)
    middle = timedelta(seconds=median(arrival.offset.total_seconds() for arrival in arrivals[:LAST]))
    is_off = middle <= -OFF or (middle >= OFF and not _is_lateness(arrivals, middle))
    fitting = _fitting(middle, arrivals[0].received_at, zone) if is_off else None
    return ClockOffset(zone=zone, median=middle, is_off=is_off, fitting=fitting)


def _is_lateness(arrivals: Sequence[Arrival], middle: timedelta) -> bool:
    """Whether texts of this age came late, rather than from a wrong clock.

    They did if their ages differ, if they were sent again, or if all came together after an outage.
    """
    late = [place for place, arrival in enumerate(arrivals[:LAST]) if abs(arrival.offset - middle) <= NEAR]
    if len(late) < MOST or any(abs(middle - resend) <= OFF for resend in RESENDS):
        return True
    prompt = next((place for place, arrival in enumerate(arrivals) if abs(arrival.offset) < OFF), None)
    if prompt is None:
        return False
    if prompt < late[-1]:  # a text was in time after a late one, so the clock is right
        return True
    backlog = arrivals[:prompt]
    took = backlog[0].received_at - backlog[-1].received_at
    return took <= BACKLOG and arrivals[prompt].received_at <= min(arrival.sent_at for arrival in backlog) + NEAR


def _fitting(middle: timedelta, at: datetime, zone: ZoneInfo) -> str | None:
    """The zone in which the times would fit, if they are off by whole hours."""
    hours = round(middle / HOUR)
    if hours == 0 or abs(middle - hours * HOUR) > 2 * OFF:
        return None
    offset = _utc_offset(at, zone) - hours * HOUR
    named = (name for name in GUESSED if _utc_offset(at, ZoneInfo(name)) == offset)
    return next(named, None if offset % HOUR else f"Etc/GMT{-offset // HOUR:+d}")


def _utc_offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _duration(long: timedelta) -> str:
    """A length of time for people.

    >>> _duration(timedelta(hours=1, seconds=2)), _duration(timedelta(minutes=127))
    ('1 h', '2 h 7 min')
    """
    hours, minutes = divmod(round(long / timedelta(minutes=1)), 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
