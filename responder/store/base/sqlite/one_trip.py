"""SQLite's driver in one trip to its thread for each statement, where SQLAlchemy makes four.

A trip costs as much as a small statement, and a message that comes alone needs some fifty statements.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection as AdaptedConnection
from sqlalchemy.ext.asyncio import AsyncEngine

Rows = Sequence[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a statement gave, all of it."""

    description: Any = None
    rows: Rows = ()
    rowcount: int = -1
    lastrowid: int | None = None


class OneTripCursor:
    """A cursor of the database interface of Python (PEP 249) that asks once."""

    arraysize = 1

    def __init__(self, connection: "OneTripConnection") -> None:
        self._connection = connection
        self._answer = Answer()
        self._left: deque[Any] = deque()

    def execute(self, statement: str, values: Any = ()) -> None:  # noqa: ANN401  (a tuple or a mapping)
        """Carry out a statement, and fetch its rows."""
        self._ask(lambda cursor: cursor.execute(statement, values))

    def executemany(self, statement: str, rows: Sequence[Any]) -> None:
        """Carry out a statement with each of these rows."""
        self._ask(lambda cursor: cursor.executemany(statement, rows))

    def _ask(self, question: Callable[[sqlite3.Cursor], object]) -> None:
        try:
            if self._connection.stays_here:
                self._answer = _answer(self._connection.here, question)
            else:
                self._answer = self._connection.run_async(
                    lambda driver: driver._execute(_answer, driver._conn, question)  # noqa: SLF001  (to its thread)
                )
        except Exception as error:  # noqa: BLE001  (SQLAlchemy's own translation raises all)
            self._connection._handle_exception(error)  # noqa: SLF001
        self._left = deque(self._answer.rows)

    @property
    def description(self) -> Any:  # noqa: ANN401  (the driver's own)
        """The columns of the rows; None if the statement gives none."""
        return self._answer.description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._answer.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The number of the row that was inserted last."""
        return self._answer.lastrowid

    def fetchone(self) -> Any:  # noqa: ANN401  (a row, or None)
        """The next row; None if there is none left."""
        return self._left.popleft() if self._left else None

    def fetchmany(self, size: int | None = None) -> Rows:
        """The next rows."""
        return [self._left.popleft() for _ in range(min(size or self.arraysize, len(self._left)))]

    def fetchall(self) -> Rows:
        """All the rows that are left."""
        rows, self._left = list(self._left), deque()
        return rows

    def __iter__(self) -> Iterator[Any]:
        while self._left:
            yield self._left.popleft()

    def close(self) -> None:
        """Nothing is open."""
        self._left.clear()

    async def _async_soft_close(self) -> None:
        """Nothing is open: SQLAlchemy asks for this when it hands rows out of its greenlet."""


class OneTripConnection(AdaptedConnection):
    """SQLAlchemy's connection, with our cursor but for rows that are streamed."""

    __slots__ = ("stays_here",)

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401  (SQLAlchemy's own)
        super().__init__(*arguments)
        self.stays_here = False
        """Whether the statements of this transaction make no trip at all; its commit does."""

    @property
    def here(self) -> sqlite3.Connection:
        """The connection itself, which may be used in any thread, by one at a time."""
        return self._connection._conn  # type: ignore[no-any-return]  # noqa: SLF001

    def commit(self) -> None:
        """Commit in the driver's thread, since that waits for the disk."""
        self.stays_here = False
        super().commit()

    def rollback(self) -> None:
        """Roll back where the statements were carried out."""
        if not self.stays_here:
            super().rollback()
            return
        self.stays_here = False
        try:
            self.here.rollback()
        except Exception as error:  # noqa: BLE001  (likewise)
            self._handle_exception(error)

    def cursor(self, server_side: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  (SQLAlchemy's own)
        """A new cursor."""
        return super().cursor(server_side=True) if server_side else OneTripCursor(self)


def make_one_trip(engine: AsyncEngine) -> None:
    """Let the connections of an engine for SQLite ask in one trip."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def _connect(dialect: Any, _record: object, arguments: Any, named: Any) -> OneTripConnection:  # noqa: ANN401
        connection = dialect.connect(*arguments, **named)
        return OneTripConnection(dialect.dbapi, connection.driver_connection)


def _answer(connection: sqlite3.Connection, question: Callable[[sqlite3.Cursor], object]) -> Answer:
    """Ask in the driver's thread."""
    cursor = connection.cursor()
    try:
        question(cursor)
        rows = cursor.fetchall() if cursor.description else ()
        return Answer(description=cursor.description, rows=rows, rowcount=cursor.rowcount, lastrowid=cursor.lastrowid)
    finally:
        cursor.close()
