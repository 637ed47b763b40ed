"""Connections to SQLite, and patience with its one write lock."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from responder.store.base.sqlite.one_trip import make_one_trip

LOCK_WAIT_S = 5.0  # how long a writer waits for SQLite's one write lock
LOCK_RETRY_S = 0.001  # SQLite's own handler sleeps up to 100 ms at a time; this keeps an answer quick


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
