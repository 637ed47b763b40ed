"""Small transactions of SQLite whose statements are carried out where they are asked for, without a trip to a thread.

Such a trip costs several times what a statement does that finds its few rows by an index. So does SQLAlchemy's way to
the driver, which statements that are ``kept`` do without: they are compiled once. The commit goes to the thread, since
it waits for the disk, and so does all that follows once there is ``much`` to do.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.base.sqlite.one_trip import OneTripConnection

SMALL = 50  # rows, up to which a transaction holds up nothing else for long
OPTION = "kept"  # of a statement that is always the same object
S = TypeVar("S")
Converters = tuple[tuple[int, Callable[[Any], Any]], ...]


def kept(statement: S) -> S:
    """A statement that stays, with all that changes in named parameters."""
    marked: S = statement.execution_options(**{OPTION: True})  # type: ignore[attr-defined]  # as every statement has
    return marked


class Fetched(list[Any]):
    """What a statement gave, as a result of SQLAlchemy's gives it."""

    rowcount = -1

    def all(self) -> Self:
        return self

    def first(self) -> Any:  # noqa: ANN401  (a row, or None)
        """The first row; None if there is none."""
        return self[0] if self else None

    def scalars(self) -> "Fetched":
        return Fetched(row[0] for row in self)

    def scalar_one(self) -> Any:  # noqa: ANN401  (a value)
        """The value of the only row. Raises NoResultFound."""
        if len(self) != 1:
            raise NoResultFound(f"{len(self)} rows, where there is one")
        return self[0][0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A compiled statement: its parameters in their order, and what makes rows of the driver's."""

    statement: str
    constants: Mapping[str, Any]
    parameters: Sequence[tuple[str, Callable[[Any], Any] | None]]
    row: Callable[[Iterable[Any]], Any] | None
    converters: Converters

    def run(self, connection: sqlite3.Connection, values: Mapping[str, Any]) -> Fetched:
        given = {**self.constants, **values}
        written = [write(given[name]) if write else given[name] for name, write in self.parameters]
        cursor = connection.execute(self.statement, written)
        rows = Fetched(self._rows(cursor.fetchall()) if self.row else ())
        rows.rowcount = cursor.rowcount
        return rows

    def _rows(self, fetched: Sequence[Any]) -> Iterable[Any]:
        for values in map(list, fetched) if self.converters else fetched:
            for at, convert in self.converters:
                values[at] = convert(values[at])
            yield self.row(values)  # type: ignore[misc]  # there is one where there are rows


@lru_cache(maxsize=200)
def _ready(statement: Any, dialect: Dialect) -> Ready:  # noqa: ANN401  (any statement)
    compiled = statement.compile(dialect=dialect)
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    columns = compiled._result_columns  # noqa: SLF001  (what SQLAlchemy's own results are read by)
    processors = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    make: Any = namedtuple  # noqa: PYI024  (whose fields are the columns of this statement)
    return Ready(
        statement=str(compiled),
        constants={name: bind.value for name, bind in binds.items() if not bind.required},
        parameters=[
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in compiled.positiontup
        ],
        row=make("Row", [column.keyname for column in columns])._make if columns else None,
        converters=tuple((at, convert) for at, convert in enumerate(processors) if convert),
    )


class InPlace(AsyncConnection):
    """A connection that may ``stay``, and not let go of the event loop between statements, for a small transaction."""

    __slots__ = ("_raw",)
    _raw: Any
    """Our connection of ``one_trip``."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection.engine, connection.sync_connection)
        self._raw = _raw(connection.sync_connection)

    async def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:  # noqa: ANN401
        """Carry out a statement now, unless there turned out to be much to do."""
        raw = self._raw
        if not raw.stays_here:
            return await super().execute(statement, parameters, **options)
        if OPTION in statement.get_execution_options() and not isinstance(parameters, list):
            return _ready(statement, self._sync.dialect).run(raw.here, parameters or {})
        return self._sync.execute(statement, parameters, **options)

    async def exec_driver_sql(self, statement: str, parameters: Any = None, *options: Any) -> Any:  # noqa: ANN401
        """Carry out a statement of the driver's, likewise."""
        if not self.is_here:
            return await super().exec_driver_sql(statement, parameters, *options)
        cursor = self._raw.here.execute(statement, parameters or ())
        return Fetched(cursor.fetchall() if cursor.description else ())

    def run_now(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Carry out a statement of the driver's, which gives nothing, once with each of these values."""
        if len(rows) == 1:
            self._raw.here.execute(statement, rows[0])
        else:
            self._raw.here.executemany(statement, rows)

    async def commit(self) -> None:
        raw = self._raw
        raw.stays_here = False
        await (super().commit() if self._sync.in_transaction() else self.driver.commit())

    async def rollback(self) -> None:
        """Roll back, which waits for nothing."""
        if self._sync.in_transaction():
            await super().rollback()
        elif self.is_here:
            self._raw.rollback()
        else:
            await self.driver.rollback()

    def stay(self) -> None:
        """Carry out statements without a trip, until the end of this transaction."""
        self._raw.stays_here = True

    @property
    def driver(self) -> Any:  # noqa: ANN401  (aiosqlite's)
        """The driver's connection, to go straight to."""
        return self._raw.driver_connection

    @property
    def is_here(self) -> bool:
        """Whether statements are still carried out without a trip."""
        return bool(self._raw.stays_here)

    @property
    def _sync(self) -> Connection:
        return self.sync_connection  # type: ignore[return-value]  # it is open


def ask(connection: Connection, statement: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Carry out a statement that is kept, without ``await``."""
    raw = _raw(connection)
    if isinstance(raw, OneTripConnection) and raw.stays_here:
        return _ready(statement, connection.dialect).run(raw.here, values)
    return connection.execute(statement, values)


def expect(connection: AsyncConnection | Connection, rows: int) -> None:
    """Say how much a transaction is about once that is known: with more than a few rows it goes to its thread."""
    if rows > SMALL:
        raw = _raw(connection.sync_connection if isinstance(connection, AsyncConnection) else connection)
        if isinstance(raw, OneTripConnection):
            raw.stays_here = False


def _raw(connection: Connection | None) -> Any:  # noqa: ANN401  (SQLAlchemy's or ours)
    return connection.connection.dbapi_connection if connection else None
