"""Records as people and scripts see them: the fields of the contract, section 7."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.known import Appointment, SubscriptionStatus
from responder.core.outbound.events import appointment_data
from responder.core.sms.message import Channel, MessageStatus
from responder.core.sms.timestamps import iso


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRecord:
    """A message of the inbox, with what became of it."""

    key: str
    channel: Channel
    originator: str
    destination: str
    text: str
    folded: str | None
    sent_at: datetime | None
    received_at: datetime
    handled_at: datetime | None
    status: MessageStatus
    rule: str | None
    rules_hash: str | None
    is_superseded: bool = False
    error: str | None = None
    answer_ms: int | None = None
    """Milliseconds from the gateway's request to our answer; None for a mail, and for the first second or so."""

    def as_json(self) -> dict[str, Any]:
        """The fields of a message; ``superseded`` and ``error`` stand there only where they say something."""
        fields: dict[str, Any] = {
            "key": self.key,
            "channel": str(self.channel),
            "originator": self.originator,
            "destination": self.destination,
            "text": self.text,
            "folded": self.folded,
            "sent_at": iso(self.sent_at),
            "received_at": iso(self.received_at),
            "handled_at": iso(self.handled_at),
            "status": str(self.status),
            "rule": self.rule,
            "rules_hash": self.rules_hash,
        }
        told = {"superseded": self.is_superseded, "error": self.error}
        return fields | {name: value for name, value in told.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A message with what was decided about it and why; ``match`` is None while nothing was."""

    message: MessageRecord
    language: str | None
    match: Mapping[str, Any] | None
    steps: tuple[Mapping[str, Any], ...]
    near_misses: tuple[Mapping[str, Any], ...]
    reserved: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields of an explanation.

        ``reserved`` is there if a reserved word was recognised, ``answer_ms`` once it is known.
        """
        why = {
            "language": self.language,
            "match": self.match,
            "steps": list(self.steps),
            "near_misses": list(self.near_misses),
        }
        told = {"reserved": dict(self.reserved) if self.reserved else None, "answer_ms": self.message.answer_ms}
        return self.message.as_json() | why | {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberRecord:
    """An originator on a list, or no longer on it."""

    originator: str
    list: str
    status: SubscriptionStatus
    since: datetime
    language: str | None
    under_review_since: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields of a subscriber.

        ``under_review_since`` is there while a person has to decide whether they want to leave.
        """
        fields: dict[str, Any] = {
            "originator": self.originator,
            "list": self.list,
            "status": str(self.status),
            "since": iso(self.since),
            "language": self.language,
        }
        return fields | ({"under_review_since": iso(self.under_review_since)} if self.under_review_since else {})


CONSENT = (
    "seq", "originator", "list", "event", "at", "recorded_at", "channel", "text", "rule", "message_key",
    "confirmation_key",
    "hash", "previous_hash",
)  # fmt: skip
CONSENT_DETAILS = ("operator", "reason", "wording", "word", "step", "pack")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentRecord:
    """An event of the consent ledger."""

    event: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The fields of a consent event.

        Who acted by hand, the wording shown and the evidence are there if there are any.
        """
        details = {name: self.event[name] for name in CONSENT_DETAILS if self.event[name]}
        return {name: _told(self.event[name]) for name in CONSENT} | details


def _told(value: object) -> object:
    return iso(value) if isinstance(value, datetime) else value


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryRecord:
    """A call to the outside, with its fate."""

    key: str
    message_key: str
    kind: StepKind
    to: str
    status: StepStatus
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    segments: int
    text: str
    operator: str | None = None
    billed_segments: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields of a delivery.

        Its author is there if a person wrote it, and the gateway's count of segments if it differs.
        """
        fields: dict[str, Any] = {
            "key": self.key,
            "message_key": self.message_key,
            "kind": str(self.kind),
            "to": self.to,
            "status": str(self.status),
            "attempts": self.attempts,
            "next_attempt_at": iso(self.next_attempt_at),
            "last_error": self.last_error,
            "segments": self.segments,
            "text": self.text,
        }
        if self.billed_segments not in (None, self.segments):
            fields["billed_segments"] = self.billed_segments
        return fields | ({"operator": self.operator} if self.operator else {})


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentRecord:
    """An appointment."""

    appointment: Appointment

    @property
    def etag(self) -> str:
        """The appointment's ETag. An appointment made again under the same id gets another one."""
        return f'"{self.appointment.version}-{int(self.appointment.updated_at.timestamp() * 1000):x}"'

    def as_json(self) -> dict[str, Any]:
        """The fields of an appointment."""
        return appointment_data(self.appointment)


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentEvent:
    """One change of an appointment or one reminder, by whom or what, and by which message."""

    number: int
    at: datetime
    what: str
    by: str
    message_key: str | None
    old_status: str | None
    new_status: str | None
    detail: str

    def as_json(self) -> dict[str, Any]:
        """The fields of a line of the history."""
        return {
            "number": self.number,
            "at": iso(self.at),
            "what": self.what,
            "by": self.by,
            "message_key": self.message_key,
            "old_status": self.old_status,
            "new_status": self.new_status,
            "detail": self.detail,
        }


def explained(message: MessageRecord, language: str | None, stored: str | None) -> Explanation:
    """A message with its explanation in the form in which plans are stored."""
    told: Mapping[str, Any] = json.loads(stored) if stored else {"match": None, "steps": (), "near_misses": ()}
    return Explanation(
        message=message,
        language=language,
        match=told["match"],
        steps=tuple(told["steps"]),
        near_misses=tuple(told["near_misses"]),
        reserved=told.get("reserved"),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text that rules are read from, and the file that it stood in."""

    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Rules that were in force, as they were written; ``in_force_at`` is when they last came into force."""

    hash: str
    sources: tuple[Source, ...]
    first_in_force_at: datetime
    in_force_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesStatus:
    """The rules that a process uses. ``mistakes`` are those of a newer file that was refused."""

    hash: str
    count: int
    last_good_at: datetime
    mistakes: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the rules in force are those of the file."""
        return not self.mistakes


def written_sources(sources: Sequence[Source]) -> str:
    """The texts as they are kept, the main one first.

    >>> read_sources(written_sources([Source(file="rules.yaml", text="version: 1")]))
    (Source(file='rules.yaml', text='version: 1'),)
    """
    return json.dumps([[source.file, source.text] for source in sources], ensure_ascii=False)


def read_sources(written: str) -> tuple[Source, ...]:
    """The texts that were kept."""
    return tuple(Source(file=file, text=text) for file, text in json.loads(written))
