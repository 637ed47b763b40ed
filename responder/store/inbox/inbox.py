"""The inbox: messages committed under their keys, claimed in order, and marked when they are handled."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import JSON, ColumnElement, Integer, Select, Update, bindparam, cast, func, select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.sms.message import Inbound, Message, MessageStatus
from responder.errors import StorageError
from responder.store.base.bulk import Insertion, Values, among_listed, execute_many
from responder.store.base.database import Database
from responder.store.base.locking import in_order
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import IN_LINE, messages
from responder.store.inbox.claiming import Lease, LeftToOthersError, claim, is_left
from responder.store.queue.entering import Rows

logger = logging.getLogger(__name__)

CLAIM_LOCK = 0x5E5B0D01  # PostgreSQL advisory lock: one claim at a time, so that an originator goes to one worker
LEASE = timedelta(seconds=10)  # how long a killed worker keeps what it had claimed
AT_WORK = timedelta(seconds=1)  # how long a worker that has claimed is taken to be at work; most batches take less
ALONE_AFTER = 2  # deaths of workers after which a message is handled by itself: something in it may kill them
GIVE_UP_AFTER = 8  # deaths of workers after which it is marked failed
FIRST = 100  # messages among which is the one that waits longest, though they may not have come in quite in their order
ADDED = (
    "key", "channel", "gateway", "originator", "destination", "text", "date_time", "raw", "sent_at",
    "received_at", "order_at", "status",
)  # fmt: skip


class SqlInbox:
    """The inbox in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert(messages).on_conflict_do_nothing()
        self._insertion = Insertion(messages, ADDED)
        self._has_left = False  # what waits to others, so that the next claim looks for them first
        self._note_answers = _note_answers("json_each" if database.is_sqlite else "json_each_text")

    async def add(self, inbound: Sequence[Inbound], answer_ms: Mapping[str, int]) -> None:
        """Commit the messages, each once under its key; a key that is there already changes nothing.

        ``answer_ms`` says how long earlier messages waited for their answer; failing to note that fails nothing.
        """
        if inbound:
            await self._add(inbound)
        if answer_ms:
            try:
                await self._note(answer_ms)
            except StorageError as error:
                logger.warning("answer times not noted messages=%d reason=%s", len(answer_ms), error)

    async def _add(self, inbound: Sequence[Inbound]) -> None:
        if self._database.is_sqlite:
            await self._database.write_at_once(*self._insertion.statement([_row(message) for message in inbound]))
            return
        async with self._database.write() as connection:
            await execute_many(connection, self._insert, await _numbered(connection, inbound))

    async def _note(self, answer_ms: Mapping[str, int]) -> None:
        """Write the times down in a transaction of their own: a statistic costs nobody an answer."""
        if self._database.is_sqlite:
            await self._database.write_at_once(
                str(self._note_answers.compile(dialect=sqlite.dialect())), (json.dumps(answer_ms),)
            )
            return
        async with self._database.write() as connection:
            await connection.execute(_in_order(messages.c.key.in_(answer_ms)))
            await connection.execute(self._note_answers, {"answer_ms": answer_ms})

    async def claim(
        self, owner: str, now: datetime, limit: int, *, leaves_few: bool = False
    ) -> list[tuple[Message, int]]:
        """Up to about ``limit`` waiting messages, oldest first, each with how many workers died while they had it.

        A lease that ran out means a dead worker: the living give back what they could not handle. All that waits from
        one originator goes to one worker at a time, and to nobody else while the lease lasts.
        Raises LeftToOthersError where few wait while another worker is at it, and they may be left.
        """
        lease = Lease(owner=owner, now=now, until=now + LEASE, alone_after=ALONE_AFTER)
        if self._database.is_sqlite:
            async with self._database.write(is_small=True) as connection:
                return await connection.run_sync(claim, lease, limit)
        if leaves_few:
            lease = replace(lease, others_from=lease.until - AT_WORK)
        async with self._database.write() as connection:
            if self._has_left and await connection.run_sync(is_left, lease, limit):
                raise LeftToOthersError
            self._has_left = leaves_few
            await connection.execute(_TURN, {"lock": CLAIM_LOCK})
            claimed = await connection.run_sync(claim, lease, limit)
        self._has_left = False
        return claimed

    async def release(self, owner: str, claimed: Sequence[int] = ()) -> None:
        """Give back whatever a worker has claimed and not handled; it may tell which messages those were.

        If the lease ran out and another took them, the worker was counted as dead; that is taken back, since it lives.
        """
        async with self._database.write() as connection:
            if claimed:
                await connection.execute(_in_order(messages.c.seq.in_(claimed)))
                lost = (
                    _IS_WAITING,
                    messages.c.seq.in_(claimed),
                    messages.c.lease_owner.is_distinct_from(owner),
                    messages.c.attempts > 0,
                )
                await connection.execute(update(messages).where(*lost).values(attempts=messages.c.attempts - 1))
            theirs = _IS_WAITING & messages.c.seq.in_(claimed) if claimed else IN_LINE
            held = in_order(messages.c.seq, theirs, messages.c.lease_owner == owner)
            await connection.execute(update(messages).where(held).values(lease_owner=None, lease_until=None))

    async def fail(self, key: str, reason: str, now: datetime) -> None:
        """Mark a waiting message as failed, with the reason."""
        async with self._database.write() as connection:
            waiting = (messages.c.key == key) & _IS_WAITING
            await connection.execute(
                update(messages)
                .where(waiting)
                .values(status=MessageStatus.FAILED, error=reason, handled_at=now, lease_owner=None)
            )

    async def oldest_waiting(self) -> datetime | None:
        """When the message that has waited longest came in; None if none waits."""
        first = select(messages.c.received_at).where(IN_LINE).order_by(messages.c.seq).limit(FIRST).subquery()
        async with self._database.read() as connection:
            oldest: datetime | None = (await connection.execute(select(func.min(first.c.received_at)))).scalar_one()
        return oldest


