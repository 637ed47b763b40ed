"""What many tests need: a real database of each kind, a real Redis, and a clock that stands still until it is moved."""

import asyncio
import gc
import logging
import os
import resource
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Compiled, Connection, Dialect, Engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from responder.logs import OFF, QUIET
from responder.settings.urls import async_database_url
from responder.store.base.database import Database
from responder.store.base.migration import migrate
from responder.store.consent.installation import Installation
from responder.store.inbox.inbox import SqlInbox
from responder.store.outbound.replies import SqlSteps
from responder.store.outbound.reports import SqlReports
from responder.wiring import Store
from tests.lock_order import watched

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def pytest_configure() -> None:
    """Collecting the tests makes many objects and hardly any garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was imported and collected stays, so no test waits while it is looked through for garbage."""
    gc.freeze()
    gc.enable()


COMPILED: dict[tuple[type, str | None], tuple[Dialect, MutableMapping[Any, Compiled] | None]] = {}


@event.listens_for(Engine, "engine_connect")
def _compile_each_statement_once(connection: Connection) -> None:
    """A test's database uses the statements that an earlier one compiled, as a process does that runs for long."""
    engine, isolation = connection.engine, connection.dialect._on_connect_isolation_level
    kept = COMPILED.setdefault((type(engine.dialect), isolation), (engine.dialect, engine._compiled_cache))
    engine.dialect, engine._compiled_cache = kept
    connection.dialect = engine.dialect


class StandingClock:
    """Tells the time it was last set to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Whatever sets logs up, such as a command that serves, leaves none of it to the next test."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ("", *QUIET, *OFF)}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(autouse=True)
def locks_are_in_order() -> Iterator[None]:
    """Whatever a test does, no transaction of it locks out of order (``responder.store.base.locking``)."""
    with watched() as faults:
        yield
    assert faults == []


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


async def wait_until(
    condition: Callable[[], bool | Awaitable[bool]], limit_s: float = 10.0, what: str = "the condition"
) -> None:
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


@contextmanager
def no_more_on_disk(written: int = 4096) -> Iterator[None]:
    """No file may grow beyond so many bytes, which every write to it tells like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an empty database, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    async with postgres_database(postgres_server()) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database of each kind, at the version that the program needs."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "responder.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'responder.db'}"
        return
    async with postgres_database(postgres_server(), template=request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy, since migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    run_apart(_migrate_at(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy."""
    server, name = postgres_server(), f"template_{secrets.token_hex(6)}"
    run_apart(_administer(server, f"CREATE DATABASE {name}"))
    run_apart(_migrate_at(f"{server.rpartition('/')[0]}/{name}"))
    yield name
    run_apart(_administer(server, f"DROP DATABASE {name} WITH (FORCE)"))


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run something in a loop of its own, whether or not one runs here."""
    thread = threading.Thread(target=asyncio.run, args=(work,))
    thread.start()
    thread.join()


async def _migrate_at(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.close()


def postgres_server() -> str:
    """The address of the PostgreSQL that tests may use; the test is skipped where there is none."""
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL")
    return async_database_url(server)[0]


@asynccontextmanager
async def postgres_database(server: str, template: str = "template1") -> AsyncIterator[str]:
    """A database of its own, gone afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    await _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        await _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _administer(server: str, statement: str) -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[Store]:
    """An open store on a database of each kind."""
    database = Database(migrated_url)
    yield await store_on(database)
    await database.close()


async def store_on(database: Database) -> Store:
    """The store on a migrated database."""
    installation = Installation(database)
    secret = await installation.secret(None)
    return Store(
        database=database,
        inbox=SqlInbox(database),
        steps=SqlSteps(database, secret),
        reports=SqlReports(database),
        installation=installation,
        secret=secret,
    )


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[str]:
    """The address of a real Redis for the whole run, on a socket of its own; each test brings its own queue names or flushes it."""
    folder = Path(tempfile.mkdtemp(prefix="rsp-"))
    path = folder / "redis.sock"
    from responder.processes.redis import find_server

    server = subprocess.Popen(
        [find_server(), "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ends_at = time.monotonic() + 5
    while not path.exists():
        assert time.monotonic() < ends_at, "redis did not start"
        time.sleep(0.01)
    yield f"unix://{path}"
    server.terminate()
    server.wait(5)
    shutil.rmtree(folder)
