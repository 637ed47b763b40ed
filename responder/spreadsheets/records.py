"""What a file of appointments says, and what a file of subscribers says (contract, section 7)."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from responder.core.appointments.booking import FILE_FIELDS, REQUIRED, TIMES, Booking, Local, read_field, read_language
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.core.rules.appointments import DATE, SUBSCRIBER_COLUMNS, TIME, FileForm
from responder.core.rules.template import did_you_mean
from responder.core.sms.address import doubt_about, number_from
from responder.core.sms.typed_times import Forms, comes_twice, read_clock, read_day, read_moment, shown, skipped
from responder.spreadsheets.reading import Became, Follow, Reading, RowValue, read_rows, read_sheet
from responder.spreadsheets.sheet import Row, Wanted

WHY = "what is wrong"  # the column of a file of wrong lines, which is left out when it is read again
BOOKING_COLUMNS = (*FILE_FIELDS, DATE, TIME)
WANTED = Wanted(columns=BOOKING_COLUMNS, required=REQUIRED, ignored=(WHY,))
FAR_AWAY = timedelta(days=2 * 365)
MIDNIGHT = "T00:00:00"  # the rest of a day that a workbook keeps as a moment
TWICE = "the clocks show it twice that day, and this is the first: write the offset behind it for the second"
OFFSET = re.compile(r"[Zz]$|[+-][0-9]{2}:?[0-9]{2}$")
UNDER_REVIEW = "under_review_since"  # a column that some exports have; an import ignores it
REQUIRED_COLUMNS = ("originator", "list")
SUBSCRIBERS_WANTED = Wanted(columns=SUBSCRIBER_COLUMNS, required=REQUIRED_COLUMNS, ignored=(UNDER_REVIEW, WHY))
LONGEST_EVIDENCE = 1000  # characters
LONGEST_LANGUAGE = 16


def read_bookings(
    data: bytes, file: str, local: Local, form: FileForm, now: datetime, follow: Follow = iter
) -> Reading[Booking]:
    """The bookings of a file. ConfigurationError if it is none, or if its columns are wrong."""
    reader = _BookingReader(local=replace(local, forms=form.forms), forms=form.forms, now=now)
    sheet = read_sheet(data, file, [name for name in BOOKING_COLUMNS if name not in (DATE, TIME)])
    return read_rows(sheet, file, reader.read, WANTED, form, follow)


@dataclass(kw_only=True)
class _BookingReader:
    """Reads the rows of one file, and remembers their ids."""

    local: Local
    forms: Forms
    now: datetime
    line_of: dict[str, int] = field(default_factory=dict)

    def read(self, row: Row) -> RowValue[Booking] | list[str]:
        """The booking of a row, or its mistakes."""
        fields: dict[str, Any] = {}
        wrong: list[str] = []
        row, apart = self._joined(row, wrong)
        for name in FILE_FIELDS:
            if name == "starts_at" and apart:
                continue
            try:
                fields[name] = read_field(name, row.get(name), self.local)
            except ValueError as error:
                wrong.append(f"{row.title(name)}: {error}")
        identifier = row.get("id")
        if identifier and (first := self.line_of.setdefault(identifier, row.line)) != row.line:
            wrong.append(f"{row.title('id')}: {identifier!r} stands in line {first} already, keep one of them")
        if wrong:
            return wrong
        booking = Booking(**fields)
        return RowValue(value=booking, became=list(self._became(row, booking)))

    def _joined(self, row: Row, wrong: list[str]) -> tuple[Row, bool]:
        """The row with its day and time as one, and whether they are so wrong that nothing more is to be told."""
        if not row.has(DATE) or row.get("starts_at"):
            return row, False
        read: dict[str, Any] = {}
        for name, reads in ((DATE, self._day), (TIME, self._clock)):
            try:
                read[name] = reads(row.get(name))
            except ValueError as error:
                wrong.append(f"{row.title(name)}: {error}")
        if len(read) < 2:
            return row, True
        if why := skipped(datetime.combine(read[DATE], read[TIME]), self.local.zone):
            wrong.append(f"{row.title(DATE)} {row.title(TIME)}: {shown(f'{row.get(DATE)} {row.get(TIME)}')} {why}")
            return row, True
        return replace(row, cells={**row.cells, "starts_at": f"{read[DATE]}T{read[TIME]}"}), False

    def _day(self, typed: str) -> date:
        return read_day(_filled(typed).removesuffix(MIDNIGHT), self.forms.dates)

    def _clock(self, typed: str) -> time:
        return read_clock(_filled(typed), self.forms.times)

    def _became(self, row: Row, booking: Booking) -> Iterator[Became]:
        yield became_number(row, booking.originator)
        for name in TIMES:
            moment = getattr(booking, name, None)
            if moment is not None and row.get(name):
                yield self._became_time(row, name, moment)

    def _became_time(self, row: Row, name: str, moment: datetime) -> Became:
        is_far = name == "starts_at" and abs(moment - self.now) > FAR_AWAY
        days = abs(moment - self.now).days
        doubt = f"that is {days // 365} years {'ago' if moment < self.now else 'away'}" if is_far else ""
        apart = name == "starts_at" and row.has(DATE)
        typed = f"{row.get(DATE)} {row.get(TIME)}" if apart else row.get(name)
        if comes_twice(moment, self.local.zone) and not OFFSET.search(typed):
            doubt = TWICE
        title = f"{row.title(DATE)} {row.title(TIME)}" if apart else row.title(name)
        return Became(line=row.line, column=title, typed=typed, value=wall(moment, self.local), doubt=doubt)


def _filled(typed: str) -> str:
    if not typed:
        raise ValueError("nothing stands here, fill it in")
    return typed


def became_number(row: Row, number: str) -> Became:
    typed = row.get("originator")
    return Became(line=row.line, column=row.title("originator"), typed=typed, value=number, doubt=_doubt(number) or "")


_doubt = lru_cache(maxsize=4096)(doubt_about)


def wall(moment: datetime, local: Local) -> str:
    """A time as the clocks of the file's zone show it."""
    there = moment.astimezone(local.zone)
    return f"{there:%a} {there:%Y-%m-%d %H:%M}{there:%z}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a file of subscribers may say: its lists, and the evidence for lines without any."""

    local: Local
    lists: Collection[str]
    now: datetime
    without_evidence: str | None = None


