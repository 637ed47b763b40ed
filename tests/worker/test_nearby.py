"""What follows from a worker's own work is done in it at once, and by any worker once it is told to stop."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from responder.core.outbound.gateway import Job
from responder.errors import StorageError
from responder.jobs import NearBell
from tests.conftest import wait_until
from tests.worker.conftest import RememberingBell


class Body:
    """A job that runs until it is let go, and may fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = self.ended = 0
        self.let_go = asyncio.Event()
        self._error = error

    async def __call__(self) -> None:
        self.begun += 1
        if self._error:
            raise self._error
        await self.let_go.wait()
        self.ended += 1


@pytest.fixture
def far() -> RememberingBell:
    return RememberingBell()


@pytest.fixture
async def near(far: RememberingBell) -> AsyncIterator[NearBell]:
    near = NearBell(far)
    yield near
    await near.finish(0)


async def test_a_ring_does_the_job_here_and_wakes_nobody_else(near: NearBell, far: RememberingBell) -> None:
    body = Body()
    near.open({Job.REPLIES: body})
    near.ring(Job.REPLIES)
    await wait_until(lambda: body.begun == 1)
    assert far.rings == []


async def test_a_ring_beside_a_job_that_runs_is_heard_too(near: NearBell) -> None:
    body = Body()
    near.open({Job.REPLIES: body})
    near.ring(Job.REPLIES)
    await wait_until(lambda: body.begun == 1)
    near.ring(Job.REPLIES)
    await wait_until(lambda: body.begun == 2)


async def test_a_job_that_is_not_done_here_is_for_any_worker(near: NearBell, far: RememberingBell) -> None:
    near.open({Job.REPLIES: Body()})
    near.ring(Job.HANDLE)
    assert far.rings == [Job.HANDLE]


async def test_a_worker_that_is_told_to_stop_begins_nothing_and_leaves_it_to_others(
    near: NearBell, far: RememberingBell
) -> None:
    body = Body()
    near.open({Job.REPLIES: body})
    near.close()
    near.ring(Job.REPLIES)
    assert (body.begun, far.rings) == (0, [Job.REPLIES])


async def test_the_end_waits_for_what_runs(near: NearBell) -> None:
    body = Body()
    near.open({Job.REPLIES: body})
    near.ring(Job.REPLIES)
    await wait_until(lambda: body.begun == 1)
    ending = asyncio.create_task(near.finish(60))
    await asyncio.sleep(0)
    body.let_go.set()
    await asyncio.wait_for(ending, 10)
    assert body.ended == 1


async def test_the_end_cuts_off_what_takes_too_long(near: NearBell) -> None:
    body = Body()
    near.open({Job.REPLIES: body})
    near.ring(Job.REPLIES)
    await wait_until(lambda: body.begun == 1)
    await asyncio.wait_for(near.finish(0.01), 10)
    assert body.ended == 0


@pytest.mark.parametrize(
    ("error", "told"),
    [(StorageError("the disk is full"), "database failed reason=the disk is full"), (RuntimeError("odd"), "odd")],
)
async def test_a_job_that_fails_is_told_and_harms_nobody(
    near: NearBell, caplog: pytest.LogCaptureFixture, error: Exception, told: Any
) -> None:
    near.open({Job.REPLIES: Body(error), Job.WEBHOOKS: (well := Body())})
    near.ring(Job.REPLIES)
    near.ring(Job.WEBHOOKS)
    await wait_until(lambda: well.begun == 1 and told in caplog.text)
