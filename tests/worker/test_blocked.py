"""A worker whose loop stops for longer than its leases: another does the same job."""

import asyncio
import threading
from collections.abc import Callable

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix

from responder.core.outbound.gateway import Job
from responder.core.rules.rules import Rules
from responder.jobs import connect
from responder.rulefile import read_rules
from responder.store.base.database import Database
from responder.store.inbox.commit import Commits
from responder.store.inbox.inbox import LEASE
from responder.worker.handling import Handler
from responder.worker.supervisor import Supervisor, arq_worker
from tests.builders import inbound
from tests.conftest import StandingClock, store_on, wait_until
from tests.worker.conftest import RULES, RememberingBell, Work


class Standstill:
    """Gives the rules after it has blocked the whole thread that asked, until it is let go."""

    def __init__(self) -> None:
        self.rules = read_rules(RULES, "rules.yaml", {})
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self) -> Rules:
        self.begun.set()
        assert self.let_go.wait(30)
        return self.rules


async def nothing() -> None:
    """No sweep, so that only the one job wakes anybody."""


async def work_until(
    has_ended: threading.Event, database_url: str, redis_url: str, rules: Callable[[], Rules], clock: StandingClock
) -> None:
    """A worker with connections of its own, for a thread of its own."""
    database = Database(database_url)
    store = await store_on(database)
    commits = Commits(database, store.secret)
    handler = Handler(
        database=database,
        inbox=store.inbox,
        commits=commits,
        secret=store.secret,
        bell=RememberingBell(),
        rules=rules,
        clock=clock,
    )
    supervisor = Supervisor(
        lambda: arq_worker(connect(redis_url, timeout_s=2), {Job.HANDLE: handler.handle}, nothing, str(id(handler)))
    )
    running = asyncio.create_task(supervisor.run())
    await wait_until(has_ended.is_set, 30, "the end of the test")
    supervisor.stop()
    await running
    await database.close()


async def test_a_job_that_is_done_twice_at_once_has_one_effect(
    work: Work, migrated_url: str, redis: ArqRedis, redis_socket: str
) -> None:
    async def is_handled() -> bool:
        return [row.status for row in await work.rows("messages")] == ["handled"]

    standstill, has_ended = Standstill(), threading.Event()
    await work.receive(inbound())
    await redis.enqueue_job(Job.HANDLE, _job_id="the job")
    try:
        slow = asyncio.create_task(
            asyncio.to_thread(asyncio.run, work_until(has_ended, migrated_url, redis_socket, standstill, work.clock))
        )
        await wait_until(standstill.begun.is_set, 10, "the standstill")
        work.clock.advance(seconds=LEASE.total_seconds() + 1)  # and arq's own lease on the job ends too
        assert await redis.delete(f"{in_progress_key_prefix}the job")
        quick = asyncio.create_task(work_until(has_ended, migrated_url, redis_socket, lambda: work.rules, work.clock))
        await wait_until(is_handled, 10, "the other worker")
    finally:
        standstill.let_go.set()
        has_ended.set()
    await asyncio.gather(slow, quick)
    assert [(step.kind, step.status) for step in await work.rows("steps", "seq")] == [
        ("reply", "queued"),
        ("webhook", "queued"),
    ]
    assert len(await work.rows("consent_events")) == 1
