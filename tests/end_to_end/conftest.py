"""What every test of a running service needs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import postgres_database, postgres_server
from tests.end_to_end.service import Service, serving
from tests.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The gateway's send API and the shop's webhook."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def shared(redis_socket: str, postgres_template: str) -> AsyncIterator[dict[str, str]]:
    """The settings of processes that share a Redis and a PostgreSQL of the test's own."""
    async with postgres_database(postgres_server(), template=postgres_template) as url:
        yield {"RESPONDER_DATABASE_URL": url.replace("+asyncpg", ""), "RESPONDER_REDIS_URL": redis_socket}


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Service]:
    """A run of the test's own, which it may end and kill."""
    async with serving(tmp_path, receiver) as service:
        yield service
