"""Bookings from files and from the API, read and checked alike."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from responder.core.contact.effects import AppointmentStatus
from responder.core.sms.address import number_from
from responder.core.sms.text import clean
from responder.core.sms.typed_times import Forms, read_moment, shown

REQUIRED = ("id", "originator", "starts_at")
LONGEST = {"id": 64, "name": 200, "service": 200, "location": 200, "language": 16}  # characters
FIELDS = (*REQUIRED, "name", "service", "location", "language", "asked_at")
FILE_FIELDS = (*FIELDS, "status", "updated_at")
"""What a file may say besides: a word about the appointment, and when it was last changed."""
TIMES = ("starts_at", "asked_at", "updated_at")


class Change(StrEnum):
    """What a booking makes of the appointment that stands."""

    NEW = "new"
    MOVED = "moved"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    OLDER = "older"
    """Somebody changed the appointment after the other system wrote the booking: nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """What the rules file says of fields: the zone of times, the country of numbers, and the languages.

    Without languages, any is taken; ``forms`` is how a file writes days and times.
    """

    zone: ZoneInfo
    country: str
    languages: Collection[str] = ()
    forms: Forms | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """An appointment as another system gives it; ``asked_at`` is when the originator was asked about it.

    A ``status`` is a word about the appointment, ``updated_at`` the last change that the other system knows of.
    """

    id: str
    originator: str
    starts_at: datetime
    name: str = ""
    service: str = ""
    location: str = ""
    language: str = ""
    asked_at: datetime | None = None
    status: AppointmentStatus | None = None
    updated_at: datetime | None = None


def tidy(typed: str) -> str:
    """A value as it is stored: on one line, without characters that databases refuse.

    >>> tidy(" Room\\n 3 ")
    'Room 3'
    """
    return " ".join(clean(typed).split())


def read_field(name: str, typed: str, local: Local) -> str | datetime | AppointmentStatus | None:
    """The value of a field. Raises ValueError, which says what is wrong."""
    if not typed:
        if name in REQUIRED:
            raise ValueError("nothing stands here, fill it in")
        return None if name in ("asked_at", "status", "updated_at") else ""
    if name == "originator":
        return number_from(typed, local.country)
    if name in TIMES:
        return read_moment(typed, local.zone, local.forms)
    if name == "status":
        return _read_status(typed)
    if name == "language" and local.languages:
        return read_language(typed, local.languages)
    if len(typed) > LONGEST[name]:
        raise ValueError(f"{len(typed)} characters, at most {LONGEST[name]} are kept: shorten it")
    return typed


def read_language(typed: str, languages: Collection[str]) -> str:
    """The language of the file that is meant, in any case and with any country. ValueError if there is none.

    >>> read_language("EN", ["it", "en"]), read_language("en-GB", ["it", "en"])
    ('en', 'en')
    """
    code = typed.lower().replace("_", "-")
    found = next((language for language in (code, code.partition("-")[0]) if language in languages), None)
    if found is None:
        raise ValueError(f"unknown language {shown(typed)}, expected {' or '.join(languages)}, as 'languages' has them")
    return found


def _read_status(typed: str) -> AppointmentStatus:
    if typed.lower() not in list(AppointmentStatus):
        raise ValueError(f"{shown(typed)} is none of {', '.join(AppointmentStatus)}")
    return AppointmentStatus(typed.lower())


def problems(row: Mapping[str, str], local: Local) -> list[str]:
    """The mistakes in a booking's fields, each with the field's name."""
    found = []
    for name in FIELDS:
        try:
            read_field(name, row.get(name, ""), local)
        except ValueError as error:
            found.append(f"{name}: {error}")
    return found


def read_booking(row: Mapping[str, str], local: Local) -> Booking:
    """The booking that the fields make. Raises ValueError for the first mistake; ``problems`` lists all."""
    fields: dict[str, Any] = {name: read_field(name, row.get(name, ""), local) for name in FIELDS}
    return Booking(**fields)


DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1, "ieri": -1, "oggi": 0, "domani": 1}
"""Words for a day, by how many days it is from now."""


def day_bounds(typed: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a day begins and when it is over, in UTC. Raises ValueError.

    >>> [moment.isoformat() for moment in day_bounds("2026-10-25", ZoneInfo("Europe/Rome"))]
    ['2026-10-24T22:00:00+00:00', '2026-10-25T23:00:00+00:00']
    """
    try:
        day = date.fromisoformat(typed)
        begin = datetime.combine(day, time(), zone).astimezone(UTC)
        return begin, datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{typed!r} is no day, expected today, tomorrow, or for example 2026-12-01") from None


def dated(typed: str, zone: ZoneInfo, now: datetime) -> str:
    """The date of a day that may be named by a word.

    >>> dated("tomorrow", ZoneInfo("Europe/Rome"), datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    '2026-12-02'
    """
    word = typed.strip().lower()
    return str(now.astimezone(zone).date() + timedelta(days=DAYS[word])) if word in DAYS else word
