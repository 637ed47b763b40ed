"""A CSV of appointments (contract, section 7): its lines as bookings, or everything that is wrong with it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from responder.cli.csv_lines import read_header, read_lines, refuse
from responder.core.address import number_from
from responder.core.text import clean
from responder.store.appointments import Booking

REQUIRED = ("id", "originator", "starts_at")
LONGEST = {"id": 64, "name": 200, "service": 200, "location": 200, "language": 16}  # characters
COLUMNS = (*REQUIRED, "name", "service", "location", "language", "asked_at")
DATE_ALONE = 10  # characters of 2026-12-01


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """What a file leaves unsaid: the zone of times without an offset, and the country of numbers without a plus."""

    zone: ZoneInfo
    country: str


def read_bookings(
    data: bytes, file: str, local: Local, track: Callable[[Sequence[tuple[int, list[str]]]], Iterable[tuple[int, list[str]]]]
) -> list[Booking]:
    """The bookings of a file; ConfigurationError tells every line that is wrong. ``track`` is given the lines, and gives them back."""
    lines = read_lines(data, file, COLUMNS)
    names = read_header(lines[0], file, COLUMNS, REQUIRED)
    reader = _Reader(file=file, names=names, local=local)
    bookings = [booking for line, values in track(lines[1:]) if (booking := reader.read(line, values))]
    refuse(reader.mistakes, file)
    return bookings


class _Reader:
    """Reads lines, and keeps what is wrong with them."""

    def __init__(self, *, file: str, names: Sequence[str], local: Local) -> None:
        self.mistakes: list[str] = []
        self._file = file
        self._names = names
        self._local = local
        self._line_of: dict[str, int] = {}

    def read(self, line: int, values: Sequence[str]) -> Booking | None:
        """The booking of a line; None if something is wrong with it."""
        problems = list(self._problems(line, values))
        self.mistakes += [f"{self._file}:{line}: {problem}" for problem in problems]
        return None if problems else self._booking(values)

    def _problems(self, line: int, values: Sequence[str]) -> Iterator[str]:
        if len(values) != len(self._names):
            yield f"{len(values)} values, the first line names {len(self._names)} columns: check the separators and quotes"
            return
        row = self._row(values)
        for name in COLUMNS:
            try:
                _value(name, row.get(name, ""), self._local)
            except ValueError as error:
                yield f"{name}: {error}"
        first = self._line_of.setdefault(row["id"], line)
        if row["id"] and first != line:
            yield f"id: {row['id']!r} stands in line {first} already, keep one of them"

    def _booking(self, values: Sequence[str]) -> Booking:
        row = self._row(values)
        return Booking(**{name: _value(name, row.get(name, ""), self._local) for name in COLUMNS})  # type: ignore[arg-type]  # by name

    def _row(self, values: Sequence[str]) -> Mapping[str, str]:
        return {name: " ".join(clean(value).split()) for name, value in zip(self._names, values, strict=True)}


def _value(name: str, typed: str, local: Local) -> str | datetime | None:
    """The value of a column; ValueError says what is wrong with it."""
    if not typed:
        if name in REQUIRED:
            raise ValueError("nothing stands here, fill it in")
        return None if name == "asked_at" else ""
    if name == "originator":
        return number_from(typed, local.country)
    if name in ("starts_at", "asked_at"):
        return read_time(typed, local.zone)
    if len(typed) > LONGEST[name]:
        raise ValueError(f"{len(typed)} characters, at most {LONGEST[name]} are kept: shorten it")
    return typed


def read_time(typed: str, zone: ZoneInfo) -> datetime:
    """A time as a person types it, in UTC; without an offset it is meant in the zone. ValueError says what was expected.

    >>> read_time("2026-12-01 09:00", ZoneInfo("Europe/Rome")).isoformat()
    '2026-12-01T08:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(typed)
        at = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{typed!r} is no time, expected for example 2026-12-01T09:00 or 2026-12-01T09:00+01:00") from None
    if len(typed) <= DATE_ALONE:
        raise ValueError(f"{typed!r} is a day without a time, expected for example 2026-12-01T09:00")
    return at
