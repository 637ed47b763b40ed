"""Limits by day and by second; and in shadow nothing goes out at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from responder.core.contact.effects import Purpose, Step, StepKind
from responder.core.outbound.leaving import SHADOWED
from responder.core.rules.limits import Limits
from responder.store.outbound.holds import SPENT, spent_on
from tests.builders import inbound, reply_step
from tests.conftest import NOON
from tests.worker.conftest import Work
from tests.worker.going_out import Out, call_step, going_out


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        yield out


class Slow:
    """Lets so many texts go each time that it is asked, and none every other time."""

    def __init__(self, each: int) -> None:
        self.each = each
        self.asked = 0

    async def take(self, wanted: int) -> int:
        self.asked += 1
        return min(self.each, wanted) if self.asked % 2 else 0


def replies(count: int, start: int = 0) -> list[Step]:
    return [reply_step(f"r{number}-1", f"+39330000{number:04}") for number in range(start, start + count)]


def allow(out: Out, texts: int) -> None:
    out.rules = replace(out.rules, limits=Limits(all_per_day=texts))


async def test_no_more_texts_go_out_in_a_day_than_allowed(out: Out) -> None:
    allow(out, 3)
    await out.queue(*replies(5))
    await out.deliver()
    assert (await out.statuses(), len(out.receiver.requests)) == (["sent"] * 3 + ["suppressed"] * 2, 3)
    assert (await out.work.rows("steps", "seq"))[-1].last_error == SPENT


async def test_several_workers_spend_one_budget(out: Out) -> None:
    allow(out, 10)
    await out.queue(*replies(40))
    await asyncio.gather(*(out.deliver() for _ in range(4)))
    assert (len(out.receiver.requests), await spent_on(out.work.store.database, "2026-11-23")) == (10, 10)


async def test_a_new_day_has_a_new_budget(out: Out) -> None:
    allow(out, 1)
    await out.queue(*replies(2))
    await out.deliver()
    out.work.clock.advance(hours=11)  # midnight in Rome
    await out.queue(*replies(1, start=2))
    await out.deliver()
    assert await out.statuses() == ["sent", "suppressed", "sent"]


async def test_a_text_that_is_tried_again_is_counted_once(out: Out, unused_tcp_port: int) -> None:
    port, out.receiver.port = out.receiver.port, unused_tcp_port
    await out.queue(*replies(1))
    await out.deliver()
    out.receiver.port = port
    out.work.clock.advance(minutes=1)
    await out.deliver()
    assert (await out.statuses(), await spent_on(out.work.store.database, "2026-11-23")) == (["sent"], 1)


async def test_an_opt_out_is_confirmed_though_the_day_is_spent(out: Out) -> None:
    allow(out, 1)
    await out.queue(*replies(2))
    await out.deliver()
    await out.work.handle(inbound("STOP"))
    await out.deliver()
    assert await out.statuses() == ["sent", "suppressed", "sent"]


async def test_simulated_texts_spend_nothing(out: Out) -> None:
    await out.queue(*replies(2))
    await out.deliver(key=None)
    assert await spent_on(out.work.store.database, "2026-11-23") == 0


async def test_texts_wait_for_their_turn_and_all_go(out: Out) -> None:
    out.pace = Slow(2)
    await out.queue(*replies(7))
    await out.deliver()
    assert await out.statuses() == ["sent"] * 7


async def test_the_confirmation_of_an_opt_out_goes_before_all_that_waits(out: Out) -> None:
    out.pace = Slow(1)
    await out.queue(*replies(30))
    await out.queue(replace(reply_step("c-1", "+393309999999"), purpose=Purpose.CONFIRMATION, expires_at=NOON))
    await out.deliver()
    assert out.receiver.requests[0].json()["messageId"] == "c-1"


async def test_in_shadow_everything_is_recorded_and_nothing_is_sent(out: Out) -> None:
    out.is_shadow = True
    await out.queue(*replies(1), call_step())
    await out.deliver()
    await out.deliver(StepKind.WEBHOOK)
    rows = await out.work.rows("steps", "seq")
    assert [(row.status, row.last_error) for row in rows] == [("suppressed", SHADOWED)] * 2
    assert out.receiver.requests == []


async def test_in_shadow_limits_count_as_they_would(out: Out) -> None:
    out.is_shadow = True
    for number in range(7):
        await out.work.handle(inbound(f"my name is {number}"))
        await out.deliver()
    assert len(await out.work.replies()) == 6