_BY_INDEX = "set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"
_TURN = text(
    f"SELECT pg_advisory_xact_lock(:lock), {_BY_INDEX}"
)  # for the claim alone: without statistics all that waits would be read
_NEXT_NUMBERS = text("SELECT nextval(pg_get_serial_sequence('messages', 'seq')) FROM generate_series(1, :count)")
_IS_WAITING = messages.c.status == text("'received'")
_STILL_HELD = kept(
    select(messages.c.seq)
    .where(among_listed(messages.c.seq, "seqs"), messages.c.lease_owner == bindparam("owner"), _IS_WAITING)
    .order_by(messages.c.seq)
)
_STILL_HELD_LOCKED = _STILL_HELD.with_for_update()


def _row(message: Inbound) -> Values:
    """A message as its row, in the order of ``ADDED``."""
    return (
        message.key,
        message.channel.value,
        message.gateway,
        message.originator,
        message.destination,
        message.text,
        message.date_time,
        message.raw,
        message.sent_at,
        message.received_at,
        message.order_at,
        message.status.value,
    )


async def _numbered(connection: AsyncConnection, inbound: Sequence[Inbound]) -> Rows:
    """Rows for PostgreSQL, numbered by arrival but inserted in key order, so that concurrent inserts can't deadlock."""
    numbers = sorted((await connection.execute(_NEXT_NUMBERS, {"count": len(inbound)})).scalars())
    rows = [
        {"seq": number, **dict(zip(ADDED, _row(message), strict=True))}
        for number, message in zip(numbers, inbound, strict=True)
    ]
    return sorted(rows, key=lambda row: str(row["key"]))


def _in_order(which: ColumnElement[bool]) -> Select[tuple[int]]:
    """Locks messages as a claim does, the oldest first."""
    return select(messages.c.seq).where(which).order_by(messages.c.seq).with_for_update()


def _note_answers(each: str) -> Update:
    """Write down how long messages waited; ``each`` is the database's function that makes rows of a JSON object."""
    noted = getattr(func, each)(bindparam("answer_ms", type_=JSON)).table_valued("key", "value").alias("noted")
    return update(messages).where(messages.c.key == noted.c.key).values(answer_ms=cast(noted.c.value, Integer))


async def still_held(connection: AsyncConnection, owner: str, seqs: Sequence[int], *, lock: bool) -> set[int]:
    """Which of the messages a worker may still mark as handled; they are locked oldest first, as everywhere."""
    query = _STILL_HELD_LOCKED if lock else _STILL_HELD
    return set((await connection.execute(query, {"seqs": seqs, "owner": owner})).scalars())
