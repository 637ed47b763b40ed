"""Webhooks: an endpoint that fails delays nobody, is given up after five days, and loses no call."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from responder.core.contact.effects import StepKind
from responder.core.outbound.fates import OPEN_AFTER, PAUSE
from responder.core.rules.rules import Webhook
from responder.store.outbound.calls import retry_calls
from responder.store.outbound.holds import bury_calls, read_endpoints
from responder.worker.waiting import Awaiting
from tests.builders import minutes, reply_step
from tests.conftest import NOON, wait_until
from tests.receiver import Receiver, receiving
from tests.worker.conftest import Work
from tests.worker.going_out import SECRET, Out, call_step, going_out

OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 32 bytes, yes.").decode()


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        yield out


def calls(count: int, to: str = "crm", start: int = 0) -> list[Any]:
    return [replace(call_step(f"{to}{number}-1"), to=to) for number in range(start, start + count)]


def add(out: Out, name: str, receiver: Receiver) -> None:
    out.rules = replace(out.rules, webhooks={**out.rules.webhooks, name: Webhook(name=name, url=receiver.url)})


async def call(out: Out) -> None:
    await out.deliver(StepKind.WEBHOOK)


async def by_status(out: Out, to: str = "crm") -> dict[str, int]:
    found: dict[str, int] = {}
    for row in await out.work.rows("steps", "seq"):
        if row.recipient == to:
            found[row.status] = found.get(row.status, 0) + 1
    return found


async def test_a_dead_endpoint_is_left_alone_after_a_few_calls(out: Out) -> None:
    out.receiver.status = 500
    await out.queue(*calls(40))
    await call(out)
    assert OPEN_AFTER <= len(out.receiver.requests) < 40
    before = len(out.receiver.requests)
    await call(out)
    assert len(out.receiver.requests) == before


async def test_one_call_tells_whether_an_endpoint_is_back(out: Out) -> None:
    out.receiver.status = 500
    await out.queue(*calls(40))
    await call(out)
    before = len(out.receiver.requests)
    out.work.clock.now += PAUSE
    await call(out)
    assert len(out.receiver.requests) == before + 1
    out.receiver.status = 200
    out.work.clock.advance(minutes=10)
    await call(out)
    assert await by_status(out) == {"delivered": 40}


@dataclass(kw_only=True)
class Interrupted(Awaiting):
    """Something happens each time that paused webhooks are settled."""

    meanwhile: Callable[[], Awaitable[None]]

    async def settle_paused(self, webhooks: Collection[str]) -> None:
        await self.meanwhile()
        await super().settle_paused(webhooks)


async def test_a_call_that_fails_while_places_are_counted_leaves_no_place(out: Out) -> None:
    out.receiver.status = 500
    await out.queue(*calls(40))
    await call(out)
    out.work.clock.now += PAUSE
    webhooks = out.webhooks()
    [probe] = await webhooks.claim("w")

    async def the_probe_fails() -> None:
        await webhooks.record(probe, await webhooks.attempt(probe), "w")
        webhooks.end(probe)

    database, bell, clock = out.work.store.database, out.work.bell, out.work.clock
    webhooks.awaiting = Interrupted(
        database=database, rules=lambda: out.rules, bell=bell, clock=clock, meanwhile=the_probe_fails
    )
    assert await webhooks.claim("w") == []


async def test_an_endpoint_that_asks_for_time_gets_no_other_calls_meanwhile(out: Out) -> None:
    out.receiver.status, out.receiver.headers = 429, {"retry-after": "120"}
    await out.queue(*calls(1))
    await call(out)
    await out.queue(*calls(3, start=1))
    out.work.clock.advance(seconds=119)
    await call(out)
    assert len(out.receiver.requests) == 1
    out.receiver.status = 200
    out.work.clock.advance(seconds=2)
    await call(out)
    assert await by_status(out) == {"delivered": 4}


async def test_ten_dead_endpoints_delay_neither_the_living_one_nor_replies(out: Out) -> None:
    async with receiving() as dead:
        dead.hangs = True
        for number in range(10):
            add(out, f"dead{number}", dead)
            await out.queue(*calls(12, f"dead{number}"))
        await out.queue(*calls(20), reply_step("r-1"))
        deliverer = out.deliverer()
        running = asyncio.create_task(deliverer.deliver(StepKind.WEBHOOK))
        await wait_until(lambda: len(out.receiver.requests) >= 20, 10, "the living endpoint's calls")
        await deliverer.deliver(StepKind.REPLY)
        await wait_until(lambda: any(request.path == "/send" for request in out.receiver.requests), 2)
        assert len(dead.requests) <= 100
    await asyncio.wait_for(running, 10)  # whoever hung is gone, so it ends by itself


async def test_what_is_queued_while_a_call_hangs_is_called_at_once(out: Out) -> None:
    async with receiving() as dead:
        dead.hangs = True
        add(out, "dead", dead)
        await out.queue(*calls(1, "dead"))
        deliverer = out.deliverer()
        running = asyncio.create_task(deliverer.deliver(StepKind.WEBHOOK))
        await dead.wait_for(1)
        await out.queue(*calls(1))
        await deliverer.deliver(StepKind.WEBHOOK)  # the ring: it ends at once, since the other job claims
        await out.receiver.wait_for(1, limit_s=2)
    await asyncio.wait_for(running, 10)  # whoever hung is gone, so it ends by itself


async def test_five_days_of_failures_switch_an_endpoint_off_and_a_person_is_told_once(out: Out) -> None:
    out.receiver.status = 500
    for day in range(6):
        await out.queue(*calls(2, start=2 * day))
        for _ in range(4):
            await call(out)
            out.work.clock.advance(hours=6)
    assert set(await by_status(out)) == {"dead"}
    assert "deliveries retry --to crm" in (await out.work.rows("steps", "seq"))[-1].last_error
    [handoff] = await out.work.rows("handoffs")
    assert "webhook crm is switched off: every call to it has failed for five days" in handoff.reason
    last = max(row.updated_at for row in await out.work.rows("steps", "seq") if row.attempts)
    assert timedelta(days=5) <= last - NOON < timedelta(days=5, hours=18)


async def test_410_switches_an_endpoint_off_for_all_of_its_calls(out: Out) -> None:
    out.receiver.status = 410
    await out.queue(*calls(1))
    await call(out)
    await out.queue(*calls(5, start=1))
    await call(out)
    assert (await by_status(out), len(out.receiver.requests)) == ({"dead": 6}, 1)


async def test_an_endpoint_with_another_url_begins_anew(out: Out) -> None:
    out.receiver.status = 410
    await out.queue(*calls(1))
    await call(out)
    out.receiver.status = 200
    out.rules = replace(out.rules, webhooks={"crm": Webhook(name="crm", url=f"{out.receiver.url}/moved")})
    await out.queue(*calls(1, start=1))
    await call(out)
    assert await by_status(out) == {"dead": 1, "delivered": 1}


@pytest.mark.parametrize("status", [500, 410])
async def test_a_call_that_fails_after_the_url_was_changed_says_nothing_of_the_new_url(out: Out, status: int) -> None:
    out.receiver.status, out.receiver.holds = status, asyncio.Event()
    await out.queue(*calls(1))
    calling = asyncio.create_task(call(out))
    await out.receiver.wait_for(1)
    out.rules = replace(out.rules, webhooks={"crm": Webhook(name="crm", url=f"{out.receiver.url}/moved")})
    out.receiver.holds.set()
    await calling
    assert await read_endpoints(out.work.store.database) == {}


async def test_while_an_endpoint_is_switched_off_a_look_at_what_waits_for_it_locks_nothing(out: Out) -> None:
    out.receiver.status = 410
    await out.queue(*calls(1))
    await call(out)
    [gone] = (await read_endpoints(out.work.store.database)).values()
    async with out.work.store.database.write():  # another writer; SQLite has one at a time
        assert await asyncio.wait_for(bury_calls(out.work.store.database, [gone], NOON), 1) == 0


async def test_one_success_forgets_the_failures(out: Out) -> None:
    out.receiver.status = 500
    await out.queue(*calls(3))
    await call(out)
    out.receiver.status = 200
    out.work.clock.advance(minutes=1)
    await call(out)
    [endpoint] = (await read_endpoints(out.work.store.database)).values()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


async def test_an_endpoint_is_called_again_with_the_same_ids_when_a_person_says_so(out: Out) -> None:
    out.receiver.status = 410
    await out.queue(*calls(3))
    await call(out)
    await call(out)
    out.receiver.status, out.receiver.requests = 200, []
    assert await retry_calls(out.work.store.database, out.work.clock(), to="crm") == 3
    await call(out)
    assert sorted(request.headers["webhook-id"] for request in out.receiver.requests) == ["crm0-1", "crm1-1", "crm2-1"]


async def test_a_range_is_called_again(out: Out) -> None:
    out.receiver.status = 410
    for number in range(3):
        await out.queue(*calls(1, start=number))
        await call(out)
        out.work.clock.advance(hours=1)
    since, until = NOON + minutes(30), NOON + minutes(90)
    assert await retry_calls(out.work.store.database, out.work.clock(), since=since, until=until) == 1
    assert [row.status for row in await out.work.rows("steps", "seq")] == ["dead", "queued", "dead"]


async def test_while_the_secret_is_changed_a_receiver_may_know_either(out: Out) -> None:
    crm = replace(out.rules.webhooks["crm"], secrets=(OTHER_SECRET, SECRET))
    out.rules = replace(out.rules, webhooks={"crm": crm})
    await out.queue(*calls(1))
    await call(out)
    [request] = out.receiver.requests
    signatures = request.headers["webhook-signature"].split()
    expected = [Verifier(secret).sign("crm0-1", NOON, request.body.decode()) for secret in (OTHER_SECRET, SECRET)]
    assert signatures == expected


async def test_an_answer_of_many_megabytes_is_read_no_further_than_two_kilobytes(out: Out) -> None:
    out.receiver.body = b"x" * 20_000_000
    await out.queue(*calls(1))
    await call(out)
    assert await by_status(out) == {"delivered": 1}


async def test_workers_at_once_make_each_call_once(out: Out) -> None:
    await out.queue(*calls(30))
    await asyncio.gather(*(call(out) for _ in range(4)))
    ids = [request.headers["webhook-id"] for request in out.receiver.requests]
    assert (len(ids), len(set(ids)), await by_status(out)) == (30, 30, {"delivered": 30})
