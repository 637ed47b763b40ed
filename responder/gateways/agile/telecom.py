"""The gateway as the rest of responder knows it, and what it calls back with: delivery reports, and messages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from responder.core.contact.effects import Step
from responder.core.contact.reasons import Reason, because
from responder.core.outbound.fates import Report, Reported
from responder.core.outbound.gateway import POST, Answer, Call, Events, MailTrust, Posted, Response, Sample, Taken
from responder.core.sms.message import Channel, Inbound
from responder.core.sms.text import clean
from responder.gateways.agile.answers import credit_url, read_credit, read_response
from responder.gateways.agile.mailbox import SENDERS, AgileMailReader
from responder.gateways.agile.messages import (
    DATE_TIME,
    Api,
    body_of,
    form_of,
    identifier,
    loads,
    number,
    plain_words,
    read_message,
    send_url,
)

LONGEST_WORD = 64  # characters of a status as it was written
IDS = ("messageid", "id", "customermessageid", "globalid")  # ours or the gateway's: the dialects agree on no name
REASONS = ("error", "statusdescription", "description")
TIMES = ("donedate", "timestamp")

WORDS: Mapping[str, tuple[Reported, Reason | None]] = {  # a status in words, which decides where there is one
    "SENT": (Reported.SENT, None),
    "BUFFERED": (Reported.SENT, None),
    "DELIVERED": (Reported.DELIVERED, None),
    "ERROR": (Reported.FAILED, because("undelivered")),
    "EXPIRED": (Reported.FAILED, because("undelivered_in_time")),
    "REJECTED": (Reported.FAILED, because("operator_rejected")),
    "UNDELIVERABLE": (Reported.FAILED, because("number_unreachable")),
    "FAILED": (Reported.FAILED, because("failed_before_operator")),
}
CODES: Mapping[int, tuple[Reported, Reason | None]] = {  # for DELIVERY events alone: elsewhere 3 means rejected
    3: (Reported.DELIVERED, None),
    6: (Reported.FAILED, because("undelivered")),
}
UNKNOWN: tuple[Reported, Reason | None] = (Reported.UNKNOWN, None)
FORM = (b"content-type", b"application/x-www-form-urlencoded")


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """Reports, messages as the fields of forms, and the count of events that are neither."""

    reports: tuple[Report, ...]
    messages: tuple[Mapping[str, str], ...]
    unread: int


def read_events(posted: Posted, zone: ZoneInfo) -> Read:
    """The events of a request, whether its body is an object, a list of objects, or a form."""
    events = list(_events(loads(posted.body))) or ([posted.form] if posted.form else [])
    messages = [event for event in events if _is_message(event)]
    reports = tuple(
        _report(event, posted.received_at, zone) for event in events if _ids(event) and not _is_message(event)
    )
    texts = tuple(_message(event, zone) for event in messages if _is_sms(event))
    return Read(reports=reports, messages=texts, unread=max(len(events), 1) - len(reports) - len(texts))


def _events(read: object) -> Iterator[Mapping[str, Any]]:
    for event in read if isinstance(read, list) else [read]:
        if isinstance(event, dict):
            yield {name.strip().lower(): value for name, value in reversed(event.items())}


def _kind(event: Mapping[str, Any]) -> str:
    return str(event.get("eventtype", "")).strip().upper()


def _is_message(event: Mapping[str, Any]) -> bool:
    return _kind(event) == "INBOUND" or {"originator", "destination"} <= event.keys()


def _is_sms(event: Mapping[str, Any]) -> bool:
    """Whether a message came as a text; on other channels we cannot answer."""
    return str(event.get("channel") or "SMS").strip().upper() == "SMS"


def _message(event: Mapping[str, Any], zone: ZoneInfo) -> Mapping[str, str]:
    """The fields of a form, with the time in its format, so that both get the same key."""
    return {
        "originator": str(event.get("source") or event.get("originator") or ""),
        "destination": str(event.get("destination") or ""),
        "date_time": str(event.get("date_time") or _digits(event.get("timestamp"), zone)),
        "text": str(event.get("text") or ""),
    }


def _digits(written: object, zone: ZoneInfo) -> str:
    moment = _moment(written, zone)
    try:
        return moment.astimezone(zone).strftime(DATE_TIME) if moment else ""
    except OverflowError:
        return ""


def _report(event: Mapping[str, Any], received_at: datetime, zone: ZoneInfo) -> Report:
    reported, reason = _status(event)
    theirs = next(filter(None, (plain_words(event.get(name)) for name in REASONS)), "")
    parts = number(event.get("totalparts"))
    return Report(
        ids=_ids(event),
        reported=reported,
        word=_word(event),
        received_at=received_at,
        reason=because("gateway_reports_also", reason=reason, words=theirs) if reason and theirs else reason,
        part=number(event.get("numpart")) if parts and parts > 1 else None,
        parts=parts,
        happened_at=next(filter(None, (_moment(event.get(name), zone) for name in TIMES)), None),
    )


def _status(event: Mapping[str, Any]) -> tuple[Reported, Reason | None]:
    """What a report says, by its status in words, or by number where the dialect is certain."""
    word = event.get("status")
    if isinstance(word, str) and word.strip():
        return WORDS.get(word.strip().upper(), UNKNOWN)
    return CODES.get(number(event.get("statuscode")) or 0, UNKNOWN) if _kind(event) == "DELIVERY" else UNKNOWN


def _word(event: Mapping[str, Any]) -> str:
    words = (event.get("status"), event.get("statuscode"), event.get("eventtype"))
    return clean(" ".join(str(word) for word in words if isinstance(word, str | int)))[:LONGEST_WORD]


def _ids(event: Mapping[str, Any]) -> tuple[str, ...]:
    found = (identifier(event.get(name)) for name in IDS)
    return tuple(dict.fromkeys(each for each in found if each))


def _moment(written: object, zone: ZoneInfo) -> datetime | None:
    """A time, in the gateway's zone unless it has an offset; None if it is no time."""
    try:
        moment = datetime.fromisoformat(written.strip()) if isinstance(written, str) else None
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class AgileTelecom:
    """Agile Telecom. Without an API key replies are simulated; without a sender they come from the number texted.

    ``url`` is the address of the API, or the beginning of it; None is the vendor's own.
    """

    name = "agile"
    methods = POST
    ack = Answer(body=b"+OK")

    secret: bytes = field(repr=False)
    zone: ZoneInfo
    api_key: str | None = field(default=None, repr=False)
    api: Api = Api.UNIVERSAL
    url: str | None = None
    sender: str | None = None

    def trusts(self, posted: Posted) -> bool:
        """Always: the vendor signs nothing, so the token and the addresses allowed are all there is."""
        del posted
        return True

    def read_inbound(self, posted: Posted) -> Events:
        """The message in a form; one without originator or destination is malformed."""
        return Events(inbound=(self.read_message(posted.form, posted.body, posted.received_at, Channel.WEBHOOK),))

    def read_reports(self, posted: Posted) -> Events:
        """The delivery reports in a request, and the messages that came with them."""
        events = read_events(posted, self.zone)
        inbound = (
            self.read_message(form, posted.body, posted.received_at, Channel.WEBHOOK) for form in events.messages
        )
        return Events(reports=events.reports, inbound=tuple(inbound), unread=events.unread)

    def read_message(self, form: Mapping[str, str], raw: bytes, received_at: datetime, channel: Channel) -> Inbound:
        """The message in the fields of a form, however they came."""
        return read_message(form, raw, received_at, channel, gateway=self.name, key_secret=self.secret, zone=self.zone)

    def sample(self, sample: Sample) -> Posted:
        """The form by which the gateway would hand in a text."""
        form = form_of(sample, self.zone)
        return Posted(body=urlencode(form).encode(), form=form, headers=(FORM,), received_at=sample.sent_at)

    def mail_reader(self, trust: MailTrust) -> AgileMailReader:
        return AgileMailReader(
            gateway=self,
            secret=self.secret,
            senders=trust.senders or SENDERS,
            needs_signature=trust.needs_signature,
            receiver=trust.receiver,
            footer=trust.footer,
        )

    def build_outbound(self, step: Step) -> Call | None:
        """The call that sends a reply; None while replies are simulated."""
        if self.api_key is None:
            return None
        headers = {"content-type": "application/json", "x-api-key": self.api_key}
        body = body_of(self.api, step, self.sender or step.sender)
        return Call(url=send_url(self.api, self.url), headers=headers, body=body)

    def read_response(self, response: Response) -> Taken:
        """What the gateway says of a message it took; an error says what became of it."""
        return read_response(response)

    def build_credit(self) -> Call | None:
        """The call that asks for the credit left; None without a key."""
        if self.api_key is None:
            return None
        headers = {"accept": "application/json", "x-api-key": self.api_key}
        return Call(url=credit_url(self.api, self.url), headers=headers)

    def read_credit(self, response: Response) -> Decimal:
        """The credit that is left, in euros."""
        return read_credit(response)
