"""Delivery: no webhook call is lost, no text sent twice, and nobody who said STOP texted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.core.outbound.fates import LEASE
from responder.core.outbound.gateway import Job
from responder.core.rules.rules import Webhook
from responder.errors import StorageError
from responder.store.appointments.reminders import AHEAD
from responder.store.base.tables import contacts
from responder.store.outbound.abandoned import settle_abandoned
from responder.store.outbound.replies import Claims, SqlSteps
from responder.store.reading.records import find_delivery
from tests.builders import ANNA, BRUNO, SHOP, inbound, minutes, reply_step
from tests.conftest import NOON
from tests.receiver import ACCEPTED, receiving
from tests.worker.conftest import Work
from tests.worker.going_out import SECRET, Out, call_step, going_out


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        yield out


async def test_a_reply_goes_to_the_gateway_with_our_own_id(out: Out) -> None:
    await out.queue(reply_step("k-1"))
    await out.deliver()
    [request] = out.receiver.requests
    assert (request.path, request.headers["x-api-key"]) == ("/send", "key")
    assert {name: request.json()[name] for name in ("destination", "sender", "body", "messageId")} == {
        "destination": ANNA,
        "sender": SHOP,
        "body": "Hello",
        "messageId": "k-1",
    }
    assert ((await out.row()).status, (await out.row()).gateway_id) == ("sent", "gw-1")


async def test_segments_that_the_gateway_counts_otherwise_are_told(out: Out, caplog: pytest.LogCaptureFixture) -> None:
    out.receiver.body = ACCEPTED.replace(b'"parts": 1', b'"parts": 2')
    await out.queue(reply_step("k-1"))
    await out.deliver()
    assert (await find_delivery(out.work.store.database, "k-1")).as_json()["billed_segments"] == 2  # type: ignore[union-attr]  # it is there
    assert "the gateway counts other segments than we do key=k-1 ours=1 theirs=2" in caplog.text


async def test_segments_that_it_counts_as_we_do_are_no_news(out: Out, caplog: pytest.LogCaptureFixture) -> None:
    await out.queue(reply_step("k-1"))
    await out.deliver()
    assert (await out.row()).billed_segments == 1
    assert "segments" not in caplog.text


async def test_without_a_key_replies_are_simulated_and_nothing_goes_out(out: Out) -> None:
    await out.queue(reply_step("k-1"), reply_step("k-2"))
    await out.deliver(key=None)
    assert await out.statuses() == ["simulated", "simulated"]
    assert out.receiver.requests == []


async def test_a_webhook_call_is_signed_so_that_an_independent_verifier_agrees(out: Out) -> None:
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    [request] = out.receiver.requests
    assert request.headers["webhook-id"] == "k-2"
    verifier = Verifier(SECRET)
    signature = verifier.sign("k-2", NOON, request.body.decode())
    assert request.headers["webhook-signature"] == signature
    assert await out.statuses() == ["delivered"]


@pytest.mark.parametrize(
    ("status", "fate"),
    [(500, "queued"), (429, "queued"), (302, "queued"), (404, "queued"), (410, "dead"), (204, "delivered")],
)
async def test_only_2xx_is_a_delivered_webhook(out: Out, status: int, fate: str) -> None:
    out.receiver.status = status
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    assert await out.statuses() == [fate]


async def test_a_failed_webhook_is_called_again_with_the_same_id_and_body(out: Out) -> None:
    out.receiver.status = 500
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    out.work.clock.now = (await out.row()).next_attempt_at
    out.receiver.status = 200
    await out.deliver(StepKind.WEBHOOK)
    first, second = out.receiver.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert (await out.row()).attempts == 2


async def test_a_webhook_waits_as_long_as_it_is_asked_to(out: Out) -> None:
    out.receiver.status, out.receiver.headers = 503, {"retry-after": "3600"}
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    assert (await out.row()).next_attempt_at == NOON + timedelta(hours=1)


async def test_a_webhook_that_hangs_up_is_called_again(out: Out) -> None:
    out.receiver.drops = True
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    assert await out.statuses() == ["queued"]


async def test_a_webhook_that_fails_for_days_becomes_a_dead_letter_with_its_reason(out: Out) -> None:
    out.receiver.status = 500
    await out.queue(call_step())
    for _ in range(20):
        await out.deliver(StepKind.WEBHOOK)
        row = await out.row()
        if row.status == "dead":
            break
        out.work.clock.now = row.next_attempt_at
    assert (row.attempts, row.last_error) == (10, "given up after 10 attempts: the webhook answered HTTP 500")
    assert timedelta(days=2) < out.work.clock.now - NOON < timedelta(days=5)


async def test_a_webhook_that_the_rules_no_longer_name_is_a_dead_letter_with_its_remedy(out: Out) -> None:
    out.rules = replace(out.rules, webhooks={})
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    row = await out.row()
    assert (row.status, "responder deliveries retry k-2" in row.last_error) == ("dead", True)


async def test_a_dead_letter_is_called_again_with_the_same_id_when_a_person_says_so(out: Out) -> None:
    out.receiver.status = 410
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    out.receiver.status = 200
    assert await out.work.store.steps.retry("k-2", out.work.clock()) is StepStatus.DEAD
    await out.deliver(StepKind.WEBHOOK)
    assert ([request.headers["webhook-id"] for request in out.receiver.requests], await out.statuses()) == (
        ["k-2", "k-2"],
        ["delivered"],
    )


@pytest.mark.parametrize("fault", ["drops", "500"])
async def test_a_reply_whose_fate_is_unknown_is_uncertain_and_never_sent_again_by_itself(out: Out, fault: str) -> None:
    out.receiver.drops, out.receiver.status = fault == "drops", 500
    await out.queue(reply_step())
    await out.deliver()
    out.work.clock.advance(hours=48)
    await out.deliver()
    assert (len(out.receiver.requests), await out.statuses()) == (1, ["uncertain"])


async def test_an_uncertain_reply_is_sent_again_by_a_person_naming_its_key(out: Out) -> None:
    out.receiver.drops = True
    await out.queue(reply_step("k-1"))
    await out.deliver()
    out.receiver.drops = False
    assert await out.work.store.steps.retry("k-1", out.work.clock()) is StepStatus.UNCERTAIN
    await out.deliver()
    assert await out.statuses() == ["sent"]


async def test_a_reply_that_certainly_did_not_go_out_is_tried_three_times(out: Out, unused_tcp_port: int) -> None:
    out.receiver.port = unused_tcp_port
    await out.queue(reply_step())
    for _ in range(5):
        await out.deliver()
        out.work.clock.advance(minutes=10)
    row = await out.row()
    assert (row.status, row.attempts) == ("dead", 3)


async def test_a_reply_that_the_gateway_refuses_is_a_dead_letter_without_number_or_text(out: Out) -> None:
    out.receiver.status, out.receiver.body = 400, b'{"message": "bad key for +393301234567"}'
    await out.queue(reply_step())
    await out.deliver()
    row = await out.row()
    assert (row.status, ANNA in row.last_error, "Hello" in row.last_error) == ("dead", False, False)


async def test_nobody_who_opted_out_is_texted_though_the_reply_was_queued_before(out: Out) -> None:
    await out.queue(reply_step())
    await out.work.handle(inbound("STOP"))
    await out.deliver()
    assert [request.json()["body"][:12] for request in out.receiver.requests] == ["You will get"]
    assert await out.statuses() == ["suppressed", "sent"]


async def test_a_confirmation_that_is_late_is_dropped(out: Out) -> None:
    await out.work.handle(inbound("STOP"))
    out.work.clock.advance(minutes=5, seconds=1)
    await out.deliver()
    assert (await out.statuses(), out.receiver.requests) == (["suppressed"], [])


async def test_help_is_answered_after_an_opt_out_and_other_texts_are_not(out: Out) -> None:
    await out.work.handle(inbound("STOP"))
    await out.work.handle(inbound("HELP", received=NOON + minutes(1)), inbound("News ON", received=NOON + minutes(2)))
    await out.deliver()
    assert [row.status for row in await out.work.rows("steps", "seq") if row.kind == "reply"] == [
        "sent",
        "sent",
        "suppressed",
    ]


async def test_a_reply_whose_worker_was_killed_is_uncertain_after_the_lease(out: Out) -> None:
    await out.queue(reply_step())
    await out.work.store.steps.claim(StepKind.REPLY, "killed", NOON, 10)
    out.work.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await settle_abandoned(out.work.store.database, out.work.clock()) == 1
    await out.deliver()
    assert (await out.statuses(), out.receiver.requests) == (["uncertain"], [])


async def test_a_webhook_whose_worker_was_killed_is_called_again_after_the_lease(out: Out) -> None:
    await out.queue(call_step())
    await out.work.store.steps.claim(StepKind.WEBHOOK, "killed", NOON, 10)
    await out.deliver(StepKind.WEBHOOK)
    assert out.receiver.requests == []
    out.work.clock.advance(seconds=LEASE.total_seconds() + 1)
    await settle_abandoned(out.work.store.database, out.work.clock())
    await out.deliver(StepKind.WEBHOOK)
    assert await out.statuses() == ["delivered"]


async def test_workers_at_once_send_each_reply_once(out: Out) -> None:
    await out.queue(*(reply_step(f"k{n}-1", f"+39330000{n:04}") for n in range(50)))
    await asyncio.gather(*(out.deliver() for _ in range(4)))
    sent = [request.json()["messageId"] for request in out.receiver.requests]
    assert (len(sent), len(set(sent)), set(await out.statuses())) == (50, 50, {"sent"})


async def test_a_hanging_webhook_does_not_hold_up_replies_or_other_webhooks(out: Out) -> None:
    async with receiving() as hanging:
        hanging.hangs = True
        slow = Webhook(name="slow", url=hanging.url)
        out.rules = replace(out.rules, webhooks={**out.rules.webhooks, "slow": slow})
        await out.queue(replace(call_step("k-9"), to="slow"), call_step("k-2"), reply_step("k-1"))
        deliverer = out.deliverer()
        running = asyncio.create_task(deliverer.deliver(StepKind.WEBHOOK))
        await hanging.wait_for(1)
        await deliverer.deliver(StepKind.REPLY)
        await out.receiver.wait_for(2)
        assert {request.path for request in out.receiver.requests} == {"/send", "/crm"}
    await asyncio.wait_for(running, 10)  # whoever hung is gone, so it ends by itself


async def test_an_opt_out_and_a_send_at_the_same_time_never_cross(out: Out) -> None:
    originators = [f"+3933000{n:05}" for n in range(40)]
    await out.queue(*(reply_step(f"q{n}-1", originator) for n, originator in enumerate(originators)))
    await out.work.receive(*(inbound("STOP", originator) for originator in originators))
    seen_after: list[str] = []

    async def watch() -> None:
        """Whatever is claimed in a transaction of its own must see every opt-out that was committed before."""
        while True:
            async with out.work.store.database.read() as connection:
                gone = {
                    r.originator
                    for r in (await connection.execute(contacts.select().where(contacts.c.opted_out))).all()
                }
            claimed = await out.work.store.steps.claim(StepKind.REPLY, "w", out.work.clock(), 3)
            seen_after.extend(
                one.step.key for one in claimed if one.step.originator in gone and one.step.purpose == "answer"
            )
            if len(gone) == len(originators):
                return

    await asyncio.gather(watch(), out.work.handler().handle())
    assert seen_after == []


class AwayTwice(SqlSteps):
    """Steps whose database is away at the first two records."""

    failures = 2

    async def record(self, *arguments: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageError("away")
        await super().record(*arguments)


async def test_a_call_that_could_not_be_recorded_at_once_is_recorded_when_the_database_is_back(
    out: Out,
) -> None:
    steps = AwayTwice(out.work.store.database, out.work.store.secret)
    await out.queue(reply_step())
    await out.deliver(steps=steps, record_again_s=(0.01, 0.01))
    assert steps.failures == 0
    assert (await out.statuses(), len(out.receiver.requests)) == (["sent"], 1)


class RungMeanwhile(SqlSteps):
    """Steps whose first claim does not see what is queued, and rung for, before it returns."""

    async def claim(self, *arguments: Any, **options: Any) -> Claims:
        claimed = await super().claim(*arguments, **options)
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return claimed

    meanwhile: Callable[[], Awaitable[object]] | None = None


async def test_a_ring_during_a_claim_is_heard_though_the_claim_saw_nothing_more(out: Out) -> None:
    steps = RungMeanwhile(out.work.store.database, out.work.store.secret)
    deliverer = out.deliverer(steps=steps)

    async def queue_another() -> None:
        await out.queue(reply_step("k-2", BRUNO))
        await deliverer.deliver(StepKind.REPLY)

    steps.meanwhile = queue_another
    await out.queue(reply_step("k-1"))
    await deliverer.deliver(StepKind.REPLY)
    assert await out.statuses() == ["sent", "sent"]


async def test_one_ring_is_enough_for_all_that_are_due(out: Out) -> None:
    await out.queue(*(reply_step(f"k{n}-1", f"+39330000{n:04}") for n in range(120)))
    await out.deliver()
    assert await out.statuses() == ["sent"] * 120


@pytest.mark.parametrize(("purpose", "rings"), [(Purpose.REMINDER, [Job.REMINDERS]), (Purpose.ANSWER, [])])
async def test_reminders_that_leave_make_room_for_others_at_once(out: Out, purpose: Purpose, rings: list[Job]) -> None:
    await out.queue(replace(reply_step("k-1"), purpose=purpose))
    await out.deliver()
    assert (await out.statuses(), out.work.bell.rings) == (["sent"], rings)


async def test_while_half_of_the_reminders_that_may_wait_still_do_no_more_are_asked_for(out: Out) -> None:
    await out.queue(
        *(replace(reply_step(f"k{n}-1", f"+39330000{n:04}"), purpose=Purpose.REMINDER) for n in range(AHEAD))
    )
    out.pace = Stopped()
    await asyncio.wait_for(out.deliver(budget_s=0.01), 30)
    assert Job.REMINDERS not in out.work.bell.rings


class Stopped:
    """Lets one text go, and then none."""

    def __init__(self) -> None:
        self.left = 1

    async def take(self, wanted: int) -> int:
        granted, self.left = min(self.left, wanted), 0
        return granted
