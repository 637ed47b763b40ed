"""What is known of an originator: consent, lists, appointments, questions, and recent texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from responder.core.contact.echoes import TEXTS_REMEMBERED, Sent
from responder.core.contact.effects import AppointmentStatus, Purpose
from responder.core.contact.question import QUESTIONS_REMEMBERED, Question, QuestionKind
from responder.core.sms.message import Order

WINDOW = timedelta(days=7)  # before its start, during which an appointment is open though nobody asked about it
LATE = timedelta(hours=48)  # after its start, during which an answer may still be about it (contract, section 5)
ASKED_FOR = timedelta(hours=48)  # during which a double opt-in can be answered
CLOCKS = timedelta(seconds=5)  # by which the clocks of two of our machines may differ


class SubscriptionStatus(StrEnum):
    """Whether an originator is on a list."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """An originator and a list; ``taken_by_stop`` marks what START will bring back.

    ``order`` is that of the last text about it, ``by_hand_at`` when a person or a file last changed it.
    """

    list: str
    status: SubscriptionStatus
    since: datetime
    order: Order | None = None
    by_hand_at: datetime | None = None
    taken_by_stop: bool = False
    ends_at: datetime | None = None

    @property
    def waits(self) -> bool:
        return self.status is SubscriptionStatus.PENDING

    def at(self, now: datetime) -> "Subscription":
        """The subscription at a moment: ended if its time is over."""
        if self.ends_at is None or self.ends_at > now:
            return self
        return replace(self, status=SubscriptionStatus.UNSUBSCRIBED, since=self.ends_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Appointment:
    """An appointment of an originator; ``version`` counts its changes.

    ``order`` is that of the last text about it, ``by_hand_at`` when a person or a file last moved it.
    """

    id: str
    originator: str
    starts_at: datetime
    status: AppointmentStatus
    updated_at: datetime
    name: str = ""
    service: str = ""
    location: str = ""
    language: str = ""
    asked_at: datetime | None = None
    order: Order | None = None
    by_hand_at: datetime | None = None
    version: int = 1
    unclear_at: datetime | None = None
    last_asked_at: datetime | None = None
    """When it was asked about again, if it was; ``asked_at`` is the first time, which opens it."""
    asked_from: str = ""
    """The number of ours that asked last, if it is known."""
    asking_waits: bool = field(default=False, compare=False)
    """Whether the reminder that asked last had yet to leave when this was read."""

    def is_open(self, now: datetime, window: timedelta = WINDOW) -> bool:
        """Whether a short answer may be about it: asked about or near, and not begun."""
        opened_at = self.asked_at or self.starts_at - window
        return opened_at <= now < self.starts_at

    def asked_by(self, now: datetime) -> datetime | None:
        """When it was last asked about, as of a moment."""
        return next((at for at in (self.last_asked_at, self.asked_at) if at and at <= now), None)

    def never_asked(self) -> "Appointment":
        """The appointment as if the reminder that asked last had not, unless a text has answered it since."""
        if self.order and self.asked_at and self.updated_at >= self.asked_at:
            return replace(self, asking_waits=False)
        first = first_asked_at(self.asked_at, self.last_asked_at)
        return replace(self, asked_at=first, last_asked_at=None, asked_from="", asking_waits=False)

    @property
    def waits(self) -> bool:
        return self.status is AppointmentStatus.SCHEDULED

    def is_expected(self, now: datetime) -> bool:
        """Whether somebody is still expected: it has not begun, and is not cancelled."""
        return now < self.starts_at and self.status is not AppointmentStatus.CANCELLED

    def is_late(self, now: datetime) -> bool:
        """Whether a short answer may be about it, though it has begun."""
        return self.starts_at <= now < self.starts_at + LATE


def first_asked_at(asked_at: datetime | None, last_asked_at: datetime | None) -> datetime | None:
    """When an appointment was first asked about, apart from its last reminder; None if that was the first."""
    return None if last_asked_at and asked_at == last_asked_at - CLOCKS else asked_at


@dataclass(frozen=True, kw_only=True)
class Known:
    """All that is known of one originator; ``revision`` grows with each change, which reveals stale plans."""

    originator: str
    revision: int = 0
    language: str | None = None
    language_order: Order | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    field_orders: Mapping[str, Order] = field(default_factory=dict)
    opted_out: bool = False
    consent_order: Order | None = None
    consent_by_hand_at: datetime | None = None
    """When staff, a file or the gateway last opted the number out, or it was erased."""
    erased_at: datetime | None = None
    rebooked_at: datetime | None = None
    """When another system or a person last moved or deleted an appointment of the originator."""
    confirmed_at: datetime | None = None
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    appointments: tuple[Appointment, ...] = ()
    was_erased: bool = False  # and has said neither START nor STOP since, so no text may go there
    questions: tuple[Question, ...] = ()
    uses: Mapping[str, datetime] = field(default_factory=dict)
    """When each cooldown last started."""
    unsent_uses: frozenset[str] = field(default=frozenset(), compare=False)
    """Those of ``uses`` whose texts had not left yet when this was read."""
    muted_until: datetime | None = None
    sent: tuple[Sent, ...] = ()
    """The texts queued for the originator within a day, and the reminders of appointments that are open."""
    doubted_at: datetime | None = None
    """When the newest doubt was opened whether the originator wants texts at all; None if none is open."""
    paused_until: datetime | None = None
    """Until when a person has the conversation: the longest pause of the open hand-offs."""

    def but(self, **changes: Any) -> "Known":  # noqa: ANN401  (the fields above)
        """A copy with some values changed, in a tenth of the 5 us that ``replace`` takes."""
        known = object.__new__(Known)
        known.__dict__.update(self.__dict__, **changes)
        return known

    def subscribed(self, list_name: str) -> bool:
        subscription = self.subscriptions.get(list_name)
        return subscription is not None and subscription.status is SubscriptionStatus.SUBSCRIBED

    def at(self, now: datetime) -> "Known":
        """What is known at a moment, without what has ended or was sent or asked too long ago."""
        if not self.sent and not self.questions and not self.subscriptions:
            return self
        # a reminder may be reacted to as long as its appointment is open
        sent = tuple(one for one in self.sent if one.at > now - TEXTS_REMEMBERED or one.purpose is Purpose.REMINDER)
        questions = tuple(question for question in self.questions if question.asked_at > now - QUESTIONS_REMEMBERED)
        ends = any(subscription.ends_at for subscription in self.subscriptions.values())
        if not ends and len(sent) == len(self.sent) and len(questions) == len(self.questions):
            return self
        subscriptions = {name: subscription.at(now) for name, subscription in self.subscriptions.items()}
        return self.but(sent=sent, questions=questions, subscriptions=subscriptions)

    def question(self, kind: QuestionKind, destination: str | None = None) -> Question | None:
        """The newest question of a kind, open or not; with a destination, that number's newest."""
        if not self.questions:
            return None
        of_kind = [one for one in self.questions if one.kind is kind and destination in (None, one.destination)]
        return max(reversed(of_kind), key=lambda question: question.asked_at, default=None)

    def open_appointments(self, now: datetime, window: timedelta = WINDOW) -> tuple[Appointment, ...]:
        """The appointments that an answer may be about, nearest first; cancelled ones only if there is no other."""
        if not self.appointments:
            return ()
        is_open = sorted((a for a in self.appointments if a.is_open(now, window)), key=lambda a: (a.starts_at, a.id))
        standing = tuple(a for a in is_open if a.status is not AppointmentStatus.CANCELLED)
        return standing or tuple(is_open)

    def appointment(self, id_: str) -> Appointment | None:
        return next((a for a in self.appointments if a.id == id_), None)
