"""The queries behind the board of a day and the list of reminders."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.engine import Row

from responder.core.operations.board import (
    BoardEntry,
    Circumstances,
    ReminderRecord,
    ReminderStatus,
    in_board_order,
    standing_of,
)
from responder.store.appointments.planning import PLANNED
from responder.store.appointments.rows import appointment_from
from responder.store.base.database import Database
from responder.store.base.listing import Listing
from responder.store.base.tables import OPEN_HANDOFF, appointments, contacts, handoffs, messages, reminders, steps
from responder.store.queue.suppressing import DROPPED, OF_REMINDER

REMINDER_STATUS = {PLANNED: ReminderStatus.DUE, DROPPED: ReminderStatus.DROPPED}


async def read_board(database: Database, begin: datetime, end: datetime, now: datetime) -> tuple[BoardEntry, ...]:
    """How the appointments stand that start from one moment until before another."""
    async with database.read() as connection:
        rows = (await connection.execute(_board(begin, end))).all()
    return in_board_order(_entry(row, now) for row in rows)


def _board(begin: datetime, end: datetime) -> Select[Any]:
    said_at = func.coalesce(messages.c.order_at, handoffs.c.opened_at)
    doubts = (
        select(func.max(said_at))
        .select_from(handoffs.outerjoin(messages, messages.c.key == handoffs.c.message_key))
        .where(OPEN_HANDOFF, handoffs.c.originator == appointments.c.originator)
        .scalar_subquery()
    )  # for each, since of all numbers there may be a hundred thousand
    query = select(appointments, contacts.c.opted_out, contacts.c.stopped_at, doubts.label("doubt_at"))
    query = query.outerjoin(contacts, contacts.c.originator == appointments.c.originator)
    return query.where(appointments.c.starts_at >= begin, appointments.c.starts_at < end)


def _entry(row: Row[Any], now: datetime) -> BoardEntry:
    appointment = appointment_from(row)
    also = Circumstances(opted_out=bool(row.opted_out), stopped_at=row.stopped_at, doubt_at=row.doubt_at)
    return BoardEntry(appointment=appointment, standing=standing_of(appointment, also, now))


def list_reminders(
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    status: ReminderStatus | None = None,
    of: str | None = None,
) -> Listing[ReminderRecord]:
    """The reminders by when they are due: of one appointment, of those that start in a time, or of all."""
    query = select(
        reminders, appointments.c.name.label("person"), appointments.c.starts_at, steps.c.status.label("fate")
    )
    query = query.outerjoin(appointments, appointments.c.id == reminders.c.appointment_id)
    query = query.outerjoin(steps, steps.c.key == reminders.c.key + OF_REMINDER)
    query = query if of is None else query.where(reminders.c.appointment_id == of)
    query = query if begin is None else query.where(appointments.c.starts_at >= begin)
    query = query if end is None else query.where(appointments.c.starts_at < end)
    if status is not None:
        is_so = case((reminders.c.status == PLANNED, "due"), (reminders.c.status == DROPPED, "dropped"), else_="sent")
        query = query.where(is_so == str(status))
    return Listing(query=query, order=(reminders.c.due_at, reminders.c.key), read=_reminder, name=reminders.c.key)


def _reminder(row: Row[Any]) -> ReminderRecord:
    return ReminderRecord(
        key=row.key,
        appointment=row.appointment_id,
        originator=row.originator,
        name=row.person or "",
        starts_at=row.starts_at,
        reminder=row.name,
        due_at=row.due_at,
        status=REMINDER_STATUS.get(row.status, ReminderStatus.SENT),
        done_at=row.done_at,
        reason=row.reason,
        fate=row.fate,
    )
