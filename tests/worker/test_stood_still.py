"""A worker that stands still between its claim and its call, as a frozen machine does, sends nothing when it goes on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from responder.core.outbound.fates import LEASE
from responder.store.outbound.abandoned import settle_abandoned
from responder.store.outbound.replies import Claims, SqlSteps
from tests.builders import inbound, reply_step
from tests.worker.conftest import Work
from tests.worker.going_out import Out, going_out


class FrozenAfterClaim(SqlSteps):
    """Steps whose claimer stands still while other things happen."""

    def __init__(self, work: Work, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(work.store.database, work.store.secret)
        self._meanwhile = meanwhile

    async def claim(self, *arguments: Any, **options: Any) -> Claims:
        claimed = await super().claim(*arguments, **options)
        if claimed:
            await self._meanwhile()
        return claimed


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        yield out


async def lease_ends(out: Out) -> None:
    out.work.clock.advance(seconds=LEASE.total_seconds() + 1)
    await settle_abandoned(out.work.store.database, out.work.clock())


async def deliver_late(out: Out, meanwhile: Callable[[], Awaitable[object]]) -> None:
    """Let a worker claim a reply, stand still meanwhile, and go on."""
    await out.queue(reply_step())
    await out.deliver(steps=FrozenAfterClaim(out.work, meanwhile))


async def test_what_a_person_sent_again_meanwhile_is_not_sent_a_second_time(out: Out) -> None:
    async def send_again() -> None:
        await lease_ends(out)
        await out.work.store.steps.retry("k-1", out.work.clock())
        await out.deliver()

    await deliver_late(out, send_again)
    out.work.clock.advance(minutes=1)
    await out.deliver()
    assert (await out.statuses(), len(out.receiver.requests)) == (["sent"], 1)


async def test_who_opted_out_meanwhile_is_not_texted(out: Out) -> None:
    async def opt_out() -> None:
        await lease_ends(out)
        await out.work.handle(inbound("STOP"))

    await deliver_late(out, opt_out)
    out.work.clock.advance(minutes=1)
    await out.deliver()
    assert [request.json()["body"][:12] for request in out.receiver.requests] == ["You will get"]


async def test_what_was_certainly_not_sent_is_sent_by_itself_once(out: Out) -> None:
    async def stand_still() -> None:
        await lease_ends(out)

    await deliver_late(out, stand_still)
    assert out.receiver.requests == []
    out.work.clock.advance(minutes=1)
    await out.deliver()
    assert (await out.statuses(), len(out.receiver.requests)) == (["sent"], 1)
