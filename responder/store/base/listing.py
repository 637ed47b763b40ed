"""Reading many rows in their order, a page at a time: no transaction stays open meanwhile."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Select, literal, tuple_
from sqlalchemy.engine import Row

from responder.store.base.database import Database

R = TypeVar("R")
PAGE = 1000  # rows read at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing(Generic[R]):
    """Rows in an order that tells each from every other, and what is made of one."""

    query: Select[Any]
    order: tuple[Column[Any], ...]
    read: Callable[[Row[Any]], R]


async def read_all(database: Database, listing: Listing[R], newest: int | None = None) -> AsyncIterator[R]:
    """The records, oldest first: all, or only the newest of them."""
    place = None if newest is None else await _place_before(database, listing, newest)
    while True:
        rows = await _page(database, listing, place)
        for row in rows:
            yield listing.read(row)
        if len(rows) < PAGE:
            return
        place = _place_of(rows[-1], listing)


async def _place_before(database: Database, listing: Listing[R], newest: int) -> tuple[Any, ...] | None:
    """The place just before the newest ones; None if there are no more than those."""
    query = listing.query.order_by(*(column.desc() for column in listing.order)).offset(newest).limit(1)
    async with database.read() as connection:
        row = (await connection.execute(query)).first()
    return _place_of(row, listing) if row else None


async def _page(database: Database, listing: Listing[R], place: tuple[Any, ...] | None) -> list[Row[Any]]:
    query = listing.query.order_by(*listing.order).limit(PAGE)
    if place is not None:
        values = (literal(value, column.type) for value, column in zip(place, listing.order, strict=True))
        query = query.where(tuple_(*listing.order) > tuple_(*values))
    async with database.read() as connection:
        return list((await connection.execute(query)).all())


def _place_of(row: Row[Any], listing: Listing[R]) -> tuple[Any, ...]:
    return tuple(getattr(row, column.name) for column in listing.order)
