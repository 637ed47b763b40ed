"""Connections and transactions, alike on SQLite and PostgreSQL."""

import asyncio
import sqlite3
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from typing import Any, Self

from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Row
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from responder.errors import DeadlockError, StorageError
from responder.store.base.events import begin_noting, put_noted
from responder.store.base.sqlite import in_place, one_trip
from responder.store.base.sqlite.in_place import InPlace
from responder.store.base.sqlite.one_trip import LOCK_WAIT_S, patiently, sqlite_engine

READERS = 4
STATEMENT_TIMEOUT_S = 10.0
APPLICATION = "responder"  # as PostgreSQL shows our sessions
FROZEN_S = 30  # others wait for the locks of a process that is frozen
SESSION = {"application_name": APPLICATION, "idle_in_transaction_session_timeout": f"{FROZEN_S}s"}
DEADLOCK = "40P01"  # PostgreSQL, appendix A
DRIVERS = frozenset({"aiosqlite", "asyncpg", "sqlalchemy", "uvloop"})
OF_DRIVERS = frozenset({in_place.__name__, one_trip.__name__})  # modules of ours that ask a driver
Work = Callable[[AsyncConnection], Awaitable[None]]


class Database:
    """The database of an installation; ``arguments`` are handed to the driver."""

    def __init__(self, url: str, arguments: Mapping[str, Any] | None = None, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.insert: Callable[..., Any] = sqlite_insert if self.is_sqlite else postgresql_insert
        """The dialect's own INSERT, which knows what to do on a conflict."""
        self._url, self._arguments, self._lock_wait_s = url, dict(arguments or {}), lock_wait_s
        self._turn = asyncio.Lock()
        self._kept: list[InPlace] = []  # SQLite's one writer while nobody writes
        self._kept_reader: list[InPlace] = []  # and one for small reads
        self._also: Work | None = None
        if self.is_sqlite:
            self._writer = sqlite_engine(url, connections=1, busy_timeout_ms=0)
            self._reader = sqlite_engine(url, connections=READERS, busy_timeout_ms=int(lock_wait_s * 1000))
        else:
            self._writer = self._reader = _postgresql_engine(url, self._arguments)

    def that_also(self, work: Work) -> Self:
        """The same database, whose next transaction that commits also does this, as its last."""
        twin = copy(self)
        twin._also = work  # noqa: SLF001  (of its own class)
        return twin

    @asynccontextmanager
    async def write(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that may change things, committed at the end; SQLite gives it the write lock at once."""
        with storage_errors():
            if self.is_sqlite:
                async with self._turn, self._keeping(self._kept, self._writer) as connection:
                    if is_small:
                        connection.stay()
                    await patiently(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE"), self._lock_wait_s)
                    begin_noting(connection)
                    yield connection
                    await self._finish(connection)
                    await connection.commit()
            else:
                async with self._writer.begin() as connection:
                    begin_noting(connection)
                    yield connection
                    await self._finish(connection)
        self._also = None

    async def _finish(self, connection: AsyncConnection) -> None:
        if self._also:
            await self._also(connection)
        await put_noted(connection)

    async def write_at_once(self, statement: str, values: Sequence[Any]) -> None:
        """Commit a single statement of SQLite, which is a transaction by itself.

        It goes straight to the driver: one trip to its thread, where SQLAlchemy makes three.
        """
        with storage_errors():
            async with self._turn, self._keeping(self._kept, self._writer) as connection:
                await patiently(lambda: connection.driver.execute_fetchall(statement, values), self._lock_wait_s)

    @asynccontextmanager
    async def _keeping(self, kept: list[InPlace], engine: AsyncEngine) -> AsyncIterator[InPlace]:
        """A connection that stays open, since opening it costs as much as a commit; at most one is kept."""
        connection = kept.pop() if kept else InPlace(await engine.connect())
        try:
            yield connection
        except BaseException as error:
            try:
                await _give_up_unsound(connection, error)
            finally:
                await asyncio.shield(connection.close())  # which rolls back
            raise
        if kept:
            await connection.close()
        else:
            kept.append(connection)

    @asynccontextmanager
    async def read(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, and sees one state of the database."""
        with storage_errors():
            if self.is_sqlite and is_small:
                async with self._keeping(self._kept_reader, self._reader) as here:
                    here.stay()
                    await here.exec_driver_sql("BEGIN")
                    yield here
                    await here.rollback()
                return
            async with self._reader.connect() as connection, _sound(connection):
                if self.is_sqlite:
                    await connection.exec_driver_sql("BEGIN")
                else:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection

    async def rows(self, query: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
        """What one query finds, in a transaction of its own."""
        async with self.read() as connection:
            return (await connection.execute(query)).all()

    async def row(self, query: Executable) -> Row[*tuple[Any, ...]] | None:
        async with self.read() as connection:
            return (await connection.execute(query)).first()

    async def value(self, query: Executable) -> Any:  # noqa: ANN401  (of the one column that is asked for)
        """The only value that a query finds; None if there is none."""
        async with self.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    @asynccontextmanager
    async def patient(self) -> AsyncIterator[Self]:
        """The same database for work that may take long, no statement of which is given up."""
        if self.is_sqlite:
            yield self
            return
        database = type(self)(self._url, self._arguments | {"command_timeout": None})
        try:
            yield database
        finally:
            await database.close()

    async def turn(self, connection: AsyncConnection, lock: int) -> None:
        """Wait until nobody else has this turn, and keep it until the commit. On SQLite whoever writes has them all."""
        if not self.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})

    async def checkpoint(self) -> None:
        """Bring SQLite's log into its file and empty it, so that nothing deleted stays in it."""
        with storage_errors():
            async with self._reader.connect() as connection:  # most of it, while others write
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
            async with self._turn, self._keeping(self._kept, self._writer) as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def copy_into(self, file: str) -> None:
        """Write one state of an SQLite database into a new file, while others read and write on."""
        with storage_errors():
            async with self._reader.connect() as connection:
                await connection.exec_driver_sql("VACUUM INTO ?", (file,))

    async def close(self) -> None:
        for kept in (self._kept, self._kept_reader):
            while kept:
                await kept.pop().close()
        await self._writer.dispose()
        await self._reader.dispose()


@asynccontextmanager
async def _sound(connection: AsyncConnection) -> AsyncIterator[None]:
    """Discard a connection that fails in a way SQLAlchemy does not know: the pool would reuse it."""
    try:
        yield
    except Exception as error:
        await _give_up_unsound(connection, error)
        raise


async def _give_up_unsound(connection: AsyncConnection, error: BaseException) -> None:
    is_unknown = isinstance(error, Exception) and not isinstance(error, SQLAlchemyError | sqlite3.Error)
    if is_unknown and _is_of_a_driver(error):
        await connection.invalidate()


def _postgresql_engine(url: str, arguments: dict[str, Any]) -> AsyncEngine:
    limits: dict[str, Any] = {"timeout": LOCK_WAIT_S, "command_timeout": STATEMENT_TIMEOUT_S}
    if "statement_cache_size" not in arguments:  # a pooler refuses settings that it does not know
        limits["server_settings"] = SESSION
    return create_async_engine(
        url, connect_args=limits | arguments, pool_size=5, max_overflow=5, pool_pre_ping=True, pool_timeout=LOCK_WAIT_S
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the database and its drivers raise into our exceptions, without the values that they show."""
    try:
        yield
    except DBAPIError as error:
        sqlstate = str(getattr(error.orig, "sqlstate", None) or "")  # class 22: data exception (PostgreSQL, appendix A)
        if sqlstate == DEADLOCK:
            raise DeadlockError(f"{type(error.orig).__name__}: deadlock detected") from None
        is_refused = isinstance(error, DataError | IntegrityError) or isinstance(error.orig, OverflowError | ValueError)
        is_in_the_data = is_refused or sqlstate.startswith("22")
        raise _storage_error(error.orig or error, is_in_the_data=is_in_the_data) from None
    except StatementError as error:  # a value that cannot be written for the driver
        raise _storage_error(error, is_in_the_data=True) from None
    except sqlite3.Error as error:
        raise _storage_error(
            error, is_in_the_data=isinstance(error, sqlite3.DataError | sqlite3.IntegrityError)
        ) from None
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise _storage_error(error) from None
    except Exception as error:
        if not _is_of_a_driver(error):
            raise
        raise _storage_error(error, is_in_the_data=isinstance(error, UnicodeError | OverflowError)) from None


def _is_of_a_driver(error: BaseException) -> bool:
    """Whether a driver raised it, not our code: a closed connection is a ValueError of aiosqlite."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    raised_in: str = frames[-1].f_globals.get("__name__", "")
    return raised_in in OF_DRIVERS or raised_in.partition(".")[0] in DRIVERS


def _storage_error(cause: BaseException, *, is_in_the_data: bool = False) -> StorageError:
    first_line = str(cause).partition("\n")[0]
    reason = first_line.partition(":")[0] if is_in_the_data else first_line  # the values follow
    return StorageError(f"{type(cause).__name__}: {reason}"[:300], is_in_the_data=is_in_the_data)
