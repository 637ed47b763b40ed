"""Times as an operator writes them: hours of the week, dates, and lengths of time."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from responder.core.rules.appointments import QuietHours, Span
from responder.core.rules.hours import DAYS, MIDNIGHT, WeeklyHours
from responder.core.sms.times import Length, read_length
from responder.core.sms.typed_times import skipped
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Wrong, shown, text

EVERY_DAY = frozenset(range(7))
SHORT_DAYS = tuple(day[:3] for day in DAYS)
NUMBER_OF = {name.lower(): number for names in (DAYS, SHORT_DAYS) for number, name in enumerate(names)}
HOURS_EXAMPLE = "Mon-Fri 09:00-18:00"
LONGEST_HOURS = 200  # characters
DIGITS = "0123456789"
TIMES = re.compile(r"[0-9]{1,2}:[0-9]{2}\s*-\s*[0-9]{1,2}:[0-9]{2}")
MONTHS_OF_A_YEAR = 12
DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", re.ASCII)
DATE_AND_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}))?")
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])\s*-\s*([01]?[0-9]|2[0-3]):([0-5][0-9])")
LONGEST_DURATION = timedelta(days=3660)
LONGEST_SPAN = timedelta(days=366)
NO_TIME = timedelta(0)
NONE = "none"


def hours(node: Node) -> tuple[tuple[WeeklyHours, ...], str]:
    """The spans of one entry such as ``Mon-Fri 09:00-12:00, 14:00-18:00``, and the entry as it was written."""
    typed = " ".join(text(node).replace("–", "-").split())
    if len(typed) > LONGEST_HOURS:
        raise Wrong(node, f"hours have at most {LONGEST_HOURS} characters, write a list of several")
    days: list[frozenset[int]] = []
    times: list[tuple[int, int]] = []
    for part in typed.split(","):
        first_digit = next((place for place, c in enumerate(part) if c in DIGITS), len(part))
        day, clock = part[:first_digit].strip(), part[first_digit:].strip()
        if day and times:
            raise Wrong(
                node, f"{shown(typed)} names days after times, write a list: [Mon-Fri 09:00-18:00, Sat 09:00-13:00]"
            )
        if day or not clock:
            days.append(_days(node, day))
        if clock:
            times.append(_times(node, clock))
    on = frozenset(chain.from_iterable(days)) or EVERY_DAY
    return tuple(WeeklyHours(days=on, begins=begins, ends=ends) for begins, ends in times or [(0, MIDNIGHT)]), typed


def _days(node: Node, typed: str) -> frozenset[int]:
    first, dash, last = (part.strip() for part in typed.partition("-"))
    begin, end = _day(node, first), _day(node, last if dash else first)
    return frozenset((begin + offset) % 7 for offset in range((end - begin) % 7 + 1))


def _day(node: Node, typed: str) -> int:
    if typed.lower() not in NUMBER_OF:
        raise Wrong(
            node,
            f"unknown day {shown(typed)}, the days are {', '.join(SHORT_DAYS)}; expected hours such as {HOURS_EXAMPLE}",
        )
    return NUMBER_OF[typed.lower()]


def _times(node: Node, typed: str) -> tuple[int, int]:
    if not TIMES.fullmatch(typed):
        raise Wrong(node, f"{shown(typed)} is no time from and to, expected hours such as {HOURS_EXAMPLE}")
    begins, ends = (_minutes(node, clock) for clock in typed.split("-"))
    if begins in (ends, MIDNIGHT):
        raise Wrong(node, f"{shown(typed)} lasts no time; for whole days leave the times out, such as Sat-Sun")
    return begins, ends


def _minutes(node: Node, typed: str) -> int:
    hour, minute = map(int, typed.split(":"))
    if minute > 59 or hour * 60 + minute > MIDNIGHT:
        raise Wrong(node, f"{shown(typed.strip())} is no time of the day, expected 00:00 to 24:00")
    return hour * 60 + minute


def since_in(zone: ZoneInfo) -> Callable[[Node], tuple[datetime, str]]:
    """Reads the moment from which something holds: a date from its first minute on. Of a repeated hour the first."""

    def read(node: Node) -> tuple[datetime, str]:
        local, has_time = _moment(node)
        _refuse_skipped(node, local, zone, has_time=has_time)
        return _in_utc(local.replace(tzinfo=zone)), text(node)

    return read


def until_in(zone: ZoneInfo) -> Callable[[Node], tuple[datetime, str]]:
    """Reads the moment until which something holds: a date to its last minute. Of a repeated hour the second."""

    def read(node: Node) -> tuple[datetime, str]:
        local, has_time = _moment(node)
        _refuse_skipped(node, local, zone, has_time=has_time)
        if not has_time and local.date() < date.max:
            local += timedelta(days=1)
        readings = (_in_utc(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
        return max(readings), text(node)

    return read


def _moment(node: Node) -> tuple[datetime, bool]:
    found = DATE_AND_TIME.fullmatch(text(node))
    try:
        if found:
            return datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}"), found[2] is not None
    except ValueError:
        pass  # the 31st of February
    if likely := _day_first(text(node)):
        raise Wrong(node, f"{shown(text(node))} is no date as this file has them, write {likely}")
    raise Wrong(node, f"{shown(text(node))} is no date, expected one such as 2026-12-01 or 2026-12-01T09:00")


def _day_first(typed: str) -> str | None:
    """The date that somebody wrote with its day first; None where it may be the month."""
    found = DAY_FIRST.fullmatch(typed.strip())
    if found is None or int(found[1]) <= MONTHS_OF_A_YEAR:
        return None
    try:
        return f"{date(int(found[3]), int(found[2]), int(found[1]))}"
    except ValueError:
        return None


def _refuse_skipped(node: Node, local: datetime, zone: ZoneInfo, *, has_time: bool) -> None:
    """A day may begin with an hour that the clocks skip; nobody means such an hour by itself."""
    if has_time and (why := skipped(local, zone)):
        raise Wrong(node, f"{shown(text(node))} {why}")


def _in_utc(local: datetime) -> datetime:
    try:
        return local.astimezone(UTC)
    except OverflowError:  # in the first or the last hours of all time, where no message comes
        return local.replace(tzinfo=UTC)


def duration(node: Node) -> timedelta:
    """A length of time such as ``24h``."""
    found = _read_length(node, "mhd", "length of time, expected for example 30m, 24h or 7d")
    if found.time > LONGEST_DURATION:
        raise Wrong(node, f"{shown(text(node))} is longer than ten years, write a shorter time")
    return found.time


def _read_length(node: Node, units: str, what: str) -> Length:
    typed = text(node)
    if found := read_length(typed, units):
        return found
    raise Wrong(node, f"{shown(typed)} is no {what}")


def duration_or_none(node: Node) -> timedelta:
    """A length of time, or no time for the word ``none``, which overrides a default."""
    return NO_TIME if text(node) == NONE else duration(node)


def span(node: Node) -> Span:
    """A span such as ``24h`` or ``1d``, whose days and weeks are those of the calendar."""
    found = _read_length(node, "mhdw", "span of time, expected for example 30m, 24h, 1d or 1w")
    if found.time > LONGEST_SPAN:
        raise Wrong(node, f"{shown(text(node))} is longer than a year, make it shorter")
    return Span(days=found.time.days) if found.unit in "dw" else Span(rest=found.time)


def length(node: Node) -> timedelta:
    return span(node).length


def quiet_hours(node: Node) -> QuietHours:
    """Hours of the day, also over midnight."""
    typed = text(node)
    found = CLOCK.fullmatch(typed)
    if not found:
        raise Wrong(node, f"{shown(typed)} are no hours, expected for example 21:00-08:00")
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise Wrong(
            node, f"{shown(typed)} begin and end at the same time, so that it is not clear whether they are none or all"
        )
    return QuietHours(begin=begin, end=end)
