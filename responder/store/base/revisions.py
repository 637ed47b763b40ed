"""The revision of a contact, which moves whenever something is changed that plans rest on."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, Insert, delete, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.base.bulk import among_listed, execute_many
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import contacts

TOGETHER = 500  # rows in one statement
OF_CONSENT: list[Column[Any]] = [
    contacts.c.originator, contacts.c.opted_out, contacts.c.consent_at, contacts.c.consent_seq,
    contacts.c.stopped_at, contacts.c.stop_order_at, contacts.c.stop_order_seq,
]  # fmt: skip
_THEIRS = kept(select(*OF_CONSENT).where(among_listed(contacts.c.originator, "originators")))
_THEIRS_LOCKED = _THEIRS.with_for_update(skip_locked=True)
T = TypeVar("T")


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
