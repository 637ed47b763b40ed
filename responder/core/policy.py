"""What a rules file says about appointments as a whole: when they are open, what is said of them, and when people are reminded."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from responder.core.effects import AppointmentStatus
from responder.core.known import WINDOW, Appointment, Known
from responder.core.quiet import QuietHours, Span
from responder.core.template import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """A text that goes out before an appointment; ``name`` tells it from the others, ``only`` whose status it is for."""

    name: str
    before: Span
    text: Texts
    valid_for: timedelta
    only: AppointmentStatus | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentPolicy:
    """The section ``appointments``; a text that is None is not sent, and a person is told all the same."""

    window: timedelta = WINDOW
    which: Texts | None = None
    late: Texts | None = None
    unclear: Texts | None = None
    reminders: tuple[Reminder, ...] = ()
    quiet_hours: QuietHours | None = None

    @property
    def reminder(self) -> Mapping[str, Reminder]:
        """The reminders by their names."""
        return {reminder.name: reminder for reminder in self.reminders}


def contact_values(known: Known, default_language: str) -> Mapping[str, str]:
    """What texts outside the rules may say of a phone; what it never told is empty."""
    return defaultdict(str, known.fields, number=known.originator, language=known.language or default_language)


def appointment_values(appointment: Appointment) -> dict[str, object]:
    """What a text may say of an appointment."""
    return {
        "id": appointment.id,
        "starts_at": appointment.starts_at,
        "name": appointment.name,
        "service": appointment.service,
        "location": appointment.location,
        "status": str(appointment.status),
    }
