"""The one order in which rows are locked on PostgreSQL, so that there are no deadlocks.

1. Turns (advisory locks): claims of messages, bookings, reminders, subscribers. A transaction takes at most one.
   Whoever carries out an import has the turn of its kind, and so its rows, which need no order of their own.
2. Contacts, by number. Whoever changes anything else of a number (its subscriptions, appointments, reminders,
   questions, uses, hand-offs and awaited replies) has its contact first, so these need no order of their own.
3. Messages, by ``seq``; new ones come in by key, in a transaction that locks nothing else.
4. Steps, by ``key``. New ones lock nothing: their keys begin with that of a row which the transaction has.
5. Endpoints by name, holds, the day's spend, alerts.
6. The head of the ledger, last.

What led to a lock is read after it, or read again: READ COMMITTED lets others commit in between. Whoever only looks
for work (claims of steps and calls, the sweep) passes over what is locked (SKIP LOCKED), waits for nobody, and so may
lock in any order.
SQLite has one lock for all, taken at BEGIN; SQLAlchemy leaves FOR UPDATE out of what it writes for it.

A contact also has a revision, which moves whenever something is changed that plans rest on.

PostgreSQL ends sessions that stand still between two statements. It has no limit for those within one, prepared and
not yet carried out, or whose answer is not read: others wait for their locks, so others of ours end them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnElement,
    Insert,
    Integer,
    Select,
    TextClause,
    delete,
    literal_column,
    select,
    text,
)
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import ResponderError
from responder.store.base.bulk import among_listed, execute_many, ready
from responder.store.base.database import APPLICATION, FROZEN_S, Database
from responder.store.base.sqlite.in_place import kept
from responder.store.base.sqlite.one_trip import LOCK_RETRY_S
from responder.store.base.tables import contacts

T = TypeVar("T")
Condition = ColumnElement[bool] | TextClause
Check = Callable[[AsyncConnection], Awaitable[None]]
"""Looks at what an act is about, once it is locked; raises where it does not stand as whoever acts believes."""
TOGETHER = 500  # rows in one statement
OF_CONSENT: list[Column[Any]] = [
    contacts.c.originator, contacts.c.opted_out, contacts.c.consent_at, contacts.c.consent_seq,
    contacts.c.stopped_at, contacts.c.stop_order_at, contacts.c.stop_order_seq,
]  # fmt: skip
_THEIRS = kept(select(*OF_CONSENT).where(among_listed(contacts.c.originator, "originators")))
_THEIRS_LOCKED = _THEIRS.with_for_update(skip_locked=True)
_END = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user AND application_name = :application"
    " AND state = 'active' AND wait_event_type = 'Client'"
    " AND state_change < clock_timestamp() - make_interval(secs => :frozen_s)"
)
Ready = tuple[str, tuple[Any, ...]]
"""A statement of the driver's, and its values."""
FIRST, LEAST, MOST = 100, 20, 1_000  # rows in one transaction
AIM_S = 0.025  # for each: a quarter of what anybody should wait at the most
SHARE_PAUSE_S = 2 * LOCK_RETRY_S  # between two, in which whoever waits for SQLite's lock tries again


async def unchecked(_connection: AsyncConnection) -> None:
    """Act whatever stands there."""


def looked_at(read: Callable[[AsyncConnection], Awaitable[T]], look: Callable[[T], None]) -> Check:
    async def check(connection: AsyncConnection) -> None:
        look(await read(connection))

    return check


class Conflict(ResponderError):
    """Something does not stand as whoever changes it believes."""


def in_order(by: Column[int] | Column[str], *where: Condition, skip_locked: bool = False) -> ColumnElement[bool]:
    """The rows of a change, all locked in the order of that column before the first is changed.

    They are found by the conditions and sorted then; PostgreSQL might read an index that has the order from its start.
    """
    nothing = "+ 0" if isinstance(by.type, Integer) else "|| ''"
    order: ColumnElement[Any] = literal_column(f"{by.table.name}.{by.name} {nothing}")
    chosen = select(by).where(*where).order_by(order).with_for_update(skip_locked=skip_locked)
    return by.in_(chosen)


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values, some hundreds at a time."""
    return (values[start : start + TOGETHER] for start in range(0, len(values), TOGETHER))


async def move_revisions(connection: AsyncConnection, insert: Callable[..., Any], originators: Collection[str]) -> None:
    """Lock the contacts, in one order for all. Whoever has planned by their old state has to plan anew."""
    for some in chunks(sorted(originators)):
        await execute_many(
            connection, _move(insert), [{"originator": originator, "revision": 1} for originator in some]
        )


@cache
def _move(insert: Callable[..., Any]) -> Insert:
    move: Insert = insert(contacts).on_conflict_do_update(
        index_elements=["originator"], set_={"revision": contacts.c.revision + 1}
    )
    return move


async def let_go(connection: AsyncConnection, originators: Collection[str]) -> None:
    """Remove contacts that were made only to be locked, so that nothing stays of an erased number."""
    for some in chunks(sorted(originators)):
        await connection.execute(delete(contacts).where(contacts.c.originator.in_(some), contacts.c.revision == 1))


async def free_contacts(
    connection: AsyncConnection, originators: Collection[str], *, lock: bool
) -> dict[str, Row[Any] | None]:
    """What the contacts say of consent, of numbers that nobody else has; None for a number without a contact.

    They are locked until the commit.
    """
    ours: dict[str, Row[Any] | None] = {}
    query = _THEIRS_LOCKED if lock else _THEIRS
    for row in (await connection.execute(query, {"originators": originators})).all():
        ours[row.originator] = row
    if others := set(originators) - ours.keys():
        taken = set(
            (await connection.execute(select(contacts.c.originator).where(contacts.c.originator.in_(others)))).scalars()
        )
        ours |= dict.fromkeys(others - taken)
    return ours


async def end_frozen(database: Database, frozen_s: float = FROZEN_S) -> int:
    """End the sessions of ours whose process has not gone on for so long, and tell how many they were."""
    if database.is_sqlite:
        return 0
    found: int = await database.value(_END.bindparams(application=APPLICATION, frozen_s=frozen_s))
    return found


class Shares:
    """How many rows a transaction changes: more after quick ones, fewer after slow ones."""

    def __init__(self, database: Database, pragma: str | None = None) -> None:
        self.database = database
        self.rows = FIRST
        self._pragma = pragma if database.is_sqlite else None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes as many rows, with SQLite behind a pragma."""
        async with self.database.write() as connection:
            began_at = time.perf_counter()
            if self._pragma:
                await connection.exec_driver_sql(self._pragma)
            yield connection
        times = AIM_S / max(time.perf_counter() - began_at, AIM_S / 2)
        self.rows = min(max(round(self.rows * times), LEAST), MOST)
        await asyncio.sleep(SHARE_PAUSE_S)

    async def look(self, query: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """The first column of what a query gives, read without a lock."""
        async with self.database.read() as connection:
            return (await connection.execute(query)).scalars().all()

    async def ready(self, *statements: ClauseElement) -> list[Ready]:
        """The statements compiled, which takes longer than most of them do: nobody has to wait for that."""
        async with self.database.read() as connection:
            return [ready(statement, connection.dialect) for statement in statements]

    async def change(self, rows: Sequence[T], change: Callable[[AsyncConnection, Sequence[T]], Awaitable[int]]) -> int:
        """Change all of the rows, and tell how many were."""
        changed = start = 0
        while some := rows[start : start + self.rows]:
            start += len(some)
            async with self.write() as connection:
                changed += await change(connection, some)
        return changed
