"""A worker that is frozen while it works, for longer than its leases, and goes on when another has taken over."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.service import Service, send_steadily, serving
from tests.receiver import Receiver

TEXTS, ROUNDS, FIRST_SENT = 60, 4, 5
WORKERS = ("worker", "worker-2")

pytestmark = pytest.mark.faults


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver, shared: dict[str, str]) -> AsyncIterator[Service]:
    """One web and two workers."""
    async with serving(tmp_path, receiver, "web", *WORKERS, **shared) as service:
        yield service


async def test_what_a_frozen_worker_had_taken_is_done_once_by_the_other(service: Service, receiver: Receiver) -> None:
    """Whatever the frozen one had in its hands, a transaction included: both go on, and nothing is done twice."""
    chance = random.Random(1)
    for number in range(ROUNDS):
        frozen = WORKERS[number % 2]
        sending = asyncio.create_task(send_steadily(service, TEXTS, start=number * TEXTS))
        sent_before = len(receiver.requests)
        await receiver.wait_for(sent_before + FIRST_SENT + chance.randrange(FIRST_SENT))
        service.kill(frozen, signal.SIGSTOP)
        await sending
        await service.settled(90)  # PostgreSQL lets go of what the frozen one has locked after half a minute
        service.kill(frozen, signal.SIGCONT)
        await service.settled(60)
    service.check_once(receiver)
