"""Sections of a rules file as values: its tests, the events that webhooks ask for, and troubles that need a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from responder.core.contact.known import Appointment, SubscriptionStatus

NOTHING = "none"
"""What a test writes for the rule where none applies and there is no fallback."""
CREDIT_LOW = Decimal(10)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedStep:
    """A step that is expected, with those of its settings that matter.

    The unnamed one is the first that the step has.
    """

    action: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What has to come out; None for what the test leaves open."""

    rule: str | None = None
    steps: tuple[ExpectedStep, ...] | None = None
    replies: tuple[str, ...] | None = None
    subscriptions: Mapping[str, SubscriptionStatus | None] | None = None
    subscribed: tuple[str, ...] | None = None
    """All lists that the originator is on at the end, and no others."""
    appointments: Mapping[str, str] | None = None
    fields: Mapping[str, str] | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One text of a test; without a time it comes a minute after the one before."""

    text: str
    at: datetime | None = None
    expected: Expected = Expected()


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What is known before the first text of a test."""

    subscriptions: Mapping[str, SubscriptionStatus] = field(default_factory=dict)
    appointments: tuple[Appointment, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    opted_out: bool = False
    responses: Mapping[str, bytes] = field(default_factory=dict)
    """What webhooks answer, by their names; the others do not answer in time."""
    paused_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One test: ``earlier`` texts that nothing is expected of, then its own.

    What is expected at the end stands with the last of them.
    """

    name: str
    line: int
    column: int
    originator: str
    destination: str
    at: datetime | None
    given: Given
    earlier: tuple[Turn, ...]
    turns: tuple[Turn, ...]
    file: str = ""


class Event(StrEnum):
    """Something that a webhook may ask for under ``events``."""

    MESSAGE_HANDLED = "message.handled"
    CONSENT_CHANGED = "consent.changed"
    APPOINTMENT_CHANGED = "appointment.changed"
    DELIVERY_CHANGED = "delivery.changed"
    HANDOFF_OPENED = "handoff.opened"
    HANDOFF_CLOSED = "handoff.closed"
    ALERT_OPENED = "alert.opened"
    ALERT_CLOSED = "alert.closed"
    CREDIT_LOW = "credit.low"


class AlertKind(StrEnum):
    """What an alert can be about."""

    DEAD_LETTERS = "dead_letters"
    WEBHOOK_OFF = "webhook_off"
    GATEWAY_REFUSES = "gateway_refuses"
    CREDIT_LOW = "credit_low"
    MAILBOX_FAILS = "mailbox_fails"
    MESSAGES_WAIT = "messages_wait"
    MESSAGES_FAILED = "messages_failed"
    CLOCK_OFF = "clock_off"
    RULES_REFUSED = "rules_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alerts:
    """The section ``alerts`` of a rules file: who is told, and under which amount the credit is low. None is never."""

    webhook: str | None = None
    email: tuple[str, ...] = ()
    credit_low: Decimal | None = CREDIT_LOW


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Something that needs a person now; the details contain nothing that anybody texted."""

    kind: AlertKind
    subject: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A trouble that was reported, and since when; closed once it is over."""

    key: str
    trouble: Trouble
    opened_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """An e-mail about an alert."""

    key: str
    recipient: str
    subject: str
    content: str
