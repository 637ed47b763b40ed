"""Days and times as people and spreadsheets write them, read strictly: what is not plain is refused, never guessed."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

FIRST_YEAR, LAST_YEAR = 1970, 2199  # anything else has a digit too few, or one in the wrong place
_LONGEST_SHOWN = 40  # characters that a mistake repeats
EXAMPLES = "expected for example 2026-12-01T09:00 or 2026-12-01T09:00+01:00"
DOTS = "; if the file writes it so, say 'times: hh.mm' under 'imports'"
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)([Zz]|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_CLOCK = re.compile(r"(\d{1,2})([:.])(\d{2})(?:\2(\d{2}))?", re.ASCII)
_DOTTED = re.compile(r"(?:.*[Tt ])?\d{1,2}\.\d{2}(?:\.\d{2})?", re.ASCII)
_ONE_DIGIT = re.compile(r"(?:.*[Tt ])?\d{1,2}[.:]\d", re.ASCII)
_MIDNIGHT = re.compile(r"(?:.*[Tt ])?24[:.]00.*", re.ASCII)
_HALVES = re.compile(r".*[0-9][ .]?[AaPp]\.?[Mm]\.?")
_PARTS = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})", re.ASCII)


class DateForm(StrEnum):
    """In which order a file writes a day."""

    YEAR_FIRST = "yyyy-mm-dd"
    DAY_FIRST = "dd/mm/yyyy"
    MONTH_FIRST = "mm/dd/yyyy"


class TimeForm(StrEnum):
    """What a file writes between hour and minutes."""

    COLON = "hh:mm"
    DOT = "hh.mm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Forms:
    """How days and times are written; ISO 8601 is read whatever they are, since it means one thing alone."""

    dates: DateForm = DateForm.YEAR_FIRST
    times: TimeForm = TimeForm.COLON


def read_moment(typed: str, zone: tzinfo, forms: Forms | None = None) -> datetime:
    """A day with a time, in UTC; one without an offset is in the zone. ValueError says what is wrong with it.

    An hour that comes twice, since the clocks go back, is the first of the two; one that the clocks skip is refused.

    >>> from zoneinfo import ZoneInfo
    >>> read_moment("2026-12-01 09:00", ZoneInfo("Europe/Rome")).isoformat()
    '2026-12-01T08:00:00+00:00'
    >>> read_moment("1/12/2026 9.30", UTC, Forms(dates=DateForm.DAY_FIRST, times=TimeForm.DOT)).isoformat()
    '2026-12-01T09:30:00+00:00'
    """
    found = _ISO.fullmatch(typed)
    if found and found[2] is None:
        read_day(typed)
        raise ValueError(f"{shown(typed)} is a day without a time, expected for example 2026-12-01T09:00")
    if found is None:
        if forms is None:
            raise ValueError(_what_is_wrong(typed, EXAMPLES))
        moment = _in_form(typed, forms)
    else:
        moment = _iso_moment(typed, found)
    try:
        if moment.tzinfo is None and (why := skipped(moment, zone)):
            raise ValueError(f"{shown(typed)} {why}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{shown(typed)} is no time, {EXAMPLES}") from None


def skipped(local: datetime, zone: tzinfo) -> str | None:
    """Why a local time is none in a zone, where its clocks go forward; None if it is one.

    >>> from zoneinfo import ZoneInfo
    >>> skipped(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Rome"))
    'is no time in Europe/Rome, where the clocks go from 02:00 to 03:00 that day: write one before or after'
    """
    after = local.replace(tzinfo=zone)
    before = after.replace(fold=1)
    if after.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(tzinfo=None, fold=0):
        return None
    moment = change_between(before.astimezone(UTC), after.astimezone(UTC), zone)
    until, since = (moment - timedelta(seconds=1)).astimezone(zone) + timedelta(seconds=1), moment.astimezone(zone)
    return (
        f"is no time in {zone}, where the clocks go from {until:%H:%M} to {since:%H:%M} that day: "
        "write one before or after"
    )


def change_between(first: datetime, last: datetime, zone: tzinfo) -> datetime:
    """When a zone changes its clocks between two moments, to the second."""
    before = first.astimezone(zone).utcoffset()
    while last - first > timedelta(seconds=1):
        middle = first + timedelta(seconds=(last - first) // timedelta(seconds=2))
        first, last = (middle, last) if middle.astimezone(zone).utcoffset() == before else (first, middle)
    return last


def comes_twice(moment: datetime, zone: tzinfo) -> bool:
    """Whether the clocks of a zone show the time of a moment once more, since they go back."""
    local = moment.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def read_day(typed: str, form: DateForm = DateForm.YEAR_FIRST) -> date:
    """A day in this form, or in ISO 8601. ValueError says what is wrong with it.

    >>> read_day("1/12/2026", DateForm.DAY_FIRST).isoformat()
    '2026-12-01'
    """
    found = _PARTS.fullmatch(typed)
    expected = f"expected for example {_example(Forms(dates=form)).split()[0]} ({form})"
    if found is None:
        raise ValueError(f"{shown(typed)} is no day, {expected}")
    first, last = found[1], found[4]
    if len(first) == 4 and found[2] == "-" and len(found[3]) == len(last) == 2:
        year, month, day = first, found[3], last
    elif form is DateForm.YEAR_FIRST:
        remedy = "if the file writes the day first, say 'dates: dd/mm/yyyy' under 'imports'"
        raise ValueError(f"{shown(typed)} is no day, {expected}; {remedy}")
    else:
        year, (day, month) = last, (first, found[3]) if form is DateForm.DAY_FIRST else (found[3], first)
    if len(year) != 4 or len(day) > 2:
        raise ValueError(f"{shown(typed)} has no year of four digits, {expected}")
    return _checked_day(typed, int(year), int(month), int(day), expected)


def read_clock(typed: str, form: TimeForm = TimeForm.COLON) -> time:
    """A time of a day in this form, or with a colon. ValueError says what is wrong with it.

    >>> read_clock("9.30", TimeForm.DOT).isoformat()
    '09:30:00'
    """
    found = _CLOCK.fullmatch(typed)
    if found and (found[2] == ":" or form is TimeForm.DOT):
        try:
            return time(int(found[1]), int(found[3]), int(found[4] or 0))
        except ValueError:
            pass  # told below
    example = f"expected for example {_example(Forms(times=form)).split()[1]}"
    raise ValueError(_what_is_wrong(typed, example, DOTS if form is TimeForm.COLON else ""))


def _in_form(typed: str, forms: Forms) -> datetime:
    day, _, clock = typed.rpartition(" ")
    if not day:
        expected = EXAMPLES if forms.dates is DateForm.YEAR_FIRST else f"expected for example {_example(forms)}"
        raise ValueError(_what_is_wrong(typed, expected, DOTS))
    try:
        return datetime.combine(read_day(day, forms.dates), read_clock(clock, forms.times))
    except ValueError as error:
        raise ValueError(re.sub(r"^'[^']*'", lambda _: shown(typed), str(error))) from None


def _iso_moment(typed: str, found: re.Match[str]) -> datetime:
    try:
        day = read_day(found[1])
        return datetime.combine(day, time.fromisoformat(f"{found[2]}{(found[3] or '').upper()}"))
    except ValueError as error:
        if " no day" in str(error) or "year" in str(error):
            raise ValueError(str(error).replace(shown(found[1]), shown(typed), 1)) from None
        raise ValueError(_what_is_wrong(typed, EXAMPLES)) from None


def _checked_day(typed: str, year: int, month: int, day: int, expected: str) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(
            f"{shown(typed)} is in the year {year}, expected {FIRST_YEAR} to {LAST_YEAR}: check its digits"
        )
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{shown(typed)} is no day of the calendar, {expected}") from None


def _what_is_wrong(typed: str, expected: str, remedy: str = "") -> str:
    what = shown(typed)
    if _MIDNIGHT.fullmatch(typed):
        return f"{what} has no time of its day, write 00:00 of the day after"
    if _HALVES.fullmatch(typed):
        return f"{what} counts to twelve, write its hour from 0 to 23, such as 21:30"
    if _ONE_DIGIT.fullmatch(typed):
        return f"{what} has one digit of minutes, write both, such as 09:30"
    if _DOTTED.fullmatch(typed):
        return f"{what} has a dot between hour and minutes, write a colon, such as 09:30{remedy}"
    return f"{what} is no time, {expected}"


def _example(forms: Forms) -> str:
    day = {DateForm.YEAR_FIRST: "2026-12-01", DateForm.DAY_FIRST: "01/12/2026", DateForm.MONTH_FIRST: "12/01/2026"}
    return f"{day[forms.dates]} {'09:30' if forms.times is TimeForm.COLON else '09.30'}"


def shown(typed: str) -> str:
    """What was typed, as a mistake repeats it: quoted, and its beginning where it is long."""
    return repr(typed if len(typed) <= _LONGEST_SHOWN else f"{typed[:_LONGEST_SHOWN]}…")
