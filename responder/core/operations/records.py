"""Records as people and scripts see them: the fields of the contract, section 7."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.known import Appointment, SubscriptionStatus
from responder.core.outbound.events import appointment_data
from responder.core.sms.message import Channel, MessageStatus
from responder.core.sms.times import iso

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain_fields(record: "DataclassInstance", *omitted: str) -> dict[str, Any]:
    """The fields of a record as JSON has them, in their order."""
    return {field.name: plain(getattr(record, field.name)) for field in fields(record) if field.name not in omitted}


def plain(value: object) -> object:
    """A value as JSON has it: times in UTC, members of enumerations as their words."""
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, Enum) else value


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
    retried_by: str | None = None
    answer_ms: int | None = None
    """Milliseconds from the gateway's request to our answer; None for a mail, and in the first second or so."""

    def as_json(self) -> dict[str, Any]:
        """The fields of a message; ``superseded``, ``error`` and ``retried_by`` only if they say something."""
        written = plain_fields(self, "is_superseded", "error", "retried_by", "answer_ms")
        optional = {"superseded": self.is_superseded, "error": self.error, "retried_by": self.retried_by}
        return written | {name: value for name, value in optional.items() if value}


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
        """The fields of a subscriber; ``under_review_since`` while a person has to decide whether they leave."""
        written = plain_fields(self, "under_review_since")
        return written | ({"under_review_since": iso(self.under_review_since)} if self.under_review_since else {})


CONSENT = (
    "seq", "originator", "list", "event", "at", "recorded_at", "channel", "text", "rule", "message_key",
    "confirmation_key", "hash", "previous_hash",
)  # fmt: skip
CONSENT_DETAILS = ("operator", "reason", "wording", "word", "step", "pack")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentRecord:
    """An event of the consent ledger."""

    event: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The fields of a consent event; details only if there are any."""
        details = {name: self.event[name] for name in CONSENT_DETAILS if self.event[name]}
        return {name: plain(self.event[name]) for name in CONSENT} | details


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
    retried_by: str | None = None
    billed_segments: int | None = None
    created_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields of a delivery; who wrote it and who had it tried again, and the billed segments if they differ."""
        written = plain_fields(self, "operator", "retried_by", "billed_segments", "created_at")
        if self.billed_segments not in (None, self.segments):
            written["billed_segments"] = self.billed_segments
        persons = {"operator": self.operator, "retried_by": self.retried_by}
        return written | {name: person for name, person in persons.items() if person}


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentRecord:
    """An appointment."""

    appointment: Appointment

    @property
    def etag(self) -> str:
        """The appointment's ETag; one made again under the same id gets another."""
        return f'"{self.appointment.version}-{int(self.appointment.updated_at.timestamp() * 1000):x}"'

    def as_json(self) -> dict[str, Any]:
        return appointment_data(self.appointment)


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentEvent:
    """One change of an appointment, or one reminder: by whom or what, and by which message."""

    number: int
    at: datetime
    what: str
    by: str
    message_key: str | None
    old_status: str | None
    new_status: str | None
    detail: str

    def as_json(self) -> dict[str, Any]:
        return plain_fields(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text that rules are read from, and its file."""

    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Rules that were in force, as written, and when they last came into force; ``by`` and ``why`` if it was said."""

    hash: str
    sources: tuple[Source, ...]
    first_in_force_at: datetime
    in_force_at: datetime
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleChange:
    """Rules that came into force, or one of them that paused: since when, by whom and why, as far as that is known."""

    hash: str
    since: datetime
    by: str | None
    why: str | None

    def as_json(self) -> dict[str, Any]:
        return plain_fields(self)


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
        return not self.mistakes


def written_sources(sources: Sequence[Source]) -> str:
    """The sources as JSON, the main one first.

    >>> read_sources(written_sources([Source(file="rules.yaml", text="version: 1")]))
    (Source(file='rules.yaml', text='version: 1'),)
    """
    return json.dumps([[source.file, source.text] for source in sources], ensure_ascii=False)


def read_sources(written: str) -> tuple[Source, ...]:
    return tuple(Source(file=file, text=text) for file, text in json.loads(written))
