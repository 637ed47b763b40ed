"""What is known of the gateway itself: the credit that is left, and its clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update

from responder.core.operations.clock_offset import LOOKED_AT, ClockOffset, arrivals_of, clock_offset
from responder.core.operations.troubles import Credit
from responder.store.base.database import Database
from responder.store.base.records import from_row
from responder.store.base.tables import balances, messages

EVERY = timedelta(minutes=5)
AGAIN = timedelta(minutes=1)  # after a question without an answer


async def claim_question(database: Database, gateway: str, now: datetime) -> bool:
    """Whether the credit is to be asked for now, which one worker is told each time."""
    insert = database.insert
    due = update(balances).where(balances.c.gateway == gateway, balances.c.next_at <= now).values(next_at=now + EVERY)
    async with database.write() as connection:
        await connection.execute(insert(balances).values(gateway=gateway, next_at=now).on_conflict_do_nothing())
        return (await connection.execute(due)).rowcount > 0


async def note_credit(database: Database, gateway: str, amount: Decimal, now: datetime) -> None:
    """Keep what the gateway told."""
    async with database.write() as connection:
        answered = {"amount": str(amount), "told_at": now, "failure": None}
        await connection.execute(update(balances).where(balances.c.gateway == gateway).values(answered))


async def note_no_credit(database: Database, gateway: str, failure: str, now: datetime) -> None:
    """Keep why the gateway told nothing; what it told before stays."""
    async with database.write() as connection:
        await connection.execute(
            update(balances).where(balances.c.gateway == gateway).values(failure=failure, next_at=now + AGAIN)
        )


async def read_credits(database: Database) -> list[Credit]:
    """What is known of the credit at each gateway."""
    async with database.read() as connection:
        rows = (await connection.execute(select(balances).order_by(balances.c.gateway))).all()
    return [from_row(Credit, row, amount=None if row.amount is None else Decimal(row.amount)) for row in rows]


async def forget_credits(database: Database) -> None:
    """Forget what was told, since nothing is sent any more."""
    async with database.read() as connection:
        if (await connection.execute(select(balances.c.gateway).limit(1))).first() is None:
            return
    async with database.write() as connection:
        await connection.execute(delete(balances))


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
