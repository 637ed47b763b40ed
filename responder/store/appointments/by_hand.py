"""Appointments in the hands of people: one set or reminded by hand; and many from a file, finished after a kill."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import FILE_FIELDS, Booking, Change
from responder.core.appointments.reminders import ReminderPlan, reminder_key
from responder.core.contact.effects import AppointmentStatus, StepStatus
from responder.core.contact.known import Appointment
from responder.core.contact.reasons import because
from responder.core.outbound.events import appointment_booked
from responder.store.appointments.bookings import BOOKINGS, Means, carry_out_some, find_to_change, put_bookings
from responder.store.appointments.planning import PLANNED, plan_reminders, take_bookings
from responder.store.appointments.rows import QUEUED, appointment_from
from responder.store.base.database import Database
from responder.store.base.history import add_events, event
from responder.store.base.imports import AT_ONCE, Imports
from responder.store.base.locking import Conflict
from responder.store.base.records import from_row
from responder.store.base.tables import UNDONE, appointments, reminders, steps
from responder.store.queue.entering import announce
from responder.store.queue.suppressing import DROPPED, drop_reminders, suppress


@dataclass(frozen=True, kw_only=True, slots=True)
class ByHand:
    """A status that a person sets, and who the person is; reminders for nobody else's status than that stay."""

    status: AppointmentStatus
    by: str
    note: str = ""
    times: ReminderPlan | None = None
    notify: Collection[str] = ()
    expected: Callable[[Appointment], bool] = lambda _before: True


async def set_status(database: Database, identifier: str, act: ByHand, now: datetime) -> Appointment | None:
    """Set the status of an appointment, end its reminders, and tell webhooks; None if there is no such appointment.

    Raises Conflict where it is not as expected.
    """
    async with database.write() as connection:
        await take_bookings(database, connection)
        found = await find_to_change(connection, database.insert, identifier)
        if found is None:
            return None
        before = appointment_from(found)
        if not act.expected(before):
            raise Conflict
        after = replace(before, status=act.status, updated_at=now, by_hand_at=now, version=before.version + 1)
        await _write(connection, before, after, act, now)
        await announce(connection, [(before.originator, appointment_booked(before, after))], act.notify, now)
        if act.status is AppointmentStatus.SCHEDULED:
            await _plan_again(database, connection, after, act, now)
        else:
            await _end_reminders(connection, after, act, now)
    return after


async def _write(
    connection: AsyncConnection, before: Appointment, after: Appointment, act: ByHand, now: datetime
) -> None:
    values = {"status": after.status, "updated_at": now, "by_hand_at": now, "version": after.version}
    change = update(appointments).where(appointments.c.id == after.id)
    await connection.execute(change.values(**values, unclear_at=None))
    line = event(
        (after.id, after.version),
        now,
        "set",
        act.by,
        old_status=before.status,
        new_status=after.status,
        detail=act.note,
    )
    await add_events(connection, [line])


async def _end_reminders(connection: AsyncConnection, after: Appointment, act: ByHand, now: datetime) -> None:
    """Let no reminder leave any more, but for those that are for just this status."""
    policy = act.times.policy.reminder if act.times else {}
    stay = [reminder_key(after, name) for name, reminder in policy.items() if reminder.only is act.status]
    query = select(reminders.c.key, reminders.c.status).where(
        reminders.c.appointment_id == after.id, reminders.c.status.in_((PLANNED, QUEUED)), reminders.c.key.not_in(stay)
    )
    rows = (await connection.execute(query)).all()
    reason = because("appointment_set", status=str(act.status), by=act.by)
    waiting = select(steps.c.seq).where(
        steps.c.message_key.in_([row.key for row in rows if row.status == QUEUED]),
        UNDONE,
        steps.c.status == StepStatus.QUEUED,
    )
    numbers = (await connection.execute(waiting.with_for_update(skip_locked=True))).scalars()
    await drop_reminders(connection, {row.key: reason for row in rows if row.status == PLANNED}, now)
    await suppress(connection, dict.fromkeys(numbers, reason), now)


async def _plan_again(
    database: Database, connection: AsyncConnection, after: Appointment, act: ByHand, now: datetime
) -> None:
    """Plan the reminders of an appointment anew that has to be confirmed again."""
    if act.times is None:
        return
    to_come = [planned.key for planned in act.times.reminders(after, now) if planned.due_at > now]
    given_up = (reminders.c.status == DROPPED) & reminders.c.key.in_(to_come)
    await connection.execute(delete(reminders).where(given_up))
    await plan_reminders(connection, database.insert, [after], act.times, now)


async def send_reminder(database: Database, appointment: Appointment, name: str, by: str, now: datetime) -> bool:
    """Let a reminder leave now that has not, and tell whether it does."""
    row = {
        "key": reminder_key(appointment, name),
        "appointment_id": appointment.id,
        "originator": appointment.originator,
        "name": name,
    }
    again = {"due_at": now, "next_at": now, "status": PLANNED, "done_at": None, "reason": None}
    put = database.insert(reminders).values(row | again)
    put = put.on_conflict_do_update(index_elements=["key"], set_=again, where=reminders.c.status != QUEUED)
    async with database.write() as connection:
        await take_bookings(database, connection)
        found = await find_to_change(connection, database.insert, appointment.id)
        if found is None or found.version != appointment.version:
            return False
        if not (await connection.execute(put)).rowcount:
            return False
        version = appointment.version + 1
        await connection.execute(update(appointments).where(appointments.c.id == found.id).values(version=version))
        line = event((appointment.id, version), now, "reminder wanted", by, detail=f"{name} before")
        await add_events(connection, [line])
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingImports(Imports):
    """Carries out imports of appointments."""

    kind = BOOKINGS
    means: Means

    async def put(
        self, bookings: Sequence[Booking], advance: Callable[[int], None] = lambda _count: None
    ) -> Mapping[Change, int]:
        """Make the appointments what the bookings say, all or none, with the count of each change."""
        await self.carry_out()
        if len(bookings) <= AT_ONCE:
            times, by, notify = self.means.times, self.means.by, self.means.notify
            return await put_bookings(self.database, bookings, self.clock(), advance, times=times, by=by, notify=notify)
        lines = [{name: getattr(booking, name) for name in FILE_FIELDS} for booking in bookings]
        done = await self.import_lines(lines, advance=advance)
        return {Change(change): count for change, count in done.counts.items()}

    async def apply(self, connection: AsyncConnection, one: Row[Any], rows: Sequence[Row[Any]]) -> Sequence[str]:
        bookings = [from_row(Booking, row) for row in rows]
        return await carry_out_some(self.database, connection, bookings, self.means, self.clock())
