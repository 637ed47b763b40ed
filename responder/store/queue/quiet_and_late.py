"""Replies whose time is not now: put off until quiet hours end, or dropped when too late."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.core.outbound.suppression import TOO_LATE
from responder.store.base.database import Database
from responder.store.base.locking import in_order
from responder.store.base.revisions import free_contacts
from responder.store.base.tables import QUIET, UNDONE, steps
from responder.store.queue.suppressing import suppress

TOGETHER = 500  # rows in one transaction, so that nobody waits long for the lock
WAITING = and_(UNDONE, steps.c.kind == StepKind.REPLY, steps.c.status == StepStatus.QUEUED)
STRICT = frozenset({Purpose.CONFIRMATION, Purpose.REMINDER})  # which nobody can want later than they are valid


def still_valid(now: datetime) -> ColumnElement[bool]:
    """Whether a step is of use."""
    return steps.c.expires_at.is_(None) | (steps.c.expires_at >= now)


async def put_off(connection: AsyncConnection, now: datetime, until: datetime) -> None:
    """Let what is no answer at once wait for the end of quiet hours."""
    at_night = in_order(steps.c.key, QUIET, steps.c.next_attempt_at <= now, skip_locked=True)
    await connection.execute(update(steps).where(at_night).values(next_attempt_at=until))


async def drop_late(database: Database, now: datetime) -> int:
    """Drop the waiting replies that are of no more use, and give how many."""
    found = 0
    while True:
        late = (
            select(steps.c.seq, steps.c.originator)
            .where(WAITING, steps.c.expires_at < now)
            .order_by(steps.c.seq)
            .limit(TOGETHER)
        )
        async with database.write() as connection:
            rows = (await connection.execute(late.with_for_update(skip_locked=True))).all()
            ours = await free_contacts(connection, {row.originator for row in rows}, lock=not database.is_sqlite)
            numbers = [row.seq for row in rows if row.originator in ours]
            await suppress(connection, dict.fromkeys(numbers, TOO_LATE), now)
        found += len(numbers)
        if len(rows) < TOGETHER or not numbers:
            return found
