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
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Integer, TextClause, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import ResponderError

T = TypeVar("T")
Condition = ColumnElement[bool] | TextClause
Check = Callable[[AsyncConnection], Awaitable[None]]
"""Looks at what an act is about, once it is locked; raises where it does not stand as whoever acts believes."""


async def unchecked(_connection: AsyncConnection) -> None:
    """Act whatever stands there."""


def looked_at(read: Callable[[AsyncConnection], Awaitable[T]], look: Callable[[T], None]) -> Check:
    """A check that looks at what it reads."""

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
