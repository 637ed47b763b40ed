"""Changing many rows a share at a time, so that nobody waits long for their locks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import ClauseElement, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.base.bulk import ready
from responder.store.base.database import Database
from responder.store.base.sqlite.one_trip import LOCK_RETRY_S

T = TypeVar("T")
Ready = tuple[str, tuple[Any, ...]]
"""A statement of the driver's, and its values."""
FIRST, LEAST, MOST = 100, 20, 1_000  # rows in one transaction
AIM_S = 0.025  # for each: a quarter of what anybody should wait at the most
PAUSE_S = 2 * LOCK_RETRY_S  # between two, in which whoever waits for SQLite's lock tries again


class Shares:
    """How many rows a transaction changes: more after quick ones, fewer after slow ones."""

    def __init__(self, database: Database, pragma: str | None = None) -> None:
        self.database = database
        self.rows = FIRST
        self._pragma = pragma if database.is_sqlite else None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes as many rows, with SQLite behind a pragma."""
        async with self.database.write() as connection:
            began_at = time.perf_counter()
            if self._pragma:
                await connection.exec_driver_sql(self._pragma)
            yield connection
        times = AIM_S / max(time.perf_counter() - began_at, AIM_S / 2)
        self.rows = min(max(round(self.rows * times), LEAST), MOST)
        await asyncio.sleep(PAUSE_S)

    async def look(self, query: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """The first column of what a query gives, read without a lock."""
        async with self.database.read() as connection:
            return (await connection.execute(query)).scalars().all()

    async def ready(self, *statements: ClauseElement) -> list[Ready]:
        """The statements compiled, which takes longer than most of them do: nobody has to wait for that."""
        async with self.database.read() as connection:
            return [ready(statement, connection.dialect) for statement in statements]

    async def change(self, rows: Sequence[T], change: Callable[[AsyncConnection, Sequence[T]], Awaitable[int]]) -> int:
        """Change all of the rows, and tell how many were."""
        changed = start = 0
        while some := rows[start : start + self.rows]:
            start += len(some)
            async with self.write() as connection:
                changed += await change(connection, some)
        return changed
