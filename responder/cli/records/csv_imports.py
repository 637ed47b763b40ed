"""A CSV of subscribers (contract, section 7): its lines as wishes, or everything that is wrong with it."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from responder.cli.records.csv_file import unguarded
from responder.core.appointments.booking import (
    DATE_ALONE,
    FIELDS,
    REQUIRED,
    Booking,
    Local,
    problems,
    read_booking,
    read_time,
    tidy,
)
from responder.core.contact.known import SubscriptionStatus
from responder.core.rules.template import did_you_mean
from responder.core.sms.address import number_from
from responder.core.sms.text import clean
from responder.errors import ConfigurationError
from responder.store.consent.subscribers import Wanted

MOST_TOLD = 100  # mistakes; a file with more has one reason for all of them


def read_lines(data: bytes, file: str, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The lines that hold something, the header first; ConfigurationError if the file is empty or cannot be read."""
    lines = list(_lines(_decoded(data, file), file))
    if not lines:
        raise ConfigurationError(
            f"{file}:1: the file is empty, begin it with the names of its columns: {','.join(columns)}"
        )
    return lines


def read_header(
    header: tuple[int, list[str]], file: str, columns: Sequence[str], required: Sequence[str]
) -> tuple[str, ...]:
    """The names of the columns in their order; ConfigurationError has all that is wrong with them."""
    line, values = header
    names = tuple(value.strip().lower() for value in values)
    wrong = [f"unknown column {name!r}{did_you_mean(name, columns)}" for name in names if name not in columns]
    wrong += [f"the column {name!r} is missing, add it" for name in required if name not in names]
    wrong += [f"the column {name!r} stands there twice, remove one" for name in columns if names.count(name) > 1]
    if wrong:
        raise ConfigurationError("\n".join(f"{file}:{line}: {text}" for text in wrong))
    return names


def refuse(mistakes: Sequence[str], file: str) -> None:
    """Raise ConfigurationError with the mistakes, if there are any."""
    if mistakes:
        more = [f"{file}: and {len(mistakes) - MOST_TOLD} more"] if len(mistakes) > MOST_TOLD else []
        raise ConfigurationError("\n".join([*mistakes[:MOST_TOLD], *more, f"{file}: nothing was imported"]))


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{file}:{line}: the byte 0x{data[error.start]:02x} is not UTF-8, save the file as CSV in UTF-8"
        ) from None


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, with their numbers; a value in quotes may go over several."""
    header = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    line = 1
    try:
        for values in rows:
            if any(value.strip() for value in values):
                yield line, [unguarded(value) for value in values]
            line = rows.line_num + 1
    except csv.Error as error:
        raise ConfigurationError(
            f"{file}:{line}: cannot be read as CSV ({error}), check the quotes from here on"
        ) from None


REQUIRED_COLUMNS = ("originator", "list")
COLUMNS = (*REQUIRED_COLUMNS, "status", "since", "language", "evidence")
UNDER_REVIEW = (
    "under_review_since"  # a column that an export adds where it says something, and that is never brought in
)
LONGEST_EVIDENCE = 1000  # characters
LONGEST_LANGUAGE = 16
Lines = Sequence[tuple[int, list[str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What the lines of a file may say: the lists there are, and the evidence for lines that give none, if that is allowed."""

    local: Local
    lists: Collection[str]
    without_evidence: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberFile:
    """The wishes of a file, each with its line."""

    wanted: Sequence[Wanted] = field(default_factory=list)
    lines: Sequence[int] = field(default_factory=list)


def read_subscribers(
    data: bytes, file: str, terms: Terms, track: Callable[[Lines], Iterable[tuple[int, list[str]]]]
) -> SubscriberFile:
    """The wishes of a file; ConfigurationError tells every line that is wrong. ``track`` is given the lines, and gives them back."""
    lines = read_lines(data, file, COLUMNS)
    names = read_header(lines[0], file, (*COLUMNS, UNDER_REVIEW), REQUIRED_COLUMNS)
    mistakes: list[str] = []
    wanted: list[Wanted] = []
    line_of: dict[tuple[str, str], int] = {}
    for line, values in track(lines[1:]):
        if len(values) != len(names):
            mistakes.append(
                f"{file}:{line}: {len(values)} values, the first line names {len(names)} columns: check the separators and quotes"
            )
            continue
        row = {name: " ".join(clean(value).split()) for name, value in zip(names, values, strict=True)}
        problems = list(_problems(row, terms))
        if not problems:
            one = _wanted(row, terms)
            first = line_of.setdefault((one.originator, one.list), line)
            problems = (
                [f"the number is on the list {one.list!r} in line {first} already, keep one of them"]
                if first != line
                else []
            )
            wanted.append(one)
        mistakes += [f"{file}:{line}: {problem}" for problem in problems]
    refuse(mistakes, file)
    return SubscriberFile(wanted=wanted, lines=list(line_of.values()))


