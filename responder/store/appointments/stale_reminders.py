"""Reminders that wait to leave, looked at again: where the appointment is another by now, they do not."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, union
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.reminders import OVERTAKEN, Drop, Planned, Send, Wait, reminder_key, why_stale
from responder.core.contact.effects import AppointmentStatus, StepStatus
from responder.core.contact.known import Appointment
from responder.store.appointments.rows import appointment_from
from responder.store.base.bulk import each_of
from responder.store.base.database import Database
from responder.store.base.records import from_row
from responder.store.base.tables import UNDONE, appointments, messages, reminders, steps
from responder.store.base.tables import WAITING as UNHANDLED
from responder.store.queue.suppressing import suppress

QUEUED = "queued"
SOON = timedelta(seconds=2)  # until a reminder that waits for a text to be read is looked at again
Decided = tuple[Row[Any], Send | Drop | Wait]


async def stale_among(connection: AsyncConnection, keys: Collection[str], now: datetime) -> dict[str, str]:
    """Which of these reminders should not leave as the appointments stand, by their keys, with the reason."""
    if not keys:
        return {}
    mine = (await connection.execute(select(reminders).where(reminders.c.key.in_(keys)))).all()
    identifiers = sorted({row.appointment_id for row in mine})
    found = (await connection.execute(select(appointments).where(appointments.c.id.in_(identifiers)))).all()
    standing = {row.id: appointment_from(row) for row in found}
    queued = (reminders.c.appointment_id.in_(identifiers)) & (reminders.c.status == QUEUED)
    others: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in (await connection.execute(select(reminders).where(queued))).all():
        others[row.appointment_id].append(row)
    reasons = {
        row.key: _why_stale(row, standing.get(row.appointment_id), others[row.appointment_id], now) for row in mine
    }
    return {key: reason for key, reason in reasons.items() if reason}


def _why_stale(row: Row[Any], appointment: Appointment | None, others: Sequence[Row[Any]], now: datetime) -> str | None:
    planned = planned_from(row)
    if reason := why_stale(planned, appointment, AppointmentStatus(row.only) if row.only else None, now):
        return reason
    later = (other for other in others if appointment and other.key == reminder_key(appointment, other.name))
    return OVERTAKEN if any((other.due_at, other.key) > (row.due_at, row.key) for other in later) else None


async def drop_stale(connection: AsyncConnection, identifiers: Collection[str], now: datetime) -> None:
    """Let the reminders that wait for these appointments, and no longer fit them, not leave.

    What somebody else has locked is looked at when it is claimed.
    """
    if not identifiers:
        return
    theirs = select(reminders.c.key).where(reminders.c.appointment_id.in_(identifiers), reminders.c.status == QUEUED)
    if not (keys := list((await connection.execute(theirs)).scalars())):
        return
    waiting = select(steps.c.seq, steps.c.message_key).where(
        steps.c.message_key.in_(keys), UNDONE, steps.c.status == StepStatus.QUEUED
    )
    rows = (await connection.execute(waiting.with_for_update(skip_locked=True))).all()  # SQLite locks nothing
    reasons = await stale_among(connection, [row.message_key for row in rows], now)
    await suppress(connection, {row.seq: reasons[row.message_key] for row in rows if row.message_key in reasons}, now)


def without_overtaken(decided: Sequence[Decided]) -> list[Decided]:
    """Of several reminders of one appointment that are due at once, only the last leaves."""
    last: dict[str, Row[Any]] = {}
    for row, became in sorted(decided, key=lambda one: (one[0].due_at, one[0].key)):
        if isinstance(became, Send):
            last[row.appointment_id] = row
    return [
        (row, Drop(reason=OVERTAKEN) if isinstance(became, Send) and last[row.appointment_id] is not row else became)
        for row, became in decided
    ]


async def with_unhandled(
    database: Database, connection: AsyncConnection, originators: Collection[str]
) -> frozenset[str]:
    """The numbers with an unhandled text, so that a reminder may be out of place."""
    each = each_of("phones", is_sqlite=database.is_sqlite)
    has_unread = exists(select(messages.c.seq).where(UNHANDLED, messages.c.originator == each.c.value))
    return frozenset(
        (await connection.execute(select(each.c.value).where(has_unread), {"phones": list(originators)})).scalars()
    )


def planned_from(row: Row[Any]) -> Planned:
    return from_row(Planned, row)


async def phones_of(connection: AsyncConnection, due: Sequence[Row[Any]]) -> Collection[str]:
    """Whose contacts may be moved: of the due reminders, of their appointments, and of what waits for these."""
    identifiers = sorted({row.appointment_id for row in due})
    others = union(
        select(appointments.c.originator).where(appointments.c.id.in_(identifiers)),
        select(reminders.c.originator).where(reminders.c.appointment_id.in_(identifiers), reminders.c.status == QUEUED),
    )
    return {row.originator for row in due} | set((await connection.execute(others)).scalars())


def after_texts(became: Send | Drop | Wait, now: datetime) -> Send | Drop | Wait:
    """What becomes of a reminder while a text is unread that may answer it: it waits."""
    return Wait(until=now + SOON) if isinstance(became, Send) else became
