"""A web process that is killed while it sets the status of an appointment: before its commit, or right after."""

import asyncio
import os
import signal
import sys
from dataclasses import replace

from responder.core.outbound.gateway import Job
from responder.core.rules.rules import Rules
from responder.store.base.database import Database
from tests.conftest import StandingClock, store_on
from tests.web.api.clients import client_at
from tests.web.test_api import RULES_IN_FORCE, desk_of

BEFORE, AFTER = "before", "after"


async def act(url: str, when: str) -> None:
    """Ask for the act, at a desk that is killed on its way."""
    asked = 0

    async def rules() -> Rules:
        nonlocal asked
        asked += 1
        if when == BEFORE:
            die()
        return RULES_IN_FORCE

    def ring(_job: Job) -> None:
        die()  # a desk rings once an act is committed

    database = Database(url)
    desk = replace(desk_of(await store_on(database), StandingClock(), rules), ring=ring)
    async with client_at(desk) as client:
        await client.post("/appointments/a1/status", json={"status": "confirmed"}, headers={"idempotency-key": "k1"})


def die() -> None:
    """End at once, as by a fault of the machine."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(act(*sys.argv[1:]))
