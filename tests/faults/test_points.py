"""A worker killed between claim, call and record sends no text twice and loses no call."""

import asyncio
import multiprocessing
import signal
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from responder.core.contact.effects import Awaited, StepKind
from responder.core.outbound.fates import LEASE
from responder.store.outbound.abandoned import settle_abandoned
from tests.builders import reply_step
from tests.conftest import NOON
from tests.faults.mortal import Life, Point, live
from tests.worker.conftest import Work, work
from tests.worker.going_out import Out, call_step, going_out

__all__ = ["work"]  # the fixture
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.mortal"])

REPLY_FATES = {  # how often the gateway got the text, and what became of it after the next worker had its turn
    Point.CLAIMING: (1, "sent"),
    Point.CLAIMED: (0, "uncertain"),
    Point.ANSWERED: (1, "uncertain"),
    Point.RECORDING: (1, "uncertain"),
    Point.RECORDED: (1, "sent"),
}
CALL_FATES = {
    Point.CLAIMING: (1, "delivered"),
    Point.CLAIMED: (1, "delivered"),
    Point.ANSWERED: (2, "delivered"),
    Point.RECORDING: (2, "delivered"),
    Point.RECORDED: (1, "delivered"),
}


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        yield out


async def live_and_die(out: Out, url: str, kind: StepKind, point: Point) -> None:
    """Let a worker begin, and be killed at the point."""
    worker = FORKS.Process(target=live, args=(Life(url, out.receiver.port, kind, point),))
    worker.start()
    await asyncio.to_thread(worker.join, 20)
    assert worker.exitcode == -signal.SIGKILL


async def next_worker(out: Out, kind: StepKind) -> None:
    """Let another worker take up what is left, when the lease of the dead one has ended."""
    out.work.clock.now = NOON + 2 * LEASE
    await settle_abandoned(out.work.store.database, out.work.clock.now)
    await out.deliver(kind)


@pytest.mark.parametrize("point", Point)
async def test_a_text_is_never_sent_twice(out: Out, migrated_url: str, point: Point) -> None:
    await out.queue(reply_step())
    await live_and_die(out, migrated_url, StepKind.REPLY, point)
    await next_worker(out, StepKind.REPLY)
    assert (len(out.receiver.requests), (await out.row()).status) == REPLY_FATES[point]


@pytest.mark.parametrize("point", Point)
async def test_a_webhook_call_is_never_lost_and_keeps_its_id(out: Out, migrated_url: str, point: Point) -> None:
    await out.queue(call_step())
    await live_and_die(out, migrated_url, StepKind.WEBHOOK, point)
    await next_worker(out, StepKind.WEBHOOK)
    assert (len(out.receiver.requests), (await out.row()).status) == CALL_FATES[point]
    assert {request.headers["webhook-id"] for request in out.receiver.requests} == {"k-2"}


@pytest.mark.parametrize("point", Point)
async def test_the_answer_of_a_webhook_makes_one_reply(out: Out, migrated_url: str, point: Point) -> None:
    awaited = Awaited(
        text="{{ response.messageId }}", values={}, otherwise="later", max_segments=1, languages=("en",), zone="UTC"
    )
    await out.queue(replace(call_step(), awaited=awaited))
    await live_and_die(out, migrated_url, StepKind.WEBHOOK, point)
    await next_worker(out, StepKind.WEBHOOK)
    assert [row.content for row in await out.work.rows("steps", "seq") if row.kind == StepKind.REPLY] == ["gw-1"]
    assert (len(out.receiver.requests), await out.work.rows("awaited")) == (CALL_FATES[point][0], [])


@pytest.mark.parametrize(("kind", "fate"), [(StepKind.REPLY, (1, "uncertain")), (StepKind.WEBHOOK, (2, "delivered"))])
async def test_a_worker_killed_while_it_waits_for_the_answer(
    out: Out, migrated_url: str, kind: StepKind, fate: tuple[int, str]
) -> None:
    out.receiver.hangs = True
    await out.queue(reply_step() if kind is StepKind.REPLY else call_step())
    worker = FORKS.Process(target=live, args=(Life(migrated_url, out.receiver.port, kind, Point.RECORDED),))
    worker.start()
    await out.receiver.wait_for(1)
    worker.kill()
    await asyncio.to_thread(worker.join, 20)
    out.receiver.hangs = False
    await next_worker(out, kind)
    assert (len(out.receiver.requests), (await out.row()).status) == fate
