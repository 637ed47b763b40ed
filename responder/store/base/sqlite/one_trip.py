"""SQLite's driver in one trip to its thread for each statement, where SQLAlchemy makes four.

A trip costs as much as a small statement, and a message that comes alone needs some fifty statements.
"""

import asyncio
import random
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection as AdaptedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Rows = Sequence[Any]
LOCK_WAIT_S = 5.0  # how long a writer waits for SQLite's one write lock
LOCK_RETRY_S = 0.001  # SQLite's own handler sleeps up to 100 ms at a time; this keeps an answer quick


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
        return self._answer.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The number of the row that was inserted last."""
        return self._answer.lastrowid

    def fetchone(self) -> Any:  # noqa: ANN401  (a row, or None)
        """The next row; None if there is none left."""
        return self._left.popleft() if self._left else None

    def fetchmany(self, size: int | None = None) -> Rows:
        return [self._left.popleft() for _ in range(min(size or self.arraysize, len(self._left)))]

    def fetchall(self) -> Rows:
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


def sqlite_engine(url: str, *, connections: int, busy_timeout_ms: int) -> AsyncEngine:
    """Connections to a file, in autocommit: we say BEGIN ourselves."""
    arguments = {"isolation_level": None, "timeout": busy_timeout_ms / 1000}
    engine = create_async_engine(url, connect_args=arguments, pool_size=connections, max_overflow=0)
    make_one_trip(engine)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  (the driver's own)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(LOCK_WAIT_S * 1000)}")
        _make_wal(cursor)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={busy_timeout_ms}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _make_wal(cursor: Any) -> None:  # noqa: ANN401  (the driver's own)
    """Switch to WAL mode. Of two processes that do so at once, one gets an error, so we retry."""
    give_up_at = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
        else:
            return


async def patiently(attempt: Callable[[], Awaitable[object]], wait_s: float) -> None:
    """Do what needs SQLite's write lock, again and again while another process has it."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait_s
    while True:
        try:
            await attempt()
        except (DBAPIError, sqlite3.OperationalError) as error:
            if "database is locked" not in str(error) or loop.time() > give_up_at:
                raise
            await asyncio.sleep(LOCK_RETRY_S * (0.5 + random.random()))  # noqa: S311  (spreads waiters, no secret)
        else:
            return
