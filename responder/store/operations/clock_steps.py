"""Times that were written by a clock which has been set back since: nothing waits until it is that time again."""

from datetime import datetime, timedelta

from sqlalchemy import Column, Table, bindparam, select, update

from responder.core.contact.effects import StepStatus
from responder.core.outbound.retry import LONGEST_PAUSE
from responder.store.base.database import Database
from responder.store.base.locking import Condition, in_order
from responder.store.base.tables import IN_LINE, LEASED, UNDONE, endpoints, holds, messages, steps

LONGEST_LEASE = timedelta(minutes=1)
CLOCKS = timedelta(seconds=5)  # by which the clocks of two of our machines may differ
TOGETHER = 500  # rows in one transaction, so that nobody waits long for the lock


async def bring_back(database: Database, now: datetime) -> int:
    """Shorten leases and waits that a clock ahead of ``now`` has written, and give how many steps waited for that."""
    await _shorten(database, messages, messages.c.seq, IN_LINE, now)
    await _shorten(database, steps, steps.c.key, LEASED, now)
    async with database.write() as connection:
        await connection.execute(update(holds).where(holds.c.since > now + CLOCKS).values(since=now, probe_at=now))
        paused = endpoints.c.open_until > now + LONGEST_PAUSE
        await connection.execute(update(endpoints).where(paused).values(open_until=now))
    found = 0
    while some := await _bring_steps_back(database, now):
        found += some
    return found


async def _shorten(
    database: Database, table: Table, by: Column[int] | Column[str], is_leased: Condition, now: datetime
) -> None:
    """Let the leases of workers that died end soon; those of the living still last long enough."""
    ahead = in_order(by, is_leased, table.c.lease_until > now + LONGEST_LEASE, skip_locked=True)
    async with database.write() as connection:
        await connection.execute(update(table).where(ahead).values(lease_until=now + LONGEST_LEASE))


async def _bring_steps_back(database: Database, now: datetime) -> int:
    """Let some steps wait as long as they would have by the clock that put them off."""
    ahead = select(steps.c.key, steps.c.next_attempt_at, steps.c.updated_at).where(
        UNDONE, steps.c.status == StepStatus.QUEUED, steps.c.next_attempt_at > now, steps.c.updated_at > now + CLOCKS
    )
    async with database.write() as connection:
        query = ahead.order_by(steps.c.key).limit(TOGETHER).with_for_update(skip_locked=True)
        rows = (await connection.execute(query)).all()
        if rows:
            due = [
                {"of_key": row.key, "new_next": now + max(row.next_attempt_at - row.updated_at, timedelta())}
                for row in rows
            ]
            await connection.execute(_PUT_OFF.values(updated_at=now), due)
    return len(rows)


_PUT_OFF = update(steps).where(steps.c.key == bindparam("of_key")).values(next_attempt_at=bindparam("new_next"))
