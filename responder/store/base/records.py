"""Rows as records and back: a field is the column of its name, an enum its value."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from sqlalchemy import Table
from sqlalchemy.engine import Row

from responder.core.sms.message import Order

T = TypeVar("T")
Enums = tuple[tuple[str, Callable[[Any], Enum]], ...]


def from_row(kind: Callable[..., T], row: Row[Any], **others: Any) -> T:  # noqa: ANN401  (fields of any type)
    """A record from its row; ``others`` are the fields whose column is named or written otherwise."""
    columns = dict(zip(row._fields, row, strict=True))  # faster than an attribute of the row for each
    return from_columns(kind, columns, **others)


def from_columns(kind: Callable[..., T], columns: Mapping[str, Any], **others: Any) -> T:  # noqa: ANN401  (likewise)
    """A record from columns by their names."""
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
