"""What a list is narrowed to: each filter left at None takes everything."""

from dataclasses import dataclass
from datetime import datetime

from responder.core.contact.effects import AppointmentStatus, StepKind, StepStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.message import MessageStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFilter:
    """Which messages: ``list`` takes those that changed who is on it, ``unmatched`` those that nobody's rule met."""

    originator: str | None = None
    rule: str | None = None
    status: MessageStatus | None = None
    since: datetime | None = None
    before: datetime | None = None
    list: str | None = None
    unmatched: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryFilter:
    """Which deliveries."""

    status: StepStatus | None = None
    kind: StepKind | None = None
    to: str | None = None
    message_key: str | None = None
    originator: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberFilter:
    """Which subscribers."""

    list: str | None = None
    status: SubscriptionStatus | None = None
    originator: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentFilter:
    """Which appointments: those that start from ``begin`` until before ``end``."""

    originator: str | None = None
    status: AppointmentStatus | None = None
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentFilter:
    """Which consent events: ``list`` takes those for all lists as well, ``as_of`` what was recorded until then."""

    originator: str | None = None
    list: str | None = None
    as_of: datetime | None = None
    before: datetime | None = None
    by_phrase: bool = False
    """Only opt-outs of everything that a phrase made, or a doubt."""


EVERY_MESSAGE, EVERY_DELIVERY, EVERY_SUBSCRIBER = MessageFilter(), DeliveryFilter(), SubscriberFilter()
EVERY_APPOINTMENT, EVERY_EVENT = AppointmentFilter(), ConsentFilter()
