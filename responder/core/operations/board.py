"""How the appointments of a day stand, in the words of the front desk, and what became of reminders."""

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
    """When a text or a person last changed it."""
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
    """The entries as a board shows them."""
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
        """The fields of a reminder."""
        return plain_fields(self)
