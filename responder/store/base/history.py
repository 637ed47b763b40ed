"""What became of each appointment: every change with its number, its time, and who or what made it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.operations.records import AppointmentEvent
from responder.store.base.bulk import execute_many
from responder.store.base.database import Database
from responder.store.base.records import from_row
from responder.store.base.tables import appointment_events

_ADD = insert(appointment_events)


def event(
    place: tuple[str, int],
    at: datetime,
    what: str,
    by: str,
    *,
    message_key: str | None = None,
    old_status: str | None = None,
    new_status: str | None = None,
    detail: str = "",
) -> dict[str, Any]:
    """A line of the history as a row. Its place is the appointment and the number of the change."""
    change = {"message_key": message_key, "old_status": old_status, "new_status": new_status, "detail": detail}
    return {"appointment_id": place[0], "number": place[1], "at": at, "what": what, "by": by, **change}


async def add_events(connection: AsyncConnection, events: Sequence[Mapping[str, Any]]) -> None:
    """Write lines of the history."""
    await execute_many(connection, _ADD, events)


async def last_numbers(connection: AsyncConnection, identifiers: Collection[str]) -> dict[str, int]:
    """The number of the last change of each appointment, even if it was deleted."""
    if not identifiers:
        return {}
    number = func.max(appointment_events.c.number)
    query = select(appointment_events.c.appointment_id, number).where(
        appointment_events.c.appointment_id.in_(identifiers)
    )
    found = (await connection.execute(query.group_by(appointment_events.c.appointment_id))).all()
    return {identifier: int(last) for identifier, last in found}


async def read_history(database: Database, identifier: str) -> list[AppointmentEvent]:
    """The history of an appointment, from its beginning."""
    query = (
        select(appointment_events)
        .where(appointment_events.c.appointment_id == identifier)
        .order_by(appointment_events.c.seq)
    )
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [from_row(AppointmentEvent, row) for row in rows]
