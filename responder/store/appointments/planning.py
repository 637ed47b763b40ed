"""Planning reminders: of some appointments as they are booked, and of all once the file's times have changed."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, bindparam, delete, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import Booking
from responder.core.appointments.reminders import ReminderPlan
from responder.core.contact.known import Appointment
from responder.store.appointments.rows import appointment_from, drop_stale
from responder.store.base.bulk import execute_many
from responder.store.base.database import Database
from responder.store.base.records import as_row
from responder.store.base.tables import appointments, contacts, installation, reminders
from responder.store.queue.suppressing import DROPPED

BOOKING_LOCK = 0x5E5B0D03  # PostgreSQL advisory lock: whoever changes what is booked, or plans all of it, takes turns
TIMES = "reminders planned by"
TOGETHER = 200  # appointments in one transaction, so that nobody waits long for the lock
PLANNED = "planned"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedBy:
    """The digest of the times that reminders are planned by, and the last appointment that is. None once all are."""

    digest: str = ""
    place: tuple[datetime, str] | None = None


async def plan_reminders(
    connection: AsyncConnection,
    dialect_insert: Callable[..., Any],
    bookings: Sequence[Booking | Appointment],
    times: ReminderPlan,
    now: datetime,
) -> None:
    """Plan the reminders of these appointments anew. Those that went out or were given up stay as they are."""
    await forget_reminders(connection, [booking.id for booking in bookings])
    rows = [
        as_row(planned, reminders, next_at=planned.due_at, status=PLANNED)
        for booking in bookings
        for planned in times.reminders(booking, now)
    ]
    await execute_many(connection, _put_planned(dialect_insert), rows)


@cache
def _put_planned(dialect_insert: Callable[..., Any]) -> Insert:
    plan: Insert = dialect_insert(reminders).on_conflict_do_nothing()
    return plan


async def rebook_reminders(
    connection: AsyncConnection,
    dialect_insert: Callable[..., Any],
    bookings: Sequence[Booking],
    times: ReminderPlan | None,
    now: datetime,
) -> None:
    """Plan the reminders of appointments that are new or moved.

    What waits to leave for the old time does not leave, and what was given up is planned again.
    """
    identifiers = [booking.id for booking in bookings]
    await drop_stale(connection, identifiers, now)
    if times and identifiers:
        given_up = (reminders.c.appointment_id.in_(identifiers)) & (reminders.c.status == DROPPED)
        keys = [planned.key for booking in bookings for planned in times.reminders(booking, now)]
        await connection.execute(delete(reminders).where(given_up, reminders.c.key.in_(keys)))
        await plan_reminders(connection, dialect_insert, bookings, times, now)


async def plan_again_for(database: Database, originator: str, times: ReminderPlan, now: datetime) -> None:
    """Plan the reminders of a number's appointments to come, also those that an opt-out has dropped."""
    async with database.write() as connection:
        await take_bookings(database, connection)
        to_come = (appointments.c.originator == originator) & (appointments.c.starts_at > now)
        rows = (await connection.execute(select(appointments).where(to_come))).all()
        bookings = [appointment_from(row) for row in rows]
        keys = [planned.key for booking in bookings for planned in times.reminders(booking, now)]
        given_up = (reminders.c.originator == originator) & (reminders.c.status == DROPPED)
        await connection.execute(delete(reminders).where(given_up, reminders.c.key.in_(keys)))
        await plan_reminders(connection, database.insert, bookings, times, now)


async def forget_reminders(connection: AsyncConnection, identifiers: Collection[str]) -> None:
    """Plan nothing any more for these appointments."""
    if identifiers:
        await connection.execute(
            delete(reminders).where(reminders.c.appointment_id.in_(identifiers), reminders.c.status == PLANNED)
        )


async def take_bookings(database: Database, connection: AsyncConnection) -> None:
    """Wait until nobody else changes what is booked."""
    await database.turn(connection, BOOKING_LOCK)


async def note_times(connection: AsyncConnection, times: ReminderPlan) -> None:
    """Have all planned anew, if what was just planned followed other times than all else."""
    if (await _planned_by(connection)).digest != times.digest:
        await connection.execute(delete(installation).where(installation.c.name == TIMES))


async def plan_some_anew(database: Database, times: ReminderPlan, now: datetime) -> bool | None:
    """Plan the next appointments by these times; gives whether there are more, None if all are planned."""
    async with database.read() as connection:
        if await _planned_by(connection) == PlannedBy(digest=times.digest):
            return None
    async with database.write() as connection:
        if not await _is_our_turn(database, connection):
            return True
        before = await _planned_by(connection)
        if before == PlannedBy(digest=times.digest):
            return None
        place = before.place if before.digest == times.digest and before.place else (now, "")
        rows = (await connection.execute(_NEXT, {"at": max(place[0], now), "id": place[1]})).all()
        await _plan(database, connection, [row.id for row in rows], [row.originator for row in rows], times, now)
        has_more = len(rows) == TOGETHER
        await _note(
            database,
            connection,
            PlannedBy(digest=times.digest, place=(rows[-1].starts_at, rows[-1].id) if has_more else None),
        )
    return has_more


async def _is_our_turn(database: Database, connection: AsyncConnection) -> bool:
    """Whether nobody changes what is booked; an import takes longer than this should wait."""
    attempt = text("SELECT pg_try_advisory_xact_lock(:lock)")
    return database.is_sqlite or bool((await connection.execute(attempt, {"lock": BOOKING_LOCK})).scalar_one())


async def _plan(
    database: Database,
    connection: AsyncConnection,
    identifiers: list[str],
    originators: list[str],
    times: ReminderPlan,
    now: datetime,
) -> None:
    """Plan appointments with their contacts locked, but for those that were erased before they were."""
    if not database.is_sqlite:
        theirs = select(contacts.c.originator).where(contacts.c.originator.in_(originators))
        await connection.execute(theirs.order_by(contacts.c.originator).with_for_update())
    standing = (await connection.execute(select(appointments).where(appointments.c.id.in_(identifiers)))).all()
    await plan_reminders(connection, database.insert, [appointment_from(row) for row in standing], times, now)


_AFTER = tuple_(bindparam("at", type_=appointments.c.starts_at.type), bindparam("id", type_=appointments.c.id.type))
_IN_ORDER = (appointments.c.starts_at, appointments.c.id)
_NEXT = (
    select(*_IN_ORDER, appointments.c.originator)
    .where(tuple_(*_IN_ORDER) > _AFTER)
    .order_by(*_IN_ORDER)
    .limit(TOGETHER)
)


async def _planned_by(connection: AsyncConnection) -> PlannedBy:
    stored = (await connection.execute(select(installation.c.value).where(installation.c.name == TIMES))).scalar()
    if not stored:
        return PlannedBy()
    kept = json.loads(stored)
    place = (datetime.fromisoformat(kept["starts_at"]), str(kept["id"])) if "id" in kept else None
    return PlannedBy(digest=kept["digest"], place=place)


async def _note(database: Database, connection: AsyncConnection, by: PlannedBy) -> None:
    place = {"starts_at": by.place[0].isoformat(), "id": by.place[1]} if by.place else {}
    row = {"name": TIMES, "value": json.dumps({"digest": by.digest} | place)}
    put = database.insert(installation).values(row)
    await connection.execute(put.on_conflict_do_update(index_elements=["name"], set_=row))
