"""A hold on sending: while the gateway refuses us, replies wait, and now and then one tries."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepKind, StepStatus
from responder.store.base.database import Database
from responder.store.base.locking import in_order
from responder.store.base.tables import holds, steps

PROBE_EVERY = timedelta(minutes=1)
REPLIES = "replies"  # the name of the row: webhooks have endpoints of their own


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Since when nothing is sent, and why."""

    since: datetime
    reason: str


async def read_hold(database: Database) -> Hold | None:
    """The hold that is on; None if replies are sent."""
    async with database.read() as connection:
        row = (await connection.execute(select(holds))).first()
    return Hold(since=row.since, reason=row.reason) if row else None


async def lift_hold(database: Database, now: datetime) -> None:
    """Send again: a process that starts has settings that were not tried yet."""
    async with database.write() as connection:
        await end_hold(connection, now)


async def end_hold(connection: AsyncConnection, now: datetime) -> None:
    """Send again, also those that were refused, in a transaction of somebody else's."""
    reasons = list((await connection.execute(delete(holds).returning(holds.c.reason))).scalars())
    if reasons:
        refused = (
            (steps.c.kind == StepKind.REPLY) & (steps.c.status == StepStatus.QUEUED) & steps.c.last_error.in_(reasons)
        )
        await connection.execute(
            update(steps).where(in_order(steps.c.key, refused, skip_locked=True)).values(next_attempt_at=now)
        )


async def begin_hold(connection: AsyncConnection, reason: str, now: datetime, insert: Callable[..., Any]) -> None:
    """Send nothing more; a hold that is on already keeps its beginning."""
    statement = insert(holds).values(name=REPLIES, since=now, reason=reason, probe_at=now + PROBE_EVERY)
    new = {"reason": statement.excluded.reason, "probe_at": statement.excluded.probe_at}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=new))


_PROBE = select(holds.c.probe_at)


async def places(connection: AsyncConnection, now: datetime, limit: int) -> tuple[int, bool]:
    """How many replies may be claimed, and whether they are a probe. During a hold, it is one now and then."""
    if (await connection.execute(_PROBE)).first() is None:
        return limit, False
    due = update(holds).where(holds.c.probe_at <= now).values(probe_at=now + PROBE_EVERY)
    return min(limit, (await connection.execute(due)).rowcount), True
