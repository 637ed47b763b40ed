"""The API on a store of each kind, beside a worker that handles what comes in."""

from collections.abc import AsyncIterator

import httpx
import pytest

from responder.desk.desk import Desk
from responder.wiring import Store
from tests.conftest import StandingClock
from tests.web.api.clients import client_at
from tests.web.test_api import RULES_IN_FORCE, desk_of
from tests.worker.conftest import Work


@pytest.fixture
def desk(store: Store, clock: StandingClock) -> Desk:
    return desk_of(store, clock)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_at(desk) as client:
        yield client


@pytest.fixture
def work(store: Store, clock: StandingClock) -> Work:
    return Work(store=store, clock=clock, rules=RULES_IN_FORCE)
