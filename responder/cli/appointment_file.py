"""A CSV of appointments (contract, section 7): its lines as bookings, or everything that is wrong with it."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from responder.core.address import number_from
from responder.core.template import did_you_mean
from responder.core.text import clean
from responder.errors import ConfigurationError
from responder.store.appointments import Booking

REQUIRED = ("id", "originator", "starts_at")
LONGEST = {"id": 64, "name": 200, "service": 200, "location": 200, "language": 16}  # characters
COLUMNS = (*REQUIRED, "name", "service", "location", "language", "asked_at")
DATE_ALONE = 10  # characters of 2026-12-01
MOST_TOLD = 100  # mistakes; a file with more has one reason for all of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """What a file leaves unsaid: the zone of times without an offset, and the country of numbers without a plus."""

    zone: ZoneInfo
    country: str


def read_bookings(
    data: bytes, file: str, local: Local, track: Callable[[Sequence[tuple[int, list[str]]]], Iterable[tuple[int, list[str]]]]
) -> list[Booking]:
    """The bookings of a file; ConfigurationError tells every line that is wrong. ``track`` is given the lines, and gives them back."""
    lines = list(_lines(_decoded(data, file), file))
    if not lines:
        raise ConfigurationError(f"{file}:1: the file is empty, begin it with the names of its columns: {','.join(COLUMNS)}")
    names = _header(lines[0], file)
    reader = _Reader(file=file, names=names, local=local)
    bookings = [booking for line, values in track(lines[1:]) if (booking := reader.read(line, values))]
    if reader.mistakes:
        told, more = reader.mistakes[:MOST_TOLD], len(reader.mistakes) - MOST_TOLD
        raise ConfigurationError("\n".join([*told, *([f"{file}: and {more} more"] if more > 0 else []), f"{file}: nothing was imported"]))
    return bookings


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}:{line}: the byte 0x{data[error.start]:02x} is not UTF-8, save the file as CSV in UTF-8") from None


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, with their numbers; a value in quotes may go over several."""
    header = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    line = 1
    try:
        for values in rows:
            if any(value.strip() for value in values):
                yield line, values
            line = rows.line_num + 1
    except csv.Error as error:
        raise ConfigurationError(f"{file}:{line}: cannot be read as CSV ({error}), check the quotes from here on") from None


def _header(header: tuple[int, list[str]], file: str) -> tuple[str, ...]:
    line, values = header
    names = tuple(value.strip().lower() for value in values)
    wrong = [f"unknown column {name!r}{did_you_mean(name, COLUMNS)}" for name in names if name not in COLUMNS]
    wrong += [f"the column {name!r} is missing, add it" for name in REQUIRED if name not in names]
    wrong += [f"the column {name!r} stands there twice, remove one" for name in COLUMNS if names.count(name) > 1]
    if wrong:
        raise ConfigurationError("\n".join(f"{file}:{line}: {text}" for text in wrong))
    return names


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
