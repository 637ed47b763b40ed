"""What the last texts tell: of the gateway's clock, and who answered them."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from responder.core.operations.clock_offset import LOOKED_AT, ClockOffset, arrivals_of, clock_offset
from responder.store.base.database import Database
from responder.store.base.tables import messages

COUNTED = 50_000  # messages at most: so many a minute's figures may read


async def read_clock_offset(database: Database, zone: ZoneInfo) -> ClockOffset:
    """How far the gateway's clock is off, if it writes the times of that zone."""
    query = select(messages.c.date_time, messages.c.received_at).order_by(messages.c.seq.desc()).limit(LOOKED_AT)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return clock_offset(arrivals_of([(row.date_time, row.received_at) for row in rows], zone), zone)


async def count_texts(database: Database, since: datetime) -> Mapping[tuple[str, str], int]:
    """How many of the newest 50,000 messages came since a moment, by the rule that answered and the status."""
    newest = select(messages.c.rule, messages.c.status, messages.c.received_at).order_by(messages.c.seq.desc())
    last = newest.limit(COUNTED).subquery()
    counts = select(last.c.rule, last.c.status, func.count()).where(last.c.received_at > since)
    async with database.read() as connection:
        rows = (await connection.execute(counts.group_by(last.c.rule, last.c.status))).all()
    return {(rule or "", status): count for rule, status, count in rows}
