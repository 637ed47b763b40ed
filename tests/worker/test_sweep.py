"""The sweep: whatever waits in SQL is found, even if nobody ever rang for it."""

from typing import Any

import pytest

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.outbound.fates import LEASE
from responder.core.outbound.gateway import Job
from responder.core.sms.message import MessageStatus
from responder.store.outbound.claims import Fate
from responder.worker.supervisor import Sweep
from tests.builders import inbound, minutes
from tests.worker.conftest import Work


async def sweep(work: Work) -> list[Job]:
    """What a sweep rings for, in the order of the names."""
    work.bell.rings.clear()
    store = work.store
    parts: dict[str, Any] = {"database": store.database, "inbox": store.inbox, "reports": store.reports}
    await Sweep(**parts, bell=work.bell, clock=work.clock, rules=lambda: work.rules).sweep()
    return sorted(work.bell.rings)


async def claim_all(work: Work) -> None:
    for kind in StepKind:
        assert await work.store.steps.claim(kind, "a worker", work.clock(), 10)


async def statuses(work: Work) -> dict[str, str]:
    return {row.kind: row.status for row in await work.rows("steps", "seq")}


async def test_nothing_is_rung_when_nothing_waits(work: Work) -> None:
    assert await sweep(work) == []


async def test_waiting_messages_are_rung_for_once(work: Work) -> None:
    await work.receive(inbound("News ON"), inbound("News OFF"))
    assert await sweep(work) == [Job.HANDLE]


async def test_waiting_messages_are_rung_for_before_anybody_is_reminded(work: Work) -> None:
    class Reminders:
        async def queue(self) -> None:
            work.bell.ring(Job.REPLIES)

    await work.receive(inbound("yes"))
    store = work.store
    parts: dict[str, Any] = {
        "database": store.database,
        "inbox": store.inbox,
        "reports": store.reports,
        "reminders": Reminders(),
    }
    await Sweep(**parts, bell=work.bell, clock=work.clock, rules=lambda: work.rules).sweep()
    assert work.bell.rings == [Job.HANDLE, Job.REPLIES]


async def test_messages_that_a_killed_worker_had_claimed_are_rung_for(work: Work) -> None:
    await work.receive(inbound("News ON"))
    await work.store.inbox.claim("a worker that was killed", work.clock(), 10)
    assert await sweep(work) == [Job.HANDLE]


async def test_handled_messages_are_not_rung_for(work: Work) -> None:
    await work.handle(inbound("Offers ON"))
    assert await sweep(work) == []


async def test_malformed_messages_wait_for_a_person_and_not_for_a_worker(work: Work) -> None:
    await work.receive(inbound(status=MessageStatus.MALFORMED))
    assert await sweep(work) == []


async def test_due_steps_are_rung_for_by_their_kind(work: Work) -> None:
    await work.handle(inbound("News ON"))
    assert await sweep(work) == [Job.REPLIES, Job.WEBHOOKS]


async def test_only_the_kind_that_is_due_is_rung_for(work: Work) -> None:
    await work.handle(inbound("News OFF"), inbound("my name is Anna"))
    assert await sweep(work) == [Job.REPLIES]


async def test_steps_that_a_worker_carries_out_are_left_to_it(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await claim_all(work)
    assert await sweep(work) == []


async def test_a_step_is_rung_for_when_its_next_attempt_is_due_and_not_before(work: Work) -> None:
    await work.handle(inbound("my name is Anna"))
    [claimed] = await work.store.steps.claim(StepKind.REPLY, "a worker", work.clock(), 10)
    again_at = work.clock() + minutes(5)
    await work.store.steps.record(
        [Fate(key=claimed.step.key, status=StepStatus.QUEUED, next_attempt_at=again_at)], "a worker", work.clock()
    )
    assert await sweep(work) == []
    work.clock.now = again_at
    assert await sweep(work) == [Job.REPLIES]


async def test_of_what_a_killed_worker_was_sending_webhooks_are_called_again_and_texts_are_not(
    work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    await work.handle(inbound("News ON"))
    await claim_all(work)
    work.clock.now += LEASE + minutes(1)
    assert await sweep(work) == [Job.WEBHOOKS]
    assert await statuses(work) == {"reply": "uncertain", "webhook": "queued"}
    assert "steps of a killed worker settled count=2" in caplog.text


async def test_what_is_settled_is_settled_once(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    await work.handle(inbound("News ON"))
    await claim_all(work)
    work.clock.now += LEASE + minutes(1)
    await sweep(work)
    await sweep(work)
    assert caplog.text.count("steps of a killed worker settled") == 1
