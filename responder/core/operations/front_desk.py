"""What the front desk works on: texts that a person should look at, and how the appointments of a day stand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.core.operations.records import plain_fields
from responder.core.outbound.events import appointment_data
from responder.core.sms.times import iso


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOffRecord:
    """A hand-off, with the key of its message, and the appointment of the number that it is likely about.

    ``later_texts`` counts the number's texts since, ``answered_at`` is when a person last wrote to it since.
    ``in_hand_by`` is who deals with it, so that two persons do not answer the same.
    """

    key: str
    originator: str
    destination: str | None
    reason: str
    opened_at: datetime
    text: str | None
    sent_at: datetime | None
    received_at: datetime | None
    channel: str | None
    holds_marketing: bool
    pauses_until: datetime | None
    later_texts: int
    answered_at: datetime | None
    appointment: Appointment | None
    done_at: datetime | None
    by: str | None
    note: str | None
    in_hand_by: str | None = None
    in_hand_since: datetime | None = None

    def is_free_for(self, operator: str) -> bool:
        return self.in_hand_by in (None, operator)

    @property
    def status(self) -> str:
        return "done" if self.done_at else "open"

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "originator": self.originator,
            "destination": self.destination,
            "reason": self.reason,
            "opened_at": iso(self.opened_at),
            "status": self.status,
            "done_at": iso(self.done_at),
            "by": self.by,
            "note": self.note,
            "message": self._message(),
            "appointment": self.appointment and appointment_data(self.appointment),
            "text": self.text,
            "holds_marketing": self.holds_marketing,
            "pauses_until": iso(self.pauses_until),
            "later_texts": self.later_texts,
            "answered_at": iso(self.answered_at),
            "in_hand_by": self.in_hand_by,
            "in_hand_since": iso(self.in_hand_since),
        }

    def _message(self) -> dict[str, Any] | None:
        """The text that it is about; None where it is about no text of anybody's."""
        if self.received_at is None:
            return None
        return {
            "key": self.key,
            "originator": self.originator,
            "destination": self.destination,
            "text": self.text,
            "sent_at": iso(self.sent_at),
            "received_at": iso(self.received_at),
            "channel": self.channel,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenHandOffs:
    """How many hand-offs wait for a person, since when, and how many of them hold marketing back."""

    count: int
    oldest: datetime | None
    reviews: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """What closing a hand-off did: how many of its number are still open, and how many of those hold marketing."""

    ended_review: bool
    is_opted_out: bool
    others: int
    reviews: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A text in the conversation of a hand-off; ours has a ``fate``."""

    at: datetime
    text: str
    fate: str = ""

    @property
    def is_ours(self) -> bool:
        return bool(self.fate)


class Standing(StrEnum):
    """How an appointment stands, in the order in which a board shows them: what needs a person first."""

    STOPPED = "said STOP"
    UNCLEAR = "unclear"
    ANOTHER_DAY = "wants another day"
    CANCELLED = "cancelled"
    NO_ANSWER = "no answer yet"
    NEVER_REMINDED = "never reminded"
    CONFIRMED = "confirmed"


OF_STATUS = {
    AppointmentStatus.CONFIRMED: Standing.CONFIRMED,
    AppointmentStatus.CANCELLED: Standing.CANCELLED,
    AppointmentStatus.RESCHEDULE_REQUESTED: Standing.ANOTHER_DAY,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What else is known of the number of an appointment.

    ``stopped_at`` is when it opted out last; ``doubt_at`` when the newest of its texts came that wait for a person.
    """

    opted_out: bool = False
    stopped_at: datetime | None = None
    doubt_at: datetime | None = None


def standing_of(appointment: Appointment, also: Circumstances, now: datetime) -> Standing:
    """How an appointment stands: the last word about it counts, whoever said it."""
    last_word = _last_word(appointment)
    if also.opted_out and _is_cut_off(appointment, also.stopped_at, last_word):
        return Standing.STOPPED
    asked_at = appointment.asked_by(now)
    since = last_word or asked_at
    if also.doubt_at and (also.doubt_at > since if since else appointment.is_open(also.doubt_at)):
        return Standing.UNCLEAR
    if not appointment.waits:
        return OF_STATUS[appointment.status]
    if appointment.unclear_at:
        return Standing.UNCLEAR
    return Standing.NO_ANSWER if asked_at else Standing.NEVER_REMINDED


def _is_cut_off(appointment: Appointment, stopped_at: datetime | None, last_word: datetime | None) -> bool:
    """Whether a STOP leaves open what becomes of an appointment: nothing was said about it since."""
    if appointment.status is AppointmentStatus.CANCELLED:
        return False
    return appointment.waits or last_word is None or stopped_at is None or stopped_at > last_word


def _last_word(appointment: Appointment) -> datetime | None:
    said_at = appointment.order.at if appointment.order else None
    return max(filter(None, (said_at, appointment.by_hand_at)), default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardEntry:
    """An appointment on the board of its day."""

    appointment: Appointment
    standing: Standing

    def as_json(self) -> dict[str, Any]:
        """The fields of an appointment, and how it stands."""
        return {**appointment_data(self.appointment), "standing": str(self.standing)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """The appointments from one moment until before another: what needs a person first, then by their start."""

    begin: datetime
    end: datetime
    entries: tuple[BoardEntry, ...]

    @property
    def counts(self) -> dict[Standing, int]:
        """How many stand how, in the order of the board."""
        counted = Counter(entry.standing for entry in self.entries)
        return {standing: counted[standing] for standing in Standing}


def in_board_order(entries: Iterable[BoardEntry]) -> tuple[BoardEntry, ...]:
    place = {standing: number for number, standing in enumerate(Standing)}
    return tuple(sorted(entries, key=lambda one: (place[one.standing], one.appointment.starts_at, one.appointment.id)))


class ReminderStatus(StrEnum):
    """What has become of a reminder."""

    DUE = "due"
    SENT = "sent"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReminderRecord:
    """A reminder of an appointment: when it is due, what became of it, and why it was dropped.

    ``fate`` is what became of its text, once there is one.
    """

    key: str
    appointment: str
    originator: str
    name: str
    starts_at: datetime | None
    reminder: str
    due_at: datetime
    status: ReminderStatus
    done_at: datetime | None
    reason: str | None
    fate: str | None

    def as_json(self) -> dict[str, Any]:
        return plain_fields(self)
