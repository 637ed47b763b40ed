"""Moments and lengths of time: the gateway's local ones read, ours written, and as people type and read them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import overload
from zoneinfo import ZoneInfo

SKEW = timedelta(minutes=2)  # how far a SIM clock may be ahead of ours before its reading is doubted
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
LENGTH = re.compile(r"([0-9]{1,6})\s*([smhdw])")
RATE = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,5})?([smhd])")
EXPECTED_PERIOD = "a number and s, m, h or d, such as 30m or 1h"
EXPECTED_RATE = "so many in so long, such as 10/s, 5/10m or 3/h"
IRREGULAR = {"reply": "replies", "person": "people", "copy": "copies", "delivery": "deliveries"}


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC.

    >>> iso(datetime(2026, 4, 8, 12, 30, 52, tzinfo=UTC))
    '2026-04-08T12:30:52Z'
    """
    return _iso(moment if moment.tzinfo is UTC else moment.astimezone(UTC)) if moment else None


@lru_cache(maxsize=1000)
def _iso(moment: datetime) -> str:
    """A moment in UTC as a text.

    Kept, since one is written in several places, and the hour of a batch in all its rows.
    """
    return moment.isoformat().replace("+00:00", "Z")


def read_date_time(raw: str, zone: ZoneInfo, received_at: datetime) -> datetime | None:
    """The SIM time of a message, from 14 digits in the gateway's zone.

    None if they are no time.

    In the hour that a clock change repeats, the latest reading that is not more than two minutes after the arrival. A
    time that a clock change skips is read as if the clock had not been changed.

    >>> read_date_time("20260408143052", ZoneInfo("Europe/Rome"), datetime(2026, 4, 8, 12, 31, tzinfo=UTC)).isoformat()
    '2026-04-08T12:30:52+00:00'
    """
    readings = _readings(raw, zone)
    if readings is None:
        return None
    earlier, later = readings
    return later if earlier < later <= received_at + SKEW else earlier


@lru_cache(maxsize=100)
def _readings(raw: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """What a local time may mean, the same but for one hour a year.

    Kept, since in a busy second many messages have the same.
    """
    if len(raw) != 14 or not (raw.isascii() and raw.isdigit()):
        return None
    try:
        local = datetime(*_parts(raw), tzinfo=zone)
        return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _parts(raw: str) -> tuple[int, int, int, int, int, int]:
    return int(raw[:4]), int(raw[4:6]), int(raw[6:8]), int(raw[8:10]), int(raw[10:12]), int(raw[12:])


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """At most so many in so long."""

    count: int
    period: timedelta

    def __str__(self) -> str:
        number, unit = _in_largest_unit(self.period)
        return f"{self.count}/{'' if number == 1 else number}{unit}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Length:
    """A length of time in the unit that it was written in."""

    count: int
    unit: str

    @property
    def time(self) -> timedelta:
        return timedelta(seconds=self.count * UNITS[self.unit])


def read_length(typed: str, units: str) -> Length | None:
    """The length of time in a text, in one of the units that are allowed.

    None if there is none.

    >>> read_length("90m", "mhd").time, read_length("90s", "mhd")
    (datetime.timedelta(seconds=5400), None)
    """
    found = LENGTH.fullmatch(typed)
    if not found or found[2] not in units or not int(found[1]):
        return None
    return Length(count=int(found[1]), unit=found[2])


def read_rate(typed: str) -> Rate:
    """The rate in a text; ValueError if there is none.

    >>> read_rate("5/10m").count, str(read_rate("3/60M"))
    (5, '3/h')
    """
    found = RATE.fullmatch(typed.strip().lower())
    if not found:
        raise ValueError(f"expected {EXPECTED_RATE}")
    count, number, unit = found.groups()
    return Rate(count=int(count), period=Length(count=int(number or 1), unit=unit).time)


def read_period(typed: str) -> timedelta:
    """The period in a text; ValueError if there is none.

    >>> read_period("90m")
    datetime.timedelta(seconds=5400)
    """
    found = read_length(typed.strip().lower(), "smhd")
    if not found:
        raise ValueError(f"expected {EXPECTED_PERIOD}")
    return found.time


def in_words(period: timedelta) -> str:
    """A period for people, in the largest unit that fits.

    >>> in_words(timedelta(hours=1)), in_words(timedelta(minutes=90))
    ('an hour', '90 minutes')
    """
    number, unit = _in_largest_unit(period)
    if number == 1:
        return f"{'an' if unit == 'h' else 'a'} {NAMES[unit]}"
    return f"{number} {NAMES[unit]}s"


def in_short(length: timedelta) -> str:
    """A length of time as an operator writes it, in whole minutes and never less than one.

    >>> in_short(timedelta(days=7)), in_short(timedelta(hours=24)), in_short(timedelta(minutes=200, seconds=20))
    ('7d', '24h', '3h 21m')
    """
    hours, minutes = divmod(max(-(-length // timedelta(minutes=1)), 1), 60)
    days, hours = divmod(hours, 24) if hours >= 48 else (0, hours)
    return " ".join(f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if count)


def _in_largest_unit(period: timedelta) -> tuple[int, str]:
    seconds = int(period.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % UNITS[unit] == 0)
    return seconds // UNITS[unit], unit


def counted(number: int, what: str) -> str:
    """A number with its noun, in the plural unless it is one.

    >>> counted(1, "appointment"), counted(2, "reply"), counted(1200, "webhook call"), counted(0, "row")
    ('1 appointment', '2 replies', '1,200 webhook calls', '0 rows')
    """
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {IRREGULAR.get(what, f'{what}s')}"
