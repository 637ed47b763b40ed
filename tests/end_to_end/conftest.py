"""What every test of a running service needs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.service import Service, serving
from tests.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The gateway's send API and the shop's webhook."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Service]:
    """A run of the test's own, which it may end and kill."""
    async with serving(tmp_path, receiver) as service:
        yield service
