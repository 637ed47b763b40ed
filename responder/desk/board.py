"""The board of a day and its reminders: who comes, who does not, and whom a person should call."""

from datetime import datetime

from responder.core.appointments.reminders import Drop, Planned, ReminderPlan, outcome, reminder_key
from responder.core.contact.known import Appointment
from responder.core.operations.board import Board, ReminderRecord, ReminderStatus
from responder.core.outbound.gateway import Job
from responder.desk.appointments import read_day, show_appointment
from responder.desk.desk import Desk, Overtaken, Records, Refused
from responder.store.appointments.by_hand import send_reminder
from responder.store.inbox.contacts import read_known
from responder.store.reading import board

TODAY = "today"
CHANGED = "the appointment or its reminder was changed a moment ago: look at it again"


async def read_board(desk: Desk, day: str = TODAY) -> Board:
    """How the appointments of a day stand, what needs a person first. Raises Invalid."""
    begin, end = await read_day(desk, day)
    return Board(begin=begin, end=end, entries=await board.read_board(desk.database, begin, end, desk.clock()))


async def list_reminders(
    desk: Desk, *, day: str | None = None, status: ReminderStatus | None = None
) -> Records[ReminderRecord]:
    """The reminders by when they are due, of one day's appointments or of all. Raises Invalid."""
    begin, end = await read_day(desk, day) if day else (None, None)
    return Records(desk=desk, listing=board.list_reminders(begin=begin, end=end, status=status))


async def send_reminder_now(desk: Desk, identifier: str, *, operator: str) -> str:
    """Let the reminder of an appointment leave now, and give its name. Raises Missing, Refused and Overtaken."""
    appointment, rules, now = (await show_appointment(desk, identifier)).appointment, await desk.rules(), desk.clock()
    times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
    planned = _next_unsent(times, appointment, now, await _sent(desk, appointment))
    if planned is None:
        reason = (
            "its reminders were sent already" if rules.appointments.reminders else "the rules file has no reminders"
        )
        raise Refused(f"appointment {identifier}: {reason}")
    known = (await read_known(desk.database, desk.secret, [appointment.originator], now))[appointment.originator]
    if isinstance(became := outcome(planned, appointment, known, rules, now), Drop):
        raise Refused(f"appointment {identifier}: no reminder can leave, since {became.reason}")
    if not await send_reminder(desk.database, appointment, planned.name, operator, now):
        raise Overtaken(CHANGED)
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
    """The keys of the appointment's reminders that have left, or are about to."""
    listed = Records(desk=desk, listing=board.list_reminders(of=appointment.id))
    return {record.key async for record in listed.every() if record.status is ReminderStatus.SENT}
