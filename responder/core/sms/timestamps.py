"""Moments in time: the gateway's local ones read, ours written."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import overload
from zoneinfo import ZoneInfo

SKEW = timedelta(minutes=2)  # how far a SIM clock may be ahead of ours before its reading is doubted


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
