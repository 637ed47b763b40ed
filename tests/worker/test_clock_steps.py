"""Our own clock set back by an hour: nothing is done twice, and nothing waits until it is that time again."""

import asyncio
from datetime import timedelta

import pytest
from arq.connections import ArqRedis
from sqlalchemy import update

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.sms.times import Rate
from responder.jobs import connect
from responder.pace import Pace
from responder.rulefile import read_rules
from responder.store.base.database import Database
from responder.store.base.tables import steps
from responder.store.outbound.abandoned import settle_abandoned
from responder.store.outbound.holds import begin_hold
from responder.worker.supervisor import Supervisor, arq_worker
from responder.worker.upkeep import ClockSteps
from tests.builders import inbound
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import Work

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
AHEAD = NOON + HOUR
LATER = 'version: 1\nfallback: {then: [reply: {text: "By and by.", delay: 10m}]}'


class Watched:
    """The watch on a clock that is moved by hand, beside one that only goes on."""

    def __init__(self, database: Database, clock: StandingClock) -> None:
        self.clock = clock
        self.elapsed_s = 0.0
        self.forgotten = 0
        self.watch = ClockSteps(database=database, clock=clock, forget=[self._forget], monotonic=lambda: self.elapsed_s)

    async def _forget(self) -> None:
        self.forgotten += 1

    async def pass_by(self, seconds: float, *, back: timedelta = timedelta()) -> None:
        self.elapsed_s += seconds
        self.clock.now += seconds * SECOND - back
        await self.watch.once()


@pytest.fixture
async def watched(work: Work) -> Watched:
    work.clock.now = AHEAD
    watched = Watched(work.store.database, work.clock)
    await watched.pass_by(1)
    return watched


async def test_a_dead_workers_messages_are_handled_within_a_minute(work: Work, watched: Watched) -> None:
    await work.receive(inbound("News ON", received=work.clock()))
    await work.store.inbox.claim("dead", work.clock(), 10)
    await watched.pass_by(1, back=HOUR)
    await work.handler().handle()
    assert await work.decided() == [("News ON", "received", None)]  # the worker may be alive
    await watched.pass_by(61)
    await work.handler().handle()
    assert await work.decided() == [("News ON", "handled", "news-on")]


async def test_what_a_living_worker_handles_meanwhile_is_handled_once(work: Work, watched: Watched) -> None:
    await work.receive(inbound("News ON", received=work.clock()))
    handler = work.handler()
    set_back = False

    async def step_back() -> None:
        nonlocal set_back
        if not set_back:
            set_back = True
            await watched.pass_by(1, back=HOUR)
            await work.handler().handle()

    commit = handler.commits.commit

    async def commit_after(*arguments: object) -> object:
        await step_back()
        return await commit(*arguments)  # type: ignore[arg-type]

    handler.commits.commit = commit_after  # type: ignore[assignment,method-assign]
    await handler.handle()
    assert await work.decided() == [("News ON", "handled", "news-on")]
    assert await work.replies() == ["Welcome to Weekly news."]


async def test_a_reply_that_was_queued_leaves_at_once(work: Work, watched: Watched) -> None:
    await work.handle(inbound("News ON", received=work.clock()))
    await watched.pass_by(1, back=HOUR)
    claimed = await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)
    assert [one.step.content for one in claimed] == ["Welcome to Weekly news."]
    assert await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10) == []


async def test_what_is_put_off_waits_as_long_as_it_would_have(work: Work, watched: Watched) -> None:
    await work.handle(inbound("News ON", received=work.clock()))
    async with work.store.database.write() as connection:
        await connection.execute(update(steps).values(next_attempt_at=AHEAD + SECOND + 10 * SECOND))
    await watched.pass_by(1, back=HOUR)
    assert await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10) == []
    await watched.pass_by(10)
    assert len(await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)) == 1


async def test_a_reply_to_a_text_of_before_leaves_after_its_delay(work: Work, watched: Watched) -> None:
    work.rules = read_rules(LATER, "rules.yaml", {})
    await work.receive(inbound("hello", received=work.clock()))
    await watched.pass_by(1, back=HOUR)
    await work.handler().handle()
    await watched.pass_by(601)
    assert len(await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)) == 1


async def test_texts_of_a_worker_that_died_are_settled_within_a_minute(work: Work, watched: Watched) -> None:
    await work.handle(inbound("News ON", received=work.clock()))
    await work.store.steps.claim(StepKind.REPLY, "dead", work.clock(), 10)
    await watched.pass_by(1, back=HOUR)
    await watched.pass_by(61)
    await settle_abandoned(work.store.database, work.clock())
    assert [row.status for row in await work.rows("steps") if row.kind == StepKind.REPLY] == [StepStatus.UNCERTAIN]


async def test_a_worker_that_starts_after_the_clock_was_set_back_brings_it_all_back(work: Work) -> None:
    work.clock.now = AHEAD
    await work.handle(inbound("News ON", received=work.clock()))
    work.clock.now = NOON
    await Watched(work.store.database, work.clock).pass_by(1)
    assert len(await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)) == 1


async def test_a_hold_tries_again_by_the_clock_as_it_is(work: Work, watched: Watched) -> None:
    async with work.store.database.write() as connection:
        await begin_hold(connection, "refused", work.clock(), work.store.database.insert)
    await watched.pass_by(1, back=HOUR)
    [hold] = await work.rows("holds")
    assert hold.probe_at <= work.clock()


async def test_a_clock_that_goes_on_or_is_set_forward_changes_nothing(watched: Watched) -> None:
    for back in (timedelta(), -HOUR, timedelta(milliseconds=300)):
        await watched.pass_by(1, back=back)
    assert watched.forgotten == 0
    await watched.pass_by(1, back=timedelta(minutes=2))
    assert watched.forgotten == 1


async def test_the_sweep_goes_on(redis: ArqRedis, redis_socket: str) -> None:
    async def nothing() -> None:
        """Do nothing."""

    supervisor = Supervisor(lambda: arq_worker(connect(redis_socket, timeout_s=1), {}, nothing, "w"))
    worker = supervisor._worker = supervisor._make()
    [sweep] = worker.cron_jobs
    sweep.calculate_next(AHEAD)
    await supervisor.forget_times()
    await worker.run_cron(NOON, 0.5)
    assert NOON < (sweep.next_run or AHEAD) <= NOON + 3 * SECOND
    await asyncio.wait_for(worker.pool.aclose(close_connection_pool=True), 10)


async def test_the_rate_counts_anew(redis: ArqRedis, redis_socket: str) -> None:
    async def one() -> int:
        return 1

    pace = Pace(redis_socket, Rate(count=2, period=HOUR), one)
    assert [await pace.take(2), await pace.take(1)] == [2, 0]
    await pace.forget()
    pace._share._taken.clear()
    assert await pace.take(2) == 2
    await pace.close()
