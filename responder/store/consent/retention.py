"""What time takes away: old texts, subscriptions that end, and reports on nothing of ours."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Table, and_, delete, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.message import MessageStatus
from responder.store.base.bulk import among
from responder.store.base.database import Database
from responder.store.base.locking import Shares, in_order, let_go, move_revisions
from responder.store.base.tables import ENDING, WAITING, messages, reports, steps, subscriptions
from responder.store.consent.ledger import EventRow, append, event_row
from responder.store.queue.entering import announce_consent

TOGETHER = 500  # rows that are read at a time, or changed in one transaction
EXPIRY = "expiry"  # the channel of what was for a while
UNANSWERED = "whether they want to join was asked, and not answered in time"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """Where texts are kept, when their days begin, which are still needed, and how they are emptied."""

    table: Table
    since: Column[datetime]
    locked_by: Column[int] | Column[str]  # in whose order
    in_hand: Collection[str]
    emptied: Mapping[str, Any]


_MESSAGES = _Texts(
    table=messages,
    since=messages.c.received_at,
    locked_by=messages.c.seq,
    in_hand=(MessageStatus.RECEIVED,),
    emptied={"text": "", "raw": b"", "folded": None, "explanation": None},
)
_STEPS = _Texts(
    table=steps,
    since=steps.c.created_at,
    locked_by=steps.c.key,
    in_hand=(StepStatus.QUEUED, StepStatus.SENDING),
    emptied={"content": ""},
)
NOWHERE: Mapping[str, int] = MappingProxyType({})


async def remove_texts(database: Database, before: datetime, places: Mapping[str, int] = NOWHERE) -> dict[str, int]:
    """Empty the texts from before a moment that are done with; consent events keep what was said.

    Begins at the ``places``, and gives those to begin at the next time, by table: nothing before them has a text.
    """
    return {
        texts.table.name: await _empty_from(database, texts, before, places.get(texts.table.name, 0))
        for texts in (_MESSAGES, _STEPS)
    }


async def _empty_from(database: Database, texts: _Texts, before: datetime, place: int) -> int:
    """Empty the texts behind a place, and give the place up to which none is left."""
    left: int | None = None
    shares = Shares(database)
    while True:
        old = list(takewhile(lambda row: row.since < before, await _page(database, texts, place)))
        emptied = await _empty(shares, texts, [row.seq for row in old if row.has_text and not row.is_in_hand])
        stays = (row.seq for row in old if row.is_in_hand or (row.has_text and row.seq not in emptied))
        left = next(stays, None) if left is None else left
        place = old[-1].seq if old else place
        if len(old) < TOGETHER:
            return place if left is None else left - 1


async def _page(database: Database, texts: _Texts, place: int) -> Sequence[Row[Any]]:
    columns = texts.table.c
    has_text = or_(
        *(
            columns[name].is_not(None) if empty is None else columns[name] != empty
            for name, empty in texts.emptied.items()
        )
    )
    is_in_hand = columns.status.in_(texts.in_hand)
    query = select(columns.seq, texts.since.label("since"), has_text.label("has_text"), is_in_hand.label("is_in_hand"))
    async with database.read() as connection:
        return (await connection.execute(query.where(columns.seq > place).order_by(columns.seq).limit(TOGETHER))).all()


async def _empty(shares: Shares, texts: _Texts, seqs: Sequence[int]) -> Collection[int]:
    """Empty some rows but for those that somebody has taken in hand again meanwhile, and tell which."""
    emptied = set[int]()
    columns = texts.table.c

    async def empty(connection: AsyncConnection, some: Sequence[int]) -> int:
        done = in_order(texts.locked_by, among(columns.seq, some), columns.status.not_in(texts.in_hand))
        change = update(texts.table).where(done).values(texts.emptied).returning(columns.seq)
        found = (await connection.execute(change)).scalars().all()
        emptied.update(found)
        return len(found)

    await shares.change(seqs, empty)
    return emptied


async def remove_strays(database: Database, before: datetime) -> int:
    """Remove old delivery reports on nothing that we sent, and give how many."""
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


async def end_subscriptions(database: Database, secret: bytes, now: datetime, notify: Collection[str] = ()) -> int:
    """End the subscriptions whose time is over, in the ledger and for webhooks, and give how many."""
    over = and_(ENDING, subscriptions.c.ends_at <= now)
    unread = select(messages.c.seq).where(WAITING, messages.c.originator == subscriptions.c.originator).exists()
    # what waits may have come while they were on
    some = select(subscriptions.c.originator).where(over, ~unread).limit(TOGETHER)
    found = 0
    while True:
        async with database.read() as connection:
            originators = sorted(set((await connection.execute(some)).scalars()))
        if not originators:
            return found
        found += await _end_some(database, secret, originators, now, notify)


async def _end_some(
    database: Database, secret: bytes, originators: Sequence[str], now: datetime, notify: Collection[str]
) -> int:
    over = and_(ENDING, subscriptions.c.ends_at <= now)
    async with database.write() as connection:
        query = select(
            subscriptions.c.originator, subscriptions.c.list, subscriptions.c.ends_at, subscriptions.c.status
        ).where(over)
        await move_revisions(connection, database.insert, originators)
        rows = (await connection.execute(query.where(subscriptions.c.originator.in_(originators)))).all()
        await let_go(connection, set(originators) - {row.originator for row in rows})
        ended = {"status": "unsubscribed", "since": subscriptions.c.ends_at, "ends_at": None}
        await connection.execute(
            update(subscriptions).where(over, subscriptions.c.originator.in_(originators)).values(ended)
        )
        await announce_consent(
            connection, await append(connection, [_ended(row, now) for row in rows], secret), notify, now
        )
    return len(rows)


def _ended(row: Row[*tuple[Any, ...]], now: datetime) -> EventRow:
    reason = UNANSWERED if row.status == SubscriptionStatus.PENDING else None
    proof: dict[str, Any] = {"originator": row.originator, "list": row.list, "reason": reason}
    return event_row(event="opt_out", at=row.ends_at, recorded_at=now, channel=EXPIRY, **proof)


def kept_since(days: int, now: datetime) -> datetime | None:
    """The moment before which texts go; None if they stay.

    >>> kept_since(0, datetime(2026, 11, 23))
    """
    return now - timedelta(days=days) if days else None