def _problems(row: Mapping[str, str], terms: Terms) -> Iterator[str]:
    for name, read in (
        ("originator", _number),
        ("list", _list),
        ("status", _status),
        ("since", _since),
        ("language", _language),
    ):
        try:
            read(row.get(name, ""), terms)
        except ValueError as error:
            yield f"{name}: {error}"
    evidence = row.get("evidence", "")
    joins = row.get("status", "").lower() != SubscriptionStatus.UNSUBSCRIBED
    if joins and not evidence and terms.without_evidence is None:
        yield "evidence: nothing stands here, say where the consent comes from, or import with --no-evidence REASON"
    if len(evidence) > LONGEST_EVIDENCE:
        yield f"evidence: {len(evidence)} characters, at most {LONGEST_EVIDENCE} are kept: shorten it"


def _wanted(row: Mapping[str, str], terms: Terms) -> Wanted:
    return Wanted(
        originator=_number(row["originator"], terms),
        list=row["list"],
        status=_status(row.get("status", ""), terms),
        since=_since(row.get("since", ""), terms),
        language=row.get("language") or None,
        evidence=row.get("evidence") or terms.without_evidence or "",
    )


def _number(typed: str, terms: Terms) -> str:
    if not typed:
        raise ValueError("nothing stands here, fill it in")
    return number_from(typed, terms.local.country)


def _list(typed: str, terms: Terms) -> None:
    if typed not in terms.lists:
        raise ValueError(f"unknown list {typed!r}{did_you_mean(typed, terms.lists) or ', add it to the rules file'}")


def _status(typed: str, _terms: Terms) -> SubscriptionStatus:
    if typed and typed.lower() not in list(SubscriptionStatus):
        raise ValueError(f"{typed!r} is none of {', '.join(SubscriptionStatus)}")
    return SubscriptionStatus(typed.lower()) if typed else SubscriptionStatus.SUBSCRIBED


def _since(typed: str, terms: Terms) -> datetime | None:
    """The moment of the consent; a day without a time is its beginning."""
    if not typed:
        return None
    since = read_time(f"{typed}T00:00" if len(typed) == DATE_ALONE else typed, terms.local.zone)
    if since > datetime.now(UTC):
        raise ValueError(f"{typed!r} is yet to come, expected when the consent was given")
    return since


def _language(typed: str, _terms: Terms) -> None:
    if len(typed) > LONGEST_LANGUAGE:
        raise ValueError(f"{len(typed)} characters, expected a code such as it or en")


def read_bookings(
    data: bytes,
    file: str,
    local: Local,
    track: Callable[[Sequence[tuple[int, list[str]]]], Iterable[tuple[int, list[str]]]],
) -> list[Booking]:
    """The bookings of a file; ConfigurationError tells every line that is wrong. ``track`` is given the lines, and gives them back."""
    lines = read_lines(data, file, FIELDS)
    names = read_header(lines[0], file, FIELDS, REQUIRED)
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
        wrong = list(self._problems(line, values))
        self.mistakes += [f"{self._file}:{line}: {problem}" for problem in wrong]
        return None if wrong else read_booking(self._row(values), self._local)

    def _problems(self, line: int, values: Sequence[str]) -> Iterator[str]:
        if len(values) != len(self._names):
            yield f"{len(values)} values, the first line names {len(self._names)} columns: check the separators and quotes"
            return
        row = self._row(values)
        yield from problems(row, self._local)
        first = self._line_of.setdefault(row["id"], line)
        if row["id"] and first != line:
            yield f"id: {row['id']!r} stands in line {first} already, keep one of them"

    def _row(self, values: Sequence[str]) -> Mapping[str, str]:
        return {name: tidy(value) for name, value in zip(self._names, values, strict=True)}
