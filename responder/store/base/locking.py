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
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Insert, Integer, TextClause, delete, literal_column, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import ResponderError
from responder.store.base.bulk import among_listed, execute_many
from responder.store.base.sqlite.in_place import kept
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
