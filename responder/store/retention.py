"""What time takes away: texts after the days that they are kept, subscriptions that were for a while, and reports on nothing of ours."""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Table, delete, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.message import MessageStatus
from responder.store.announcing import announce_consent
from responder.store.database import Database
from responder.store.ledger import append, event_row
from responder.store.revisions import move_revisions
from responder.store.tables import messages, reports, steps, subscriptions

TOGETHER = 500  # rows in one transaction, so that nobody waits long for the lock
EXPIRY = "expiry"  # the channel of what was for a while
IN_HAND = ("queued", "sending")


async def remove_texts(database: Database, before: datetime, after_seq: int = 0) -> int:
    """Empty the texts of messages that came before a moment and are done with, and of their replies; consent events keep what was said.

    Begins behind the message ``after_seq``, and gives the place to begin at the next time. Raises StorageError.
    """
    while True:
        async with database.write() as connection:
            query = select(messages.c.seq, messages.c.key, messages.c.received_at, messages.c.status).where(messages.c.seq > after_seq)
            rows = (await connection.execute(query.order_by(messages.c.seq).limit(TOGETHER))).all()
            found = list(takewhile(lambda row: row.received_at < before and row.status != MessageStatus.RECEIVED, rows))
            await _empty(connection, messages, messages.c.seq.in_([row.seq for row in found]), text="", raw=b"", folded=None, explanation=None)
            done = steps.c.message_key.in_([row.key for row in found]) & steps.c.status.not_in(IN_HAND)
            await _empty(connection, steps, done, content="")
        after_seq = found[-1].seq if found else after_seq
        if len(found) < TOGETHER:
            return after_seq


async def remove_strays(database: Database, before: datetime) -> int:
    """Remove the delivery reports of before a moment that are on nothing that we sent, and tell how many there were. Raises StorageError."""
    old = (reports.c.step_key.is_(None)) & (reports.c.received_at < before)
    some = select(reports.c.seq).where(old).order_by(reports.c.received_at).limit(TOGETHER)
    found = 0
    while True:
        async with database.read() as connection:
            seqs = list((await connection.execute(some)).scalars())
        if not seqs:
            return found
        async with database.write() as connection:
            gone = delete(reports).where(reports.c.seq.in_(seqs), reports.c.step_key.is_(None))
            found += (await connection.execute(gone)).rowcount


async def _empty(connection: AsyncConnection, table: Table, where: Any, **values: Any) -> None:  # noqa: ANN401  (an expression; column values)
    await connection.execute(update(table).where(where).values({name: null() if value is None else value for name, value in values.items()}))


async def end_subscriptions(database: Database, secret: bytes, now: datetime, tell: Collection[str] = ()) -> int:
    """End the subscriptions whose time is over, with an event in the ledger and for webhooks, and tell how many. Raises StorageError."""
    over = (subscriptions.c.ends_at <= now) & (subscriptions.c.status != "unsubscribed")
    async with database.read() as connection:
        if (await connection.execute(select(subscriptions.c.list).where(over).limit(1))).first() is None:
            return 0
    async with database.write() as connection:
        query = select(subscriptions.c.originator, subscriptions.c.list, subscriptions.c.ends_at).where(over)
        originators = sorted(set((await connection.execute(select(subscriptions.c.originator).where(over).limit(TOGETHER))).scalars()))
        await move_revisions(connection, database.insert, originators)
        rows = (await connection.execute(query.where(subscriptions.c.originator.in_(originators)))).all()
        ended = {"status": "unsubscribed", "since": subscriptions.c.ends_at, "ends_at": None}
        await connection.execute(update(subscriptions).where(over, subscriptions.c.originator.in_(originators)).values(ended))
        events = [
            event_row(event="opt_out", at=row.ends_at, recorded_at=now, channel=EXPIRY, originator=row.originator, list=row.list) for row in rows
        ]
        await announce_consent(connection, await append(connection, events, secret), tell, now)
    return len(rows)


def kept_since(days: int, now: datetime) -> datetime | None:
    """The moment before which texts go; None if they stay.

    >>> kept_since(0, datetime(2026, 11, 23))
    """
    return now - timedelta(days=days) if days else None
