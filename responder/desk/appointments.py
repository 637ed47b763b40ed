"""Appointments, their history and the board of a day, and how another system or an operator changes them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from responder.core.appointments.booking import Booking, Change, Local, dated, day_bounds, tidy
from responder.core.appointments.reminders import Drop, Planned, ReminderPlan, outcome, reminder_key
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.core.contact.reasons import because
from responder.core.operations.front_desk import Board, ReminderRecord, ReminderStatus
from responder.core.operations.pages import EVERY_APPOINTMENT, AppointmentFilter
from responder.core.operations.records import AppointmentEvent, AppointmentRecord
from responder.core.outbound.gateway import Job
from responder.core.rules.sections import Event
from responder.desk.desk import OVERTAKEN, Desk, Invalid, Missing, Overtaken, Records, Refused, check_note
from responder.store.appointments.bookings import API, Means, delete_appointment, put_bookings
from responder.store.appointments.by_hand import ByHand, send_reminder, set_status
from responder.store.base.history import read_history
from responder.store.base.locking import Conflict
from responder.store.inbox.contacts import read_known
from responder.store.reading import overview, records

Expected = Callable[[Appointment | None], bool]
TODAY = "today"


def list_appointments(desk: Desk, only: AppointmentFilter = EVERY_APPOINTMENT) -> Records[AppointmentRecord]:
    """The appointments, by their start."""
    return Records(desk=desk, listing=records.list_appointments(only))


async def show_appointment(desk: Desk, identifier: str) -> AppointmentRecord:
    """The appointment with this id. Raises Missing."""
    found = await records.find_appointment(desk.database, identifier)
    if found is None:
        raise Missing(because("no_such_appointment_id", id=identifier))
    return found


async def appointment_history(desk: Desk, identifier: str) -> Sequence[AppointmentEvent]:
    """What became of an appointment, also of one that was deleted; nothing if there never was one."""
    return await read_history(desk.database, identifier)


async def read_day(desk: Desk, typed: str) -> tuple[datetime, datetime]:
    """When a day begins and when it is over, in the zone of the rules. Raises Invalid."""
    zone = (await desk.rules()).zone
    try:
        return day_bounds(dated(typed, zone, desk.clock()), zone)
    except ValueError as error:
        raise Invalid(because("day_unreadable", said=str(error))) from None


async def local(desk: Desk) -> Local:
    """The zone of times without an offset, the country of numbers without a plus, and the languages."""
    rules = await desk.rules()
    return Local(zone=rules.zone, country=rules.country, languages=rules.languages)


async def put_appointment(
    desk: Desk, booking: Booking, *, by: str = API, expected: Expected = lambda _before: True
) -> tuple[AppointmentRecord, Change]:
    """Make an appointment what the booking says. Raises Overtaken where it does not stand as expected."""
    means = await booking_means(desk)
    try:
        counts = await put_bookings(
            desk.database, [booking], desk.clock(), times=means.times, by=by, expected=expected, notify=means.notify
        )
    except Conflict:
        raise Overtaken(OVERTAKEN, await records.find_appointment(desk.database, booking.id)) from None
    desk.ring(Job.WEBHOOKS)
    return await show_appointment(desk, booking.id), next(iter(counts))


async def remove_appointment(
    desk: Desk, identifier: str, *, by: str = API, expected: Expected = lambda _before: True
) -> bool:
    """Forget an appointment that will not be, and tell whether there was one. Raises Overtaken."""
    notify = await desk.hearers(Event.APPOINTMENT_CHANGED)
    try:
        was_there = await delete_appointment(
            desk.database, identifier, desk.clock(), by=by, expected=expected, notify=notify
        )
    except Conflict:
        raise Overtaken(OVERTAKEN, await records.find_appointment(desk.database, identifier)) from None
    desk.ring(Job.WEBHOOKS)
    return was_there


async def set_appointment_status(
    desk: Desk,
    identifier: str,
    status: AppointmentStatus,
    *,
    operator: str,
    note: str = "",
    expected: Expected = lambda _before: True,
) -> AppointmentRecord:
    """Set what a person was told, by telephone say; it ends the reminders. Raises Missing, Invalid and Overtaken."""
    check_note(note)
    means = await booking_means(desk)
    act = ByHand(status=status, by=operator, note=tidy(note), times=means.times, notify=means.notify, expected=expected)
    try:
        if await set_status(desk.database, identifier, act, desk.clock()) is None:
            raise Missing(because("no_such_appointment_id", id=identifier))
    except Conflict:
        raise Overtaken(OVERTAKEN, await records.find_appointment(desk.database, identifier)) from None
    desk.ring(Job.WEBHOOKS)
    return await show_appointment(desk, identifier)


async def booking_means(desk: Desk) -> Means:
    """How bookings are carried out by the rules in force."""
    rules = await desk.rules()
    times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
    return Means(times=times, notify=rules.webhooks_for(Event.APPOINTMENT_CHANGED))


async def read_board(desk: Desk, day: str = TODAY) -> Board:
    """How the appointments of a day stand, what needs a person first. Raises Invalid."""
    begin, end = await read_day(desk, day)
    return Board(begin=begin, end=end, entries=await overview.read_board(desk.database, begin, end, desk.clock()))


async def list_reminders(
    desk: Desk, *, day: str | None = None, status: ReminderStatus | None = None
) -> Records[ReminderRecord]:
    """The reminders by when they are due, of one day's appointments or of all. Raises Invalid."""
    begin, end = await read_day(desk, day) if day else (None, None)
    return Records(desk=desk, listing=overview.list_reminders(begin=begin, end=end, status=status))


async def send_reminder_now(desk: Desk, identifier: str, *, operator: str) -> str:
    """Let the reminder of an appointment leave now, and give its name. Raises Missing, Refused and Overtaken."""
    appointment, rules, now = (await show_appointment(desk, identifier)).appointment, await desk.rules(), desk.clock()
    times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
    planned = _next_unsent(times, appointment, now, await _sent(desk, appointment))
    if planned is None:
        reason = because("all_reminded" if rules.appointments.reminders else "no_reminders_in_file")
        raise Refused(because("of_appointment", id=identifier, reason=reason))
    known = (await read_known(desk.database, desk.secret, [appointment.originator], now))[appointment.originator]
    if isinstance(became := outcome(planned, appointment, known, rules, now), Drop):
        reason = because("no_reminder_can_leave", reason=became.reason)
        raise Refused(because("of_appointment", id=identifier, reason=reason))
    if not await send_reminder(desk.database, appointment, planned.name, operator, now):
        raise Overtaken(because("changed_a_moment_ago"))
    desk.ring(Job.REPLIES)
    return planned.name


def _next_unsent(times: ReminderPlan, appointment: Appointment, now: datetime, sent: set[str]) -> Planned | None:
    """The last reminder that should have left by now, or else the next one, as due at this moment."""
    dated = sorted(
        (reminder.before.before(appointment.starts_at, times.zone), name)
        for name, reminder in times.policy.reminder.items()
        if reminder_key(appointment, name) not in sent and reminder.only in (None, appointment.status)
    )
    if not dated:
        return None
    _, name = next((one for one in reversed(dated) if one[0] <= now), dated[0])
    key = reminder_key(appointment, name)
    return Planned(key=key, appointment_id=appointment.id, originator=appointment.originator, name=name, due_at=now)


async def _sent(desk: Desk, appointment: Appointment) -> set[str]:
    listed = Records(desk=desk, listing=overview.list_reminders(of=appointment.id))
    return {record.key async for record in listed.every() if record.status is ReminderStatus.SENT}
