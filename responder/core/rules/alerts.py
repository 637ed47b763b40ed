"""What needs a person, and who is notified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

CREDIT_LOW = Decimal(10)


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