def read_subscribers(
    data: bytes, file: str, terms: Terms, form: FileForm, follow: Follow = iter
) -> Reading[SubscriberChange]:
    """The changes that a file asks for. ConfigurationError if it is none, or if its columns are wrong."""
    reader = _SubscriberReader(terms=replace(terms, local=replace(terms.local, forms=form.forms)))
    sheet = read_sheet(data, file, SUBSCRIBER_COLUMNS)
    return read_rows(sheet, file, reader.read, SUBSCRIBERS_WANTED, form, follow)


@dataclass(kw_only=True)
class _SubscriberReader:
    """Reads the rows of one file, and remembers who is on which list."""

    terms: Terms
    line_of: dict[tuple[str, str], int] = field(default_factory=dict)

    def read(self, row: Row) -> RowValue[SubscriberChange] | list[str]:
        """The change that a row asks for, or its mistakes."""
        wrong: list[str] = []
        fields: dict[str, Any] = {}
        for name, read in READERS.items():
            try:
                fields[name] = read(row.get(name), self.terms)
            except ValueError as error:
                wrong.append(f"{row.title(name)}: {error}")
        wrong += [f"{row.title('evidence')}: {text}" for text in _about_evidence(row, fields, self.terms)]
        if wrong:
            return wrong
        change = SubscriberChange(**fields, evidence=row.get("evidence") or self.terms.without_evidence or "")
        first = self.line_of.setdefault((change.originator, change.list), row.line)
        if first != row.line:
            return [f"the number is on the list {change.list!r} in line {first} already, keep one of them"]
        return RowValue(value=change, became=list(self._became(row, change)))

    def _became(self, row: Row, change: SubscriberChange) -> Iterator[Became]:
        yield became_number(row, change.originator)
        if change.since is not None:
            value = wall(change.since, self.terms.local)
            yield Became(line=row.line, column=row.title("since"), typed=row.get("since"), value=value)


def _about_evidence(row: Row, fields: dict[str, Any], terms: Terms) -> Iterator[str]:
    evidence = row.get("evidence")
    joins = fields.get("status") is not SubscriptionStatus.UNSUBSCRIBED
    if joins and not evidence and terms.without_evidence is None:
        yield "nothing stands here, say where the consent comes from, or import with --no-evidence REASON"
    if len(evidence) > LONGEST_EVIDENCE:
        yield f"{len(evidence)} characters, at most {LONGEST_EVIDENCE} are kept: shorten it"


def _number(typed: str, terms: Terms) -> str:
    if not typed:
        raise ValueError("nothing stands here, fill it in")
    return number_from(typed, terms.local.country)


def _list(typed: str, terms: Terms) -> str:
    if typed not in terms.lists:
        raise ValueError(
            f"unknown list {shown(typed)}{did_you_mean(typed, terms.lists) or ', add it to the rules file'}"
        )
    return typed


def _status(typed: str, _terms: Terms) -> SubscriptionStatus:
    if typed and typed.lower() not in list(SubscriptionStatus):
        raise ValueError(f"{shown(typed)} is none of {', '.join(SubscriptionStatus)}")
    return SubscriptionStatus(typed.lower()) if typed else SubscriptionStatus.SUBSCRIBED


def _since(typed: str, terms: Terms) -> datetime | None:
    """The moment of the consent; a day without a time is its beginning."""
    if not typed:
        return None
    forms = terms.local.forms or Forms()
    if _is_day(typed):
        since = datetime.combine(read_day(typed, forms.dates), time.min, terms.local.zone).astimezone(UTC)
    else:
        since = read_moment(typed, terms.local.zone, forms)
    if since > terms.now:
        raise ValueError(f"{shown(typed)} is yet to come, expected when the consent was given")
    return since


def _is_day(typed: str) -> bool:
    return " " not in typed and "T" not in typed.upper() and ":" not in typed


def _language(typed: str, terms: Terms) -> str | None:
    if not typed:
        return None
    if terms.local.languages:
        return read_language(typed, terms.local.languages)
    if len(typed) > LONGEST_LANGUAGE:
        raise ValueError(f"{len(typed)} characters, expected a code such as it or en")
    return typed


READERS: dict[str, Callable[[str, Terms], Any]] = {
    "originator": _number,
    "list": _list,
    "status": _status,
    "since": _since,
    "language": _language,
}
