"""What CSV files of subscribers and appointments say (contract, section 7), or all that is wrong with them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from responder.cli.records.csv_file import read_rows
from responder.core.appointments.booking import (
    DATE_ALONE,
    FIELDS,
    REQUIRED,
    Booking,
    Local,
    problems,
    read_booking,
)
from responder.core.consent.subscriber_changes import SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.core.rules.template import did_you_mean
from responder.core.sms.address import number_from
from responder.core.sms.typed_times import read_moment

REQUIRED_COLUMNS = ("originator", "list")
COLUMNS = (*REQUIRED_COLUMNS, "status", "since", "language", "evidence")
UNDER_REVIEW = "under_review_since"  # a column that some exports have; an import ignores it
LONGEST_EVIDENCE = 1000  # characters
LONGEST_LANGUAGE = 16


def read_bookings(data: bytes, file: str, local: Local) -> list[Booking]:
    """The bookings of a file; ConfigurationError has everything that is wrong with it."""
    return read_rows(data, file, _BookingReader(local=local).read, columns=FIELDS, required=REQUIRED)


@dataclass(kw_only=True)
class _BookingReader:
    """Reads the rows of one file, and remembers their ids."""

    local: Local
    line_of: dict[str, int] = field(default_factory=dict)

    def read(self, line: int, row: Mapping[str, str]) -> Booking | list[str]:
        """The booking of a row, or its mistakes."""
        wrong = [*problems(row, self.local)]
        first = self.line_of.setdefault(row["id"], line)
        if row["id"] and first != line:
            wrong.append(f"id: {row['id']!r} stands in line {first} already, keep one of them")
        return wrong or read_booking(row, self.local)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a file of subscribers may say: its lists, and the evidence for lines without any."""

    local: Local
    lists: Collection[str]
    without_evidence: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberFile:
    """The changes that a file asks for, and the line of each."""

    changes: Sequence[SubscriberChange]
    lines: Sequence[int]


def read_subscribers(data: bytes, file: str, terms: Terms) -> SubscriberFile:
    """The changes that a file asks for; ConfigurationError has everything that is wrong with it."""
    reader = _SubscriberReader(terms=terms)
    changes = read_rows(data, file, reader.read, columns=COLUMNS, required=REQUIRED_COLUMNS, ignored=(UNDER_REVIEW,))
    return SubscriberFile(changes=changes, lines=list(reader.line_of.values()))


@dataclass(kw_only=True)
class _SubscriberReader:
    """Reads the rows of one file, and remembers who is on which list."""

    terms: Terms
    line_of: dict[tuple[str, str], int] = field(default_factory=dict)

    def read(self, line: int, row: Mapping[str, str]) -> SubscriberChange | list[str]:
        """The change that a row asks for, or its mistakes."""
        if wrong := list(_problems(row, self.terms)):
            return wrong
        change = _change(row, self.terms)
        first = self.line_of.setdefault((change.originator, change.list), line)
        if first != line:
            return [f"the number is on the list {change.list!r} in line {first} already, keep one of them"]
        return change


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


def _change(row: Mapping[str, str], terms: Terms) -> SubscriberChange:
    return SubscriberChange(
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
    since = read_moment(f"{typed}T00:00" if len(typed) == DATE_ALONE else typed, terms.local.zone)
    if since > datetime.now(UTC):
        raise ValueError(f"{typed!r} is yet to come, expected when the consent was given")
    return since


def _language(typed: str, _terms: Terms) -> None:
    if len(typed) > LONGEST_LANGUAGE:
        raise ValueError(f"{len(typed)} characters, expected a code such as it or en")
