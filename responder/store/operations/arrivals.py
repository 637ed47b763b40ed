"""What the last texts tell of the gateway's clock."""

from zoneinfo import ZoneInfo

from sqlalchemy import select

from responder.core.operations.clock_offset import LOOKED_AT, ClockOffset, arrivals_of, clock_offset
from responder.store.base.database import Database
from responder.store.base.tables import messages


async def read_clock_offset(database: Database, zone: ZoneInfo) -> ClockOffset:
    """How far the gateway's clock is off, if it writes the times of that zone."""
    query = select(messages.c.date_time, messages.c.received_at).order_by(messages.c.seq.desc()).limit(LOOKED_AT)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return clock_offset(arrivals_of([(row.date_time, row.received_at) for row in rows], zone), zone)
