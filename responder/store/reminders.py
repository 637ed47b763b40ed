"""Reminders in SQL: planned with their appointments, and turned into steps once they are due, by one worker at a time."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, select, text, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.booking import Booking
from responder.core.effects import Purpose, Step, StepKind, StepStatus
from responder.core.known import Appointment, Known
from responder.core.reminding import Drop, Planned, ReminderPlan, Send, Wait
from responder.core.segments import size
from responder.store.database import Database
from responder.store.history import add_events, event
from responder.store.known import appointment_from
from responder.store.revisions import chunks
from responder.store.rows import step_rows
from responder.store.tables import UNDONE, appointments, contacts, installation, messages, reminders, steps

REMINDER_LOCK = 0x5E5B0D04  # PostgreSQL advisory lock: reminders are queued by one worker at a time
REMINDER = "reminder"
PLANNED, QUEUED, DROPPED = "planned", "queued", "dropped"
TIMES = "reminder_times"
AHEAD = 200  # reminders that may wait among the replies, so that no reply waits behind more than these
Decide = Callable[[Planned, Appointment | None, Known], Send | Drop | Wait]


async def plan_reminders(
    connection: AsyncConnection, dialect_insert: Callable[..., Any], bookings: Sequence[Booking | Appointment], times: ReminderPlan, now: datetime
) -> None:
    """Plan the reminders of these appointments anew, in the caller's transaction; those that went out stay as they are."""
    await forget_reminders(connection, [booking.id for booking in bookings])
    rows = [_row(planned) for booking in bookings for planned in times.reminders(booking, now)]
    if rows:
        await connection.execute(dialect_insert(reminders).on_conflict_do_nothing(), rows)


async def forget_reminders(connection: AsyncConnection, identifiers: Collection[str]) -> None:
    """Plan nothing any more for these appointments, in the caller's transaction."""
    if identifiers:
        await connection.execute(delete(reminders).where(reminders.c.appointment_id.in_(identifiers), reminders.c.status == PLANNED))


async def plan_all_anew(database: Database, times: ReminderPlan, now: datetime) -> bool:
    """Plan the reminders of all appointments to come, if the file's times are not those that they were planned by. Raises StorageError."""
    async with database.read() as connection:
        kept = (await connection.execute(select(installation.c.value).where(installation.c.name == TIMES))).scalar() or ""
        if kept == times.digest:
            return False
        identifiers = list((await connection.execute(select(appointments.c.id).where(appointments.c.starts_at > now))).scalars())
    dialect_insert = database.insert
    for together in chunks(identifiers):
        async with database.write() as connection:
            some = appointments.c.id.in_(together)
            standing = [appointment_from(row) for row in (await connection.execute(select(appointments).where(some))).all()]
            await plan_reminders(connection, dialect_insert, standing, times, now)
    async with database.write() as connection:
        row = {"name": TIMES, "value": times.digest}
        await connection.execute(dialect_insert(installation).values(row).on_conflict_do_update(index_elements=["name"], set_=row))
    return True


async def queue_due(database: Database, decide: Decide, now: datetime, sender: str | None) -> int:
    """Turn due reminders into steps, as many as may wait among the replies, and tell how many were looked at. Raises StorageError.

    ``sender`` is the number that they come from; without one, that which the phone has texted last, or anybody.
    """
    async with database.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": REMINDER_LOCK})
        due = await _due(connection, now)
        if not due:
            return 0
        known = await _contacts(connection, [row.originator for row in due], lock=not database.is_sqlite)
        standing = await _standing(connection, [row.appointment_id for row in due])
        decided = [(row, decide(_planned(row), standing.get(row.appointment_id), known[row.originator])) for row in due]
        for row, became in decided:
            await _settle(connection, row, became, now)
        sent = [(row, became) for row, became in decided if isinstance(became, Send)]
        senders = {row.originator: sender or await _last_texted(connection, row.originator) for row, _ in sent}
        if sent:  # a reminder that another worker planned anew and queued meanwhile has its step already
            put = database.insert(steps).on_conflict_do_nothing()
            await connection.execute(put, step_rows([_step(row, became, senders[row.originator]) for row, became in sent], now))
        await _ask(connection, [row for row, _ in sent], now)
        await add_events(connection, [_told(row, became, standing, now) for row, became in decided if not isinstance(became, Wait)])
    return len(due)


