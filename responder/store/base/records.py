"""Rows as records and back, where a field is the column of its name; and lists of records, read in pages."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from sqlalchemy import Column, ColumnElement, Select, Table, false, func, literal, select, tuple_
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.sms.message import Order
from responder.store.base.database import Database

T = TypeVar("T")
Enums = tuple[tuple[str, Callable[[Any], Enum]], ...]
R = TypeVar("R")
PAGE = 1000  # rows read at a time
STRIDE = 20_000  # rows that one search looks at
Place = tuple[Any, ...]
HEX = frozenset("0123456789abcdef")
AFTER_HEX = "g"  # sorts after every key with the same beginning


def from_row(kind: Callable[..., T], row: Row[Any], **others: Any) -> T:  # noqa: ANN401  (fields of any type)
    """A record from its row; ``others`` are the fields whose column is named or written otherwise."""
    columns = dict(zip(row._fields, row, strict=True))  # faster than an attribute of the row for each
    return from_columns(kind, columns, **others)


def from_columns(kind: Callable[..., T], columns: Mapping[str, Any], **others: Any) -> T:  # noqa: ANN401  (likewise)
    names, enums = _columns(kind, tuple(others))
    values = {name: columns[name] for name in names}
    for name, enum in enums:
        if values[name] is not None:
            values[name] = enum(values[name])
    return kind(**values, **others)


@cache
def _columns(kind: Any, others: tuple[str, ...]) -> tuple[tuple[str, ...], Enums]:  # noqa: ANN401  (a dataclass)
    names = tuple(field.name for field in fields(kind) if field.name not in others)
    types = get_type_hints(kind)
    enums = ((name, enum) for name in names for enum in (types[name], *get_args(types[name])))
    return names, tuple((name, enum) for name, enum in enums if isinstance(enum, type) and issubclass(enum, Enum))


def as_row(record: object, table: Table, **others: Any) -> dict[str, Any]:  # noqa: ANN401  (column values)
    """A record as a row: the fields that are columns of the table, and the ``others``."""
    kind: Any = type(record)
    return {name: getattr(record, name) for name in _kept(kind, table)} | others


@cache
def _kept(kind: Any, table: Table) -> tuple[str, ...]:  # noqa: ANN401  (a dataclass)
    return tuple(field.name for field in fields(kind) if field.name in table.c)


def order_of(at: datetime | None, seq: int | None) -> Order | None:
    """The place of a text among all, from the two columns that keep it."""
    return Order(at, seq or 0) if at else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing(Generic[R]):
    """Rows in an order that tells each from every other, and what is made of one.

    ``name`` is the column by which others name a row. ``dated_by`` is there where no index has what the query asks for:
    a page then looks at so many rows only, and tells by this column how far it looked.
    """

    query: Select[Any]
    order: tuple[Column[Any], ...]
    read: Callable[[Row[Any]], R]
    name: Column[Any] | None = None
    dated_by: Column[Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part(Generic[R]):
    """Some records of a listing; ``end`` is the place after which the next ones come, None where there are none.

    ``looked_until`` tells how far a search looked that ended before it had enough.
    """

    records: tuple[R, ...]
    end: Place | None = None
    looked_until: datetime | None = None


async def read_all(database: Database, listing: Listing[R], newest: int | None = None) -> AsyncIterator[R]:
    """The records, oldest first: all, or only the newest of them."""
    place = None if newest is None else await _place_before(database, listing, newest)
    while True:
        rows = await _rows(database, listing, place, PAGE)
        for row in rows:
            yield listing.read(row)
        if len(rows) < PAGE:
            return
        place = _place_of(rows[-1], listing)


async def count_all(database: Database, listing: Listing[R]) -> int:
    query = select(func.count()).select_from(listing.query.with_only_columns(*listing.order).subquery())
    return int(await database.value(query))


async def read_part(
    database: Database, listing: Listing[R], after: Place | None, limit: int, *, newest_first: bool = False
) -> Part[R]:
    """So many records after a place, in the order of the listing or against it."""
    edge = await _edge(database, listing, after, newest_first=newest_first)
    rows = await _rows(database, listing, after, limit + 1, newest_first=newest_first, until=edge and edge[0])
    records = tuple(listing.read(row) for row in rows[:limit])
    if len(rows) > limit:
        return Part(records=records, end=_place_of(rows[limit - 1], listing))
    return Part(records=records, end=edge[0], looked_until=edge[1]) if edge else Part(records=records)


async def find_place(database: Database, listing: Listing[R], name: str | int) -> Place | None:
    if listing.name is None:
        return None
    query = select(*listing.order).where(listing.name == name)
    row = await database.row(query)
    return tuple(row) if row else None


async def find_name(database: Database, listing: Listing[R], place: Place) -> str | None:
    if listing.name is None:
        return None
    async with database.read() as connection:
        query = select(listing.name).where(_at(listing, place))
        return str((await connection.execute(query)).scalar_one())


async def _place_before(database: Database, listing: Listing[R], newest: int) -> Place | None:
    """The place just before the newest ones; None if there are no more than those."""
    query = listing.query.order_by(*(column.desc() for column in listing.order))
    async with database.read() as connection:
        return await _place_at(connection, listing, query, newest)


async def _place_at(connection: AsyncConnection, listing: Listing[R], query: Select[Any], number: int) -> Place | None:
    """The place of one row of many, counted from 0; nothing but their order is read of those before it."""
    row = (await connection.execute(query.with_only_columns(*listing.order).offset(number).limit(1))).first()
    return tuple(row) if row else None


async def _edge(
    database: Database, listing: Listing[R], after: Place | None, *, newest_first: bool
) -> tuple[Place, datetime] | None:
    """The last row that a search looks at, by its place and time; None if it comes to the end before."""
    if listing.dated_by is None:
        return None
    query = select(*listing.order, listing.dated_by.label("dated_by"))
    query = query.order_by(*(column.desc() if newest_first else column for column in listing.order))
    if after is not None:
        query = query.where(_beyond(listing, after, newest_first=newest_first))
    row = await database.row(query.offset(STRIDE).limit(1))
    return (tuple(row)[:-1], row.dated_by) if row else None


async def _rows(
    database: Database,
    listing: Listing[R],
    place: Place | None,
    limit: int,
    *,
    newest_first: bool = False,
    until: Place | None = None,
) -> list[Row[Any]]:
    query = listing.query.order_by(*(column.desc() if newest_first else column for column in listing.order))
    if place is not None:
        query = query.where(_beyond(listing, place, newest_first=newest_first))
    if until is not None:
        query = query.where(_up_to(listing, until, newest_first=newest_first))
    async with database.read() as connection:
        if len(listing.order) > 1:  # these are sorted, and what is shown of a row is found for those of this page alone
            last = await _place_at(connection, listing, query, limit - 1)
            query = query if last is None else query.where(_up_to(listing, last, newest_first=newest_first))
        return list((await connection.execute(query.limit(limit))).all())


def _beyond(listing: Listing[R], place: Place, *, newest_first: bool) -> Any:  # noqa: ANN401  (a column expression)
    here, there = tuple_(*listing.order), tuple_(*_values(listing, place))
    return here < there if newest_first else here > there


def _up_to(listing: Listing[R], place: Place, *, newest_first: bool) -> Any:  # noqa: ANN401  (likewise)
    here, there = tuple_(*listing.order), tuple_(*_values(listing, place))
    return here >= there if newest_first else here <= there


def _at(listing: Listing[R], place: Place) -> Any:  # noqa: ANN401  (likewise)
    return tuple_(*listing.order) == tuple_(*_values(listing, place))


def _values(listing: Listing[R], place: Place) -> list[Any]:
    return [literal(value, column.type) for value, column in zip(place, listing.order, strict=True)]


def _place_of(row: Row[Any], listing: Listing[R]) -> Place:
    return tuple(getattr(row, column.name) for column in listing.order)


def begins_so(key: Column[str], beginning: str) -> ColumnElement[bool]:
    """Whether a key begins so, in whichever case: its index tells. No key begins with what is no hexadecimal digit."""
    typed = beginning.lower()
    return (key >= typed) & (key < typed + AFTER_HEX) if typed and HEX.issuperset(typed) else false()


def narrowed(query: Select[Any], *asked: tuple[Column[Any], Any]) -> Select[Any]:
    """The query of those whose columns have these values; a column without one may have any."""
    return query.where(*(column == value for column, value in asked if value is not None))


def between(query: Select[Any], at: Column[Any], begin: datetime | None, end: datetime | None) -> Select[Any]:
    """The query of those whose time is not before the one moment and before the other, as far as they are given."""
    query = query if begin is None else query.where(at >= begin)
    return query if end is None else query.where(at < end)
