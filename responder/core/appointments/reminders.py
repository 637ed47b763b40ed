"""Reminders: when they are due, and what happens to one that is due."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from responder.core.appointments.booking import Booking
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment, Known
from responder.core.contact.reasons import because
from responder.core.rules.appointments import AppointmentPolicy, appointment_values, awake, contact_values
from responder.core.rules.rules import Rules
from responder.core.sms.times import iso

GONE = because("appointment_gone")
OVERTAKEN = because("later_reminder")
KEY_LENGTH = 32  # hexadecimal digits, as those of a message


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A planned reminder; ``name`` is its name in the rules file."""

    key: str
    appointment_id: str
    originator: str
    name: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """The text goes out, unless it is too late or the appointment's status is no longer ``only``."""

    text: str
    expires_at: datetime
    only: AppointmentStatus | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """The reminder is given up, and this is why."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """The reminder is due at another time."""

    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ReminderPlan:
    """When people are reminded: the section ``appointments`` of a rules file, and its zone."""

    policy: AppointmentPolicy
    zone: ZoneInfo

    @property
    def digest(self) -> str:
        """A name for these times; empty if nobody is reminded."""
        if not self.policy.reminders:
            return ""
        parts = [str(self.zone), repr(self.policy.quiet_hours), *(reminder.name for reminder in self.policy.reminders)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:KEY_LENGTH]

    def reminders(self, booking: Booking | Appointment, now: datetime) -> Iterator[Planned]:
        if booking.starts_at <= now:
            return
        for reminder in self.policy.reminders:
            due_at = reminder.before.before(booking.starts_at, self.zone)
            yield Planned(
                key=reminder_key(booking, reminder.name),
                appointment_id=booking.id,
                originator=booking.originator,
                name=reminder.name,
                due_at=awake(due_at, booking.starts_at, self.policy.quiet_hours, self.zone),
            )


def too_late(plan: ReminderPlan, bookings: Iterable[Booking], now: datetime) -> Mapping[str, int]:
    """How many reminders of bookings that are new here cannot leave any more, by the name of the reminder."""
    late: Counter[str] = Counter()
    for booking in bookings:
        status = booking.status or AppointmentStatus.SCHEDULED
        for planned in plan.reminders(booking, now):
            reminder = plan.policy.reminder[planned.name]
            expires_at = min(planned.due_at + reminder.valid_for, booking.starts_at)
            if now > expires_at and status is not AppointmentStatus.CANCELLED and reminder.only in (None, status):
                late[planned.name] += 1
    return late


def reminder_key(booking: Booking | Appointment, name: str) -> str:
    """The key of a reminder: the same for the same appointment and time, so it goes out once."""
    parts = "\n".join([booking.id, booking.originator, iso(booking.starts_at), name])
    return hashlib.sha256(parts.encode()).hexdigest()[:KEY_LENGTH]


def outcome(
    planned: Planned, appointment: Appointment | None, known: Known, rules: Rules, now: datetime
) -> Send | Drop | Wait:
    policy, zone = rules.appointments, rules.zone
    reminder = policy.reminder.get(planned.name)
    if appointment is None or reminder is None:
        return Drop(reason=GONE if appointment is None else because("no_such_reminder"))
    if reason := why_stale(planned, appointment, reminder.only, now):
        return Drop(reason=reason)
    if known.opted_out:
        return Drop(reason=because("erased" if known.was_erased else "number_opted_out"))
    expires_at = min(planned.due_at + reminder.valid_for, appointment.starts_at)
    if now > expires_at:
        return Drop(reason=because("reminder_too_late", before=planned.name))
    if policy.quiet_hours and policy.quiet_hours.holds(now, zone):
        return Wait(until=policy.quiet_hours.next_end(now, zone))
    languages = [language for language in (appointment.language, known.language, rules.languages[0]) if language]
    values = {
        "appointment": appointment_values(appointment),
        "contact": contact_values(known, rules.languages[0]),
        "now": now,
    }
    return Send(text=reminder.text.pick(*languages).render(values), expires_at=expires_at, only=reminder.only)


def why_stale(
    planned: Planned, appointment: Appointment | None, only: AppointmentStatus | None, now: datetime
) -> str | None:
    """Why a planned or queued reminder no longer fits its appointment; None if it does."""
    if appointment is None:
        return GONE
    if planned.key != reminder_key(appointment, planned.name):
        return because("appointment_moved")
    if appointment.starts_at <= now:
        return because("appointment_begun")
    if appointment.status is AppointmentStatus.CANCELLED or only not in (None, appointment.status):
        return because("appointment_is", status=str(appointment.status))
    return None
