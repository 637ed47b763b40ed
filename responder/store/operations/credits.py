"""The credit that is left at the gateway, in SQL: asked for by one worker at a time, seen by all."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, select, update

from responder.core.operations.troubles import Credit
from responder.store.base.database import Database
from responder.store.base.records import from_row
from responder.store.base.tables import balances

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
        told = {"amount": str(amount), "told_at": now, "failure": None}
        await connection.execute(update(balances).where(balances.c.gateway == gateway).values(told))


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
