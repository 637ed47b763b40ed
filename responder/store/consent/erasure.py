"""Erasing a number: it and its texts leave every table; a keyed hash keeps it from being texted."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Delete, Table, Update, and_, case, delete, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.ledger import PERSONAL, number_hash
from responder.core.contact.effects import StepStatus
from responder.core.contact.reasons import because
from responder.core.sms.message import MessageStatus
from responder.store.base.bulk import among
from responder.store.base.database import Database
from responder.store.base.locking import Condition, Shares, in_order, let_go, move_revisions
from responder.store.base.tables import (
    PAST,
    REPLIES,
    WAITING,
    WEBHOOK_CALLS,
    consent_events,
    contacts,
    erased,
    erasures,
    handoffs,
    messages,
    metadata,
    steps,
)
from responder.store.consent.ledger import append, event_row
from responder.store.consent.stopping import misread

ERASED = because("erased")
KEPT = (messages, steps, consent_events)  # their rows stay, without what is personal: keys and the chain rest on them
EMPTIED = {"originator": "", "text": "", "raw": b"", "folded": None, "explanation": None}
UNSENT = (StepStatus.QUEUED, StepStatus.SENDING)
LAST = "SELECT coalesce(max(seq), 0) FROM {}"
UNDER_WAY = timedelta(minutes=10)  # after which an erasure that has not ended was cut short
OVERWRITING = "PRAGMA secure_delete=ON"  # what is deleted from a file of SQLite


async def erase(database: Database, secret: bytes, number: str, operator: str, now: datetime) -> int:
    """Erase a number, and tell how many rows held it. It is not texted again before it says START.

    It is known as erased before what it wrote and got is emptied a share at a time, so that others can write meanwhile.
    If that is cut short, ``finish_erasures`` goes on with it, or whoever erases it again.
    """
    row = {"number": number, "operator": operator, "began_at": now, "rest": None}
    async with database.write() as connection:
        put = database.insert(erasures).values(row)
        await connection.execute(put.on_conflict_do_update(index_elements=["number"], set_=row))
    return await _carry_out(database, _Erasure(secret=secret, number=number, operator=operator, now=now))


async def finish_erasures(database: Database, secret: bytes, now: datetime) -> int:
    """Finish erasures that were cut short, and tell how many there were."""
    cut_short = select(erasures).where(erasures.c.began_at < now - UNDER_WAY)
    found = await database.rows(cut_short)
    for row in found:
        erasure = _Erasure(secret=secret, number=row.number, operator=row.operator, now=row.began_at)
        await _carry_out(database, erasure, _Left(**json.loads(row.rest)) if row.rest else None)
    return len(found)


def holding_numbers() -> list[Table]:
    """The tables whose rows go with their originator."""
    return [table for table in metadata.sorted_tables if "originator" in table.c and table not in KEPT]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Left:
    """What an erasure has still to empty: events of the ledger, and the number's rows up to these."""

    events: Sequence[int]
    last_message: int
    last_step: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Erasure:
    """Which number is erased, by whom and when."""

    secret: bytes
    number: str
    operator: str
    now: datetime

    async def end_what_is_much(self, shares: Shares) -> int:
        """End what waits, or may be taken up again, while it is more than a share, and tell how much that was."""
        ended = 0
        for of_one, at_hand, ending in (
            (messages.c.seq, self._messages_at_hand, self._ending_messages),
            (steps.c.key, self._unsent_steps, self._ending_steps),
            (handoffs.c.message_key, self._idle_handoffs, self._forgetting_handoffs),
        ):
            rows = select(of_one).where(at_hand)
            while len(some := await shares.look(rows.limit(shares.rows + 1))) > shares.rows:
                async with shares.write() as connection:
                    await move_revisions(connection, shares.database.insert, [self.number])
                    ended += (await connection.execute(ending(among(of_one, some)))).rowcount
                    await let_go(connection, [self.number])
        return ended

    async def mark(self, shares: Shares) -> tuple[int, _Left]:
        """Make the number one that was erased, of which nothing is left that acts.

        Gives how many rows held it, and what is still to be emptied.
        """
        insert = shares.database.insert
        row = {"number_hash": number_hash(self.secret, self.number), "erased_at": self.now}
        note = insert(erased).values(row).on_conflict_do_update(index_elements=["number_hash"], set_=row)
        before = await self._events_before(shares.database)
        note, revision, events, *changes = await shares.ready(
            note,
            select(contacts.c.revision).where(contacts.c.originator == self.number),
            select(consent_events.c.seq).where(
                consent_events.c.seq > before[0], consent_events.c.originator == self.number
            ),
            self._ending_messages(),
            self._ending_steps(),
            *(delete(table).where(table.c.originator == self.number) for table in holding_numbers()),
        )
        async with shares.write() as connection:
            await connection.exec_driver_sql(*note)
            await move_revisions(connection, insert, [self.number])  # what a worker commits just now is erased too
            is_new = (await connection.exec_driver_sql(*revision)).scalar_one() == 1  # made only to be locked
            found = -int(is_new)
            covered = [*before[1], *(await connection.exec_driver_sql(*events)).scalars()]
            for change in changes:
                found += (await connection.exec_driver_sql(*change)).rowcount
            last = [(await connection.exec_driver_sql(LAST.format(table))).scalar_one() for table in (messages, steps)]
            erasing = event_row(event="erased", at=self.now, operator=self.operator, erases=json.dumps(covered))
            await append(connection, [erasing], self.secret)
            left = _Left(events=covered, last_message=last[0], last_step=last[1])
            under_way = update(erasures).where(erasures.c.number == self.number)
            await connection.execute(under_way.values(rest=json.dumps(asdict(left))))
        return found, left

    async def _events_before(self, database: Database) -> tuple[int, Sequence[int]]:
        """How far the ledger goes now, and which of its events up to there are theirs: there may be many."""
        theirs = select(consent_events.c.seq).where(consent_events.c.originator == self.number)
        async with database.read() as connection:
            last = (await connection.execute(select(func.coalesce(func.max(consent_events.c.seq), 0)))).scalar_one()
            return last, (await connection.execute(theirs)).scalars().all()

    async def empty(self, shares: Shares, left: _Left) -> int:
        """Empty what is personal in the rows that stay, and count them."""
        past = select(messages.c.seq).where(
            messages.c.originator == self.number, PAST, messages.c.seq <= left.last_message
        )
        over = select(steps.c.key).where(self._steps, steps.c.seq <= left.last_step)
        async with shares.database.read() as connection:
            theirs = (await connection.execute(past)).scalars().all()
            sent = (await connection.execute(over)).scalars().all()
            misunderstood = await misread(connection, self.number)
        return (
            await shares.change(misunderstood, _emptying(messages.c.seq, EMPTIED))
            + await shares.change(theirs, _emptying(messages.c.seq, {**EMPTIED, "error": _WHY}, PAST))
            + await shares.change(sent, _emptying(steps.c.key, self._emptied_step, steps.c.status.not_in(UNSENT)))
            + await shares.change(
                left.events, _emptying(consent_events.c.seq, dict.fromkeys((*PERSONAL, "salt"), null()))
            )
        )

    def _forgetting_handoffs(self, *some: ColumnElement[bool]) -> Delete:
        return delete(handoffs).where(self._idle_handoffs, *some)

    def _ending_messages(self, *some: ColumnElement[bool]) -> Update:
        ended = {
            **EMPTIED,
            "status": MessageStatus.FAILED,
            "error": ERASED,
            "handled_at": self.now,
            "lease_owner": None,
        }
        rows = in_order(messages.c.seq, self._messages_at_hand, *some)
        return update(messages).where(rows).values(ended)

    def _ending_steps(self, *some: ColumnElement[bool]) -> Update:
        ended = {
            **self._emptied_step,
            "status": StepStatus.SUPPRESSED,
            "last_error": ERASED,
            "next_attempt_at": None,
            "lease_owner": None,
            "updated_at": self.now,
        }
        rows = in_order(steps.c.key, self._unsent_steps, *some)
        return update(steps).where(rows).values(ended)

    @property
    def _messages_at_hand(self) -> ColumnElement[bool]:
        """Those that wait, or that somebody may take up again; an index for each."""
        theirs = messages.c.originator == self.number
        return or_(and_(theirs, WAITING), and_(theirs, PAST, messages.c.status == MessageStatus.FAILED))

    @property
    def _idle_handoffs(self) -> ColumnElement[bool]:
        return and_(handoffs.c.originator == self.number, ~handoffs.c.holds_marketing)

    @property
    def _steps(self) -> ColumnElement[bool]:
        """Their steps, by an index for each kind."""
        return or_(*(and_(steps.c.originator == self.number, kind) for kind in (REPLIES, WEBHOOK_CALLS)))

    @property
    def _unsent_steps(self) -> ColumnElement[bool]:
        return and_(self._steps, or_(*(steps.c.status == status for status in UNSENT)))

    @property
    def _emptied_step(self) -> dict[str, Any]:
        is_theirs = steps.c.recipient == self.number
        return {"originator": "", "content": "", "recipient": case((is_theirs, ""), else_=steps.c.recipient)}


async def _carry_out(database: Database, erasure: _Erasure, left: _Left | None = None) -> int:
    """Erase, or with what is left go on with an erasure, and tell how many rows held the number."""
    shares, found = Shares(database, OVERWRITING), 0
    if left is None:
        found = await erasure.end_what_is_much(shares)
        marked, left = await erasure.mark(shares)
        found += marked
    found += await erasure.empty(shares, left)
    async with shares.write() as connection:
        await connection.execute(delete(erasures).where(erasures.c.number == erasure.number))
    if database.is_sqlite:
        await database.checkpoint()
    return found


_WHY = case((messages.c.error.is_not(None), ERASED), else_=None)  # it may repeat a word


def _emptying(
    by: Column[Any], values: Mapping[str, Any], *where: Condition
) -> Callable[[AsyncConnection, Sequence[Any]], Awaitable[int]]:
    """What empties rows by this column, under a condition, and counts them."""

    async def empty(connection: AsyncConnection, some: Sequence[Any]) -> int:
        rows = in_order(by, among(by, some), *where)
        return (await connection.execute(update(by.table).where(rows).values(values))).rowcount

    return empty
