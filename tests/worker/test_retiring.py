"""A worker that is told to end, though the libraries below it may not listen."""

import asyncio
from contextlib import suppress

import pytest
from arq.connections import ArqRedis
from arq.worker import Worker

from responder.core.outbound.gateway import Job
from responder.jobs import connect
from responder.worker.supervisor import Supervisor, arq_worker
from tests.conftest import wait_until


async def nothing() -> None:
    """No sweep, and no work."""


class HardOfHearing:
    """A worker's loop that survives this many cancellations, as ``wait_for`` does on Python 3.11."""

    def __init__(self, worker: Worker, swallows: int) -> None:
        self._run = worker.main
        self.swallows = swallows

    async def main(self) -> None:
        while self.swallows:
            with suppress(asyncio.CancelledError):
                await self._run()
            self.swallows -= 1
        await self._run()


@pytest.mark.parametrize("swallows", [0, 1, 3])
async def test_a_worker_ends_though_cancellations_are_swallowed(
    redis: ArqRedis, redis_socket: str, swallows: int
) -> None:
    made: list[HardOfHearing] = []

    def make() -> Worker:
        worker = arq_worker(connect(redis_socket, timeout_s=2), {Job.HANDLE: nothing}, nothing, "test")
        made.append(HardOfHearing(worker, swallows))
        worker.main = made[-1].main  # type: ignore[method-assign]
        return worker

    supervisor = Supervisor(make)
    running = asyncio.create_task(supervisor.run())
    await wait_until(lambda: supervisor.has_redis, 5, "redis")
    await wait_until(lambda: redis.exists("responder:queue:health:test"), 5, "the first round")
    supervisor.stop()
    await asyncio.wait_for(running, 5)
    assert [one.swallows for one in made] == [0]
