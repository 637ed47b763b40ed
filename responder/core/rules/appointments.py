"""What a rules file says about all appointments: when they are open, texts, reminders; and about files of them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import WINDOW, Appointment, Known
from responder.core.rules.template import Texts
from responder.core.sms.typed_times import Forms

BEFORE_THE_NIGHT = timedelta(minutes=15)  # how long before quiet hours a text goes out that cannot wait for their end
APPOINTMENT_COLUMNS = (
    "id", "originator", "starts_at", "name", "service", "location", "language", "asked_at", "status", "updated_at",
)  # fmt: skip
SUBSCRIBER_COLUMNS = ("originator", "list", "status", "since", "language", "evidence")
DATE, TIME = "date", "time"
"""Two columns that make ``starts_at`` together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Calendar days plus some time: a day before nine is nine, even if the clocks change."""

    days: int = 0
    rest: timedelta = timedelta(0)

    @property
    def length(self) -> timedelta:
        """How long it is on days without a change of the clocks."""
        return timedelta(days=self.days) + self.rest

    def before(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The moment that is this long before another, in UTC.

        >>> Span(days=1).before(datetime(2026, 10, 25, 8, tzinfo=UTC), ZoneInfo("Europe/Rome")).isoformat()
        '2026-10-24T07:00:00+00:00'
        """
        wall = moment.astimezone(zone) - timedelta(days=self.days)
        return wall.astimezone(UTC) - self.rest


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """The local hours in which only immediate answers go out; they may span midnight."""

    begin: time
    end: time

    def holds(self, moment: datetime, zone: ZoneInfo) -> bool:
        at = moment.astimezone(zone).time()
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def next_end(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """When the hours that hold a moment end, in UTC."""
        wall = moment.astimezone(zone)
        day = wall.date() if wall.time() < self.end else wall.date() + timedelta(days=1)
        return datetime.combine(day, self.end, zone).astimezone(UTC)

    def last_begin(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """When the hours that hold a moment began, in UTC."""
        wall = moment.astimezone(zone)
        day = wall.date() if wall.time() >= self.begin else wall.date() - timedelta(days=1)
        return datetime.combine(day, self.begin, zone).astimezone(UTC)


def quiet_until(moment: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours end that hold a moment; None outside of them.

    >>> night = QuietHours(begin=time(21), end=time(8))
    >>> quiet_until(datetime(2026, 12, 1, 23, tzinfo=UTC), night, ZoneInfo("UTC")).isoformat()
    '2026-12-02T08:00:00+00:00'
    """
    return quiet.next_end(moment, zone) if quiet and quiet.holds(moment, zone) else None


def awake(moment: datetime, latest: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> datetime:
    """The moment, moved out of quiet hours: to after them, or before them if that is too late.

    >>> night = QuietHours(begin=time(21), end=time(8))
    >>> five, nine = datetime(2026, 12, 1, 5, tzinfo=UTC), datetime(2026, 12, 1, 9, tzinfo=UTC)
    >>> awake(five, nine, night, ZoneInfo("UTC")).isoformat()
    '2026-12-01T08:00:00+00:00'
    """
    if quiet is None or not quiet.holds(moment, zone):
        return moment
    end = quiet.next_end(moment, zone)
    return end if end < latest else quiet.last_begin(moment, zone) - BEFORE_THE_NIGHT


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """A text that goes out before an appointment.

    ``name`` tells it from the others, ``only`` whose status it is for.
    """

    name: str
    before: Span
    text: Texts
    valid_for: timedelta
    only: AppointmentStatus | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentPolicy:
    """The section ``appointments``. A text that is None is not sent; a person is still asked to look."""

    window: timedelta = WINDOW
    which: Texts | None = None
    late: Texts | None = None
    unclear: Texts | None = None
    reminders: tuple[Reminder, ...] = ()
    quiet_hours: QuietHours | None = None

    @property
    def reminder(self) -> Mapping[str, Reminder]:
        return {reminder.name: reminder for reminder in self.reminders}


def contact_values(known: Known, default_language: str) -> Mapping[str, str]:
    """The values of ``contact`` for texts outside the rules; fields that are not known are empty."""
    return defaultdict(str, known.fields, number=known.originator, language=known.language or default_language)


def appointment_values(appointment: Appointment) -> dict[str, object]:
    return {
        "id": appointment.id,
        "starts_at": appointment.starts_at,
        "name": appointment.name,
        "service": appointment.service,
        "location": appointment.location,
        "status": str(appointment.status),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class FileForm:
    """What a kind of file calls its columns, how it writes days and times, and what holds for all its lines."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column by the file's name for it."""
    forms: Forms = field(default_factory=Forms)
    fixed: Mapping[str, str] = field(default_factory=dict)
    """The value of a column that the file does not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imports:
    """How files of appointments and of subscribers look."""

    appointments: FileForm = field(default_factory=FileForm)
    subscribers: FileForm = field(default_factory=FileForm)
