"""What a file of subscribers says (contract, section 7)."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Any

from responder.core.appointments.booking import Local, read_language
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.core.rules.imports import SUBSCRIBER_COLUMNS, FileForm
from responder.core.rules.template import did_you_mean
from responder.core.sms.address import number_from
from responder.core.sms.typed_times import Forms, read_day, read_moment, shown
from responder.spreadsheets.bookings import WHY, became_number, wall
from responder.spreadsheets.reading import Became, Follow, Reading, RowValue, read_rows, read_sheet
from responder.spreadsheets.sheet import Row, Wanted

UNDER_REVIEW = "under_review_since"  # a column that some exports have; an import ignores it
REQUIRED_COLUMNS = ("originator", "list")
SUBSCRIBERS_WANTED = Wanted(columns=SUBSCRIBER_COLUMNS, required=REQUIRED_COLUMNS, ignored=(UNDER_REVIEW, WHY))
LONGEST_EVIDENCE = 1000  # characters
LONGEST_LANGUAGE = 16


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
