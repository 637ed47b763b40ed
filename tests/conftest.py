"""What many tests need: a real database of each kind, a real Redis, and a clock that stands still until it is moved."""

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from responder.database_url import async_database_url
from responder.store.database import Database
from responder.store.inbox import SqlInbox
from responder.store.installation import Installation
from responder.store.migration import migrate
from responder.store.steps import SqlSteps
from responder.wiring import Store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PostgresUrl = Callable[[], Awaitable[str]]


class StandingClock:
    """Tells the time it was last set to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


async def wait_until(condition: Callable[[], bool | Awaitable[bool]], limit_s: float = 10.0, what: str = "the condition") -> None:
    """Wait for a condition, and fail when it does not come within the limit."""
    ends_at = time.monotonic() + limit_s
    while True:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < ends_at, f"{what} did not come within {limit_s} s"
        await asyncio.sleep(0.01)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an empty database, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'responder.db'}"
        return
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL")
    url, _ = async_database_url(server)
    name = f"test_{secrets.token_hex(6)}"
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"{url.rpartition('/')[0]}/{name}"
    async with engine.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await engine.dispose()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store on a database of each kind."""
    database = Database(database_url)
    await migrate(database)
    yield await store_on(database)
    await database.close()


async def store_on(database: Database) -> Store:
    """The store on a migrated database."""
    installation = Installation(database)
    secret = await installation.secret(None)
    return Store(database=database, inbox=SqlInbox(database), steps=SqlSteps(database), installation=installation, secret=secret)


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[str]:
    """The address of a real Redis for the whole run, on a socket of its own; each test brings its own queue names or flushes it."""
    folder = Path(tempfile.mkdtemp(prefix="rsp-"))
    path = folder / "redis.sock"
    from responder.embedded import find_server

    server = subprocess.Popen(
        [find_server(), "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ends_at = time.monotonic() + 5
    while not path.exists():
        assert time.monotonic() < ends_at, "redis did not start"
        time.sleep(0.01)
    yield f"unix://{path}"
    server.terminate()
    server.wait(5)
    shutil.rmtree(folder)
