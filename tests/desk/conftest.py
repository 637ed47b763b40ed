"""A desk on a store of each kind, beside a worker that handles what comes in."""

import pytest

from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.rulefile import read_rules
from responder.wiring import Store
from tests.conftest import StandingClock
from tests.worker.conftest import RULES, RememberingBell, Work


@pytest.fixture
def work(store: Store, clock: StandingClock) -> Work:
    return Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))


@pytest.fixture
def bell() -> RememberingBell:
    return RememberingBell()


@pytest.fixture
def desk(work: Work, bell: RememberingBell) -> Desk:
    async def rules() -> Rules:
        return work.rules

    return Desk(database=work.store.database, secret=work.store.secret, rules=rules, clock=work.clock, ring=bell.ring)