async def _due(connection: AsyncConnection, now: datetime) -> Sequence[Row[Any]]:
    waiting = and_(UNDONE, steps.c.kind == StepKind.REPLY, steps.c.status == StepStatus.QUEUED, steps.c.purpose == Purpose.REMINDER)
    ahead = (await connection.execute(select(func.count()).select_from(steps).where(waiting))).scalar_one()
    if ahead >= AHEAD:
        return []
    is_due = (reminders.c.status == text(f"'{PLANNED}'")) & (reminders.c.next_at <= now)
    query = select(reminders).where(is_due).order_by(reminders.c.next_at, reminders.c.key).limit(AHEAD - ahead)
    return (await connection.execute(query)).all()


async def _contacts(connection: AsyncConnection, originators: Collection[str], *, lock: bool) -> dict[str, Known]:
    """What is known of the phones, locked so that an opt-out comes before or after."""
    query = select(contacts).where(contacts.c.originator.in_(originators)).order_by(contacts.c.originator)
    rows = {row.originator: row for row in (await connection.execute(query.with_for_update() if lock else query)).all()}
    return {originator: _known(originator, rows.get(originator)) for originator in originators}


def _known(originator: str, row: Row[Any] | None) -> Known:
    if row is None:
        return Known(originator=originator)
    return Known(originator=originator, language=row.language, fields=json.loads(row.fields), opted_out=row.opted_out)


async def _standing(connection: AsyncConnection, identifiers: Collection[str]) -> dict[str, Appointment]:
    rows = (await connection.execute(select(appointments).where(appointments.c.id.in_(identifiers)))).all()
    return {row.id: appointment_from(row) for row in rows}


async def _settle(connection: AsyncConnection, row: Row[Any], became: Send | Drop | Wait, now: datetime) -> None:
    match became:
        case Wait(until=until):
            values: dict[str, Any] = {"next_at": until}
        case Drop(reason=reason):
            values = {"status": DROPPED, "done_at": now, "reason": reason}
        case Send():
            values = {"status": QUEUED, "done_at": now}
    await connection.execute(update(reminders).where(reminders.c.key == row.key).values(values))


async def _last_texted(connection: AsyncConnection, originator: str) -> str:
    """Our number that the phone texted last, or else the last that anybody did; empty if nobody ever did."""
    newest = select(messages.c.destination).order_by(messages.c.seq.desc()).limit(1)
    theirs = (await connection.execute(newest.where(messages.c.originator == originator))).scalar()
    return theirs or (await connection.execute(newest)).scalar() or ""


_ASK = (
    update(appointments)
    .where(appointments.c.id == bindparam("of_id"))
    .values(asked_at=bindparam("now"), unclear_at=None, version=appointments.c.version + 1)
)
_MOVE = update(contacts).where(contacts.c.originator == bindparam("of_originator")).values(revision=contacts.c.revision + 1)


async def _ask(connection: AsyncConnection, rows: Sequence[Row[Any]], now: datetime) -> None:
    """Open the appointments to an answer, and let whoever has planned by the old state plan anew."""
    if rows:
        await connection.execute(_ASK, [{"of_id": row.appointment_id, "now": now} for row in rows])
        await connection.execute(_MOVE, [{"of_originator": originator} for originator in sorted({row.originator for row in rows})])


def _told(row: Row[Any], became: Send | Drop, standing: dict[str, Appointment], now: datetime) -> dict[str, Any]:
    appointment = standing.get(row.appointment_id)
    number = appointment.version if appointment else 0
    if isinstance(became, Drop):
        return event((row.appointment_id, number), now, "reminder dropped", REMINDER, detail=f"{row.name} before: {became.reason}")
    return event((row.appointment_id, number + 1), now, "reminded", REMINDER, message_key=row.key, detail=f"{row.name} before")


def _step(row: Row[Any], became: Send, sender: str) -> Step:
    return Step(
        key=f"{row.key}-1",
        message_key=row.key,
        kind=StepKind.REPLY,
        originator=row.originator,
        to=row.originator,
        sender=sender,
        content=became.text,
        purpose=Purpose.REMINDER,
        segments=size(became.text).segments,
        expires_at=became.expires_at,
    )


def _row(planned: Planned) -> dict[str, Any]:
    return {
        "key": planned.key,
        "appointment_id": planned.appointment_id,
        "originator": planned.originator,
        "name": planned.name,
        "due_at": planned.due_at,
        "next_at": planned.due_at,
        "status": PLANNED,
    }


def _planned(row: Row[Any]) -> Planned:
    return Planned(key=row.key, appointment_id=row.appointment_id, originator=row.originator, name=row.name, due_at=row.due_at)
