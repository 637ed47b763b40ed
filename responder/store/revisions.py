"""The revision of a contact, which moves whenever something is changed that plans rest on."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.tables import contacts

TOGETHER = 500  # rows in one statement
T = TypeVar("T")


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values, some hundreds at a time."""
    return (values[start : start + TOGETHER] for start in range(0, len(values), TOGETHER))


async def move_revisions(connection: AsyncConnection, insert: Callable[..., Any], originators: Collection[str]) -> None:
    """Let whoever has planned by the old state plan anew, and have the contacts to ourselves until the commit; in one order for all."""
    statement = insert(contacts).values(revision=1)
    statement = statement.on_conflict_do_update(index_elements=["originator"], set_={"revision": contacts.c.revision + 1})
    for some in chunks(sorted(originators)):
        await connection.execute(statement, [{"originator": originator} for originator in some])
