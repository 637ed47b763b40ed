"""Appointments and subscribers from files: looked at first, then taken in; and subscribers for a file."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.core.appointments.booking import FIELDS, Booking, Change
from responder.core.appointments.reminders import ReminderPlan, too_late
from responder.core.consent.standing import Outcomes, SubscriberChange
from responder.core.contact.effects import AppointmentStatus
from responder.core.operations.pages import AppointmentFilter, SubscriberFilter
from responder.core.operations.records import AppointmentRecord, SubscriberRecord
from responder.core.outbound.gateway import Job
from responder.core.rules.sections import Event
from responder.desk.appointments import booking_means, list_appointments, local
from responder.desk.consent import list_subscribers
from responder.desk.desk import Desk
from responder.spreadsheets.reading import Follow, Reading
from responder.spreadsheets.records import Terms, read_bookings, read_subscribers
from responder.store.appointments.bookings import preview_bookings
from responder.store.appointments.by_hand import BookingImports
from responder.store.consent.by_hand import SubscriberImports
from responder.store.consent.subscribers import preview_subscribers
from responder.store.reading.events import read_evidence

ANEW = (Change.NEW, Change.MOVED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a file of appointments would do.

    ``late`` counts the reminders that cannot leave any more by their names, ``begun`` the appointments that are over.
    """

    changes: Sequence[Change]
    missing: Sequence[AppointmentRecord]
    late: Mapping[str, int]
    begun: int

    @property
    def counts(self) -> Mapping[Change, int]:
        return Counter(self.changes)


async def read_booking_file(desk: Desk, data: bytes, file: str, *, follow: Follow = iter) -> Reading[Booking]:
    """What a file says, by the rules in force. ConfigurationError if it is none of appointments."""
    form = (await desk.rules()).imports.appointments
    return await asyncio.to_thread(read_bookings, data, file, await local(desk), form, desk.clock(), follow)


async def preview_appointments(
    desk: Desk, bookings: Sequence[Booking], complete_for: tuple[datetime, datetime] | None = None
) -> Preview:
    """What the bookings would do, and the appointments of a day that they should have had and have not."""
    rules, now = await desk.rules(), desk.clock()
    changes = await preview_bookings(desk.database, bookings)
    anew = [booking for booking, change in zip(bookings, changes, strict=True) if change in ANEW]
    plan = ReminderPlan(policy=rules.appointments, zone=rules.zone)
    return Preview(
        changes=changes,
        missing=await _missing(desk, {booking.id for booking in bookings}, complete_for) if complete_for else (),
        late=too_late(plan, anew, now),
        begun=sum(booking.starts_at <= now for booking in anew),
    )


async def _missing(
    desk: Desk, there: Collection[str], complete_for: tuple[datetime, datetime]
) -> list[AppointmentRecord]:
    """The appointments of a day to come that stand here, are not cancelled, and are not among those of a file."""
    begin, end = complete_for
    only = AppointmentFilter(begin=max(begin, desk.clock()), end=end)
    return [
        record
        async for record in list_appointments(desk, only).every()
        if record.appointment.id not in there and record.appointment.status is not AppointmentStatus.CANCELLED
    ]


async def import_appointments(
    desk: Desk,
    bookings: Sequence[Booking],
    advance: Callable[[int], None] = lambda _count: None,
    *,
    cancel: Sequence[AppointmentRecord] = (),
) -> Mapping[Change, int]:
    """Bring in appointments from a file and cancel others, all or none; gives how many of each change there were."""
    imports = BookingImports(database=desk.database, means=await booking_means(desk), clock=desk.clock)
    counts = await imports.put([*bookings, *map(_cancelled, cancel)], advance)
    desk.ring(Job.WEBHOOKS)
    return counts


def _cancelled(record: AppointmentRecord) -> Booking:
    """The appointment as it stands, and cancelled; nothing where somebody has changed it since it was shown."""
    standing = record.appointment
    fields = {name: getattr(standing, name) for name in FIELDS}
    return Booking(**fields, status=AppointmentStatus.CANCELLED, updated_at=standing.updated_at)


async def read_subscriber_file(
    desk: Desk, data: bytes, file: str, *, without_evidence: str | None = None, follow: Follow = iter
) -> Reading[SubscriberChange]:
    """What a file says, by the rules in force. ConfigurationError if it is none of subscribers."""
    rules = await desk.rules()
    terms = Terms(local=await local(desk), lists=list(rules.lists), now=desk.clock(), without_evidence=without_evidence)
    return await asyncio.to_thread(read_subscribers, data, file, terms, rules.imports.subscribers, follow)


async def import_subscribers(
    desk: Desk, changes: Sequence[SubscriberChange], *, operator: str, dry_run: bool, advance: Callable[[int], None]
) -> Outcomes:
    """Bring in subscribers, all or none, or say what would become of them."""
    if dry_run:
        outcomes = await preview_subscribers(desk.database, desk.secret, changes)
        advance(len(changes))
        return outcomes
    notify = await desk.hearers(Event.CONSENT_CHANGED)
    imports = SubscriberImports(database=desk.database, secret=desk.secret, clock=desk.clock, notify=notify)
    return await imports.put(changes, operator, advance)


async def read_with_evidence(desk: Desk, only: SubscriberFilter) -> list[tuple[SubscriberRecord, str]]:
    """Subscribers as a file has them: each with the evidence that the ledger has for its status."""
    found = [record async for record in list_subscribers(desk, only).every()]
    return list(zip(found, await read_evidence(desk.database, found), strict=True))
