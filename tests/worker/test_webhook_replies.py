"""A reply made of a webhook's answer: decided once, and passing every guard of a reply."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Row

from responder.clients.http import HttpClient
from responder.core.contact.effects import StepKind
from responder.core.outbound.fates import LEASE, OPEN_AFTER
from responder.core.outbound.gateway import Job
from responder.core.rules.sections import Event
from responder.rulefile import read_rules
from responder.store.base.database import Database
from responder.store.consent.erasure import erase
from responder.store.queue.entering import put_hearers
from responder.worker.supervisor import Sweep
from responder.worker.waiting import Awaiting
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON, wait_until
from tests.receiver import receiving
from tests.worker.conftest import Work
from tests.worker.going_out import Out, call_step, going_out

RULES = """
version: 1
webhooks:
  crm: {url: "https://crm.example.com/hook"}
rules:
  - name: track
    when: {starts_with: track}
    then: [{webhook: {to: crm, reply: "{{ rest }}: {{ response.text }}", otherwise: "We will call you about {{ rest }}."}}]
  - {name: quiet, when: {starts_with: quiet}, then: [{webhook: {to: crm, reply: "{{ response.text }}"}}]}
"""
ON_ITS_WAY = json.dumps({"text": "on its way"}).encode()
FILLED, OTHERWISE = "7: on its way", "We will call you about 7."


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    work.rules = read_rules(RULES, "rules.yaml", {})
    async with going_out(work) as out:
        crm = out.rules.webhooks["crm"]
        out.rules = replace(work.rules, webhooks={"crm": crm})
        out.receiver.body = ON_ITS_WAY
        yield out


async def call(out: Out) -> None:
    await out.deliver(StepKind.WEBHOOK)


async def sweep(out: Out) -> None:
    store = out.work.store
    parts: dict[str, Any] = {"database": store.database, "inbox": store.inbox, "reports": store.reports}
    await Sweep(
        **parts, bell=out.work.bell, clock=out.work.clock, rules=lambda: out.rules, awaiting=out.awaiting
    ).sweep()


async def replies(out: Out) -> Sequence[Row[Any]]:
    return [row for row in await out.work.rows("steps", "seq") if row.kind == "reply"]


async def texts(out: Out) -> list[str]:
    return [row.content for row in await replies(out)]


async def call_status(out: Out) -> str:
    [row] = [row for row in await out.work.rows("steps") if row.kind == "webhook"]
    status: str = row.status
    return status


async def test_the_answer_of_a_webhook_is_sent_on(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    await call(out)
    [reply] = await replies(out)
    [step] = [row for row in await out.work.rows("steps") if row.kind == "webhook"]
    assert (reply.content, reply.recipient, reply.status, reply.segments) == (FILLED, ANNA, "queued", 1)
    assert (reply.key, reply.message_key, reply.sender) == (f"{step.key}-r", step.message_key, step.sender)
    assert (await call_status(out), await out.work.rows("awaited")) == ("delivered", [])
    assert Job.REPLIES in out.work.bell.rings


async def test_it_goes_to_the_gateway_as_any_other_reply(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    await call(out)
    await out.deliver()
    assert [request.json()["body"] for request in out.receiver.requests if request.path == "/send"] == [FILLED]


@pytest.mark.parametrize(
    ("status", "body"), [(500, ON_ITS_WAY), (302, ON_ITS_WAY), (410, ON_ITS_WAY), (200, b"ok"), (204, b"")]
)
async def test_the_other_text_goes_out_at_once_where_the_webhook_does_not_answer_so(
    out: Out, status: int, body: bytes
) -> None:
    out.receiver.status, out.receiver.body = status, body
    await out.work.handle(inbound("track 7"))
    await call(out)
    assert await texts(out) == [OTHERWISE]


async def test_without_another_text_nothing_goes_out(out: Out) -> None:
    out.receiver.status = 500
    await out.work.handle(inbound("quiet 7"))
    await call(out)
    assert (await texts(out), await out.work.rows("awaited")) == ([], [])


async def test_a_later_attempt_that_succeeds_makes_no_second_reply(out: Out) -> None:
    out.receiver.status = 500
    await out.work.handle(inbound("track 7"))
    await call(out)
    out.receiver.status = 200
    out.work.clock.advance(minutes=1)
    await call(out)
    assert (await texts(out), await call_status(out)) == ([OTHERWISE], "delivered")


async def test_an_answer_that_is_late_is_a_delivery_and_no_reply(out: Out) -> None:
    database, bell, clock = out.work.store.database, out.work.bell, out.work.clock
    out.awaiting = Awaiting(database=database, rules=lambda: out.rules, bell=bell, clock=clock, within_s=0.2)
    out.receiver.holds = asyncio.Event()
    await out.work.handle(inbound("track 7"))
    calling = asyncio.create_task(call(out))
    await wait_until(lambda: has_texts(out), 5, "the other text")
    assert (await texts(out), await call_status(out)) == ([OTHERWISE], "sending")
    out.receiver.holds.set()
    await calling
    assert (await texts(out), await call_status(out)) == ([OTHERWISE], "delivered")


async def test_a_late_answer_is_no_reply_even_where_that_could_not_be_decided_before(out: Out, tmp_path: Path) -> None:
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'nowhere' / 'to.db'}")
    out.awaiting = Awaiting(
        database=away, rules=lambda: out.rules, bell=out.work.bell, clock=out.work.clock, within_s=0
    )
    await out.work.handle(inbound("track 7"))
    await call(out)
    assert (await texts(out), await call_status(out)) == ([OTHERWISE], "delivered")


async def has_texts(out: Out) -> bool:
    return bool(await texts(out))


async def test_calls_that_have_not_begun_in_time_are_made_without_a_reply(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    out.work.clock.advance(seconds=4)
    await sweep(out)
    assert await texts(out) == []
    out.work.clock.advance(seconds=1)
    await sweep(out)
    assert await texts(out) == [OTHERWISE]
    await call(out)
    assert (await texts(out), await call_status(out)) == ([OTHERWISE], "delivered")


async def test_a_webhook_that_is_left_alone_is_not_waited_for(out: Out) -> None:
    await fail(out, OPEN_AFTER)
    await out.work.handle(inbound("track 7"))
    before = len(out.receiver.requests)
    await call(out)
    assert (await texts(out), len(out.receiver.requests)) == ([OTHERWISE], before)


async def fail(out: Out, count: int, status: int = 500) -> None:
    """Calls of another rule that fail, so that the webhook is left alone or switched off."""
    out.receiver.status = status
    await out.queue(*(call_step(f"other{number}-1") for number in range(count)))
    await call(out)
    out.receiver.status = 200


async def test_a_webhook_that_is_switched_off_is_not_waited_for(out: Out) -> None:
    await fail(out, 1, status=410)
    await out.work.handle(inbound("track 7"))
    await call(out)
    assert await texts(out) == [OTHERWISE]


async def test_a_webhook_that_the_rules_no_longer_name_is_not_waited_for(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    out.rules = replace(out.rules, webhooks={})
    await call(out)
    assert (await texts(out), await call_status(out)) == ([OTHERWISE], "dead")


async def test_a_webhook_at_a_private_address_is_not_waited_for(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    async with HttpClient(allow_private=False) as out.client:
        await call(out)
    assert (await texts(out), await call_status(out), out.receiver.requests) == ([OTHERWISE], "dead", [])


async def test_a_call_whose_worker_was_killed_is_made_again_and_decides_then(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    deliverer = out.deliverer()
    out.receiver.hangs = True
    calling = asyncio.create_task(deliverer.deliver(StepKind.WEBHOOK))
    await out.receiver.wait_for(1)
    calling.cancel()
    await asyncio.wait({calling})
    out.receiver.hangs = False
    out.work.clock.now += LEASE / 2
    await sweep(out)
    assert (await texts(out), await call_status(out)) == ([], "sending")
    out.work.clock.now += LEASE
    await sweep(out)
    await sweep(out)
    await call(out)
    assert (await texts(out), await call_status(out)) == ([FILLED], "delivered")


async def test_two_workers_that_decide_at_once_make_one_reply(out: Out) -> None:
    await out.work.handle(*(inbound(f"track {number}", f"+39330000{number:04}") for number in range(5)))
    out.work.clock.advance(seconds=6)
    await asyncio.gather(*(out.awaiting.settle_late() for _ in range(4)), call(out), call(out))
    await out.awaiting.settle_late()
    assert len({row.originator for row in await replies(out)}) == len(await replies(out)) == 5


async def test_nobody_who_said_stop_in_between_gets_the_reply(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    await out.work.handle(inbound("STOP", received=NOON + minutes(1)))
    await call(out)
    await out.deliver()
    [reply] = [row for row in await replies(out) if row.content == FILLED]
    assert (reply.status, reply.last_error) == ("suppressed", "the originator opted out")


async def test_the_limits_hold_for_it(out: Out) -> None:
    await put_hearers(out.work.store.database, ["crm"])
    for number in range(7):
        await out.work.handle(inbound(f"track {number}", received=NOON + minutes(number / 10)))
        await call(out)
    found = [(row.status, (row.last_error or "")[:30]) for row in await replies(out)]
    told = [row.content for row in await out.work.rows("steps") if Event.DELIVERY_CHANGED in row.content]
    muted = ("suppressed", "not sent: the number went over")
    assert found == [("queued", "")] * 5 + [("suppressed", "not sent: limits.replies allow"), ("queued", ""), muted]
    assert [row.muted_until for row in await out.work.rows("contacts")] == [
        NOON + minutes(60.5)
    ]  # by the arrival of the text
    assert len(told) == 2


async def test_another_number_is_not_held_back(out: Out) -> None:
    for number in range(7):
        await out.work.handle(inbound(f"track {number}"))
    await out.work.handle(inbound("track 7", BRUNO))
    await call(out)
    assert [row.status for row in await replies(out) if row.recipient == BRUNO] == ["queued"]


async def test_a_number_that_was_erased_in_between_gets_no_reply_and_is_not_kept(out: Out) -> None:
    await out.work.handle(inbound("track 7"))
    await erase(out.work.store.database, out.work.store.secret, ANNA, "operator", out.work.clock())
    assert await out.work.rows("awaited") == []
    await call(out)
    assert await texts(out) == []


async def test_in_shadow_the_other_text_is_recorded_and_not_sent(out: Out) -> None:
    out.is_shadow = True
    await out.work.handle(inbound("track 7"))
    await call(out)
    out.work.clock.advance(seconds=6)
    await sweep(out)
    await out.deliver()
    assert ([(row.content, row.status) for row in await replies(out)], out.receiver.requests) == (
        [(OTHERWISE, "suppressed")],
        [],
    )


async def test_an_answer_longer_than_two_kilobytes_is_read(out: Out) -> None:
    out.receiver.body = json.dumps({"more": "x" * 10_000, "text": "on its way"}).encode()
    await out.work.handle(inbound("track 7"))
    await call(out)
    assert await texts(out) == [FILLED]


async def test_a_slow_webhook_holds_up_no_reply_of_another(out: Out) -> None:
    async with receiving() as slow:
        slow.hangs = True
        slow_crm = replace(out.rules.webhooks["crm"], name="slow", url=slow.url)
        out.rules = replace(out.rules, webhooks={**out.rules.webhooks, "slow": slow_crm})
        await out.queue(*(replace(call_step(f"s{number}-1"), to="slow") for number in range(20)))
        await out.work.handle(inbound("track 7"))
        calling = asyncio.create_task(call(out))
        await wait_until(lambda: has_texts(out), 5, "the reply")
    await calling
    assert await texts(out) == [FILLED]
