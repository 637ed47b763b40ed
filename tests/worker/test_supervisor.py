"""The worker as arq runs it: woken by every ring, outliving Redis, and ended in time."""

import asyncio
import os
import pickle
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from arq.connections import ArqRedis
from arq.constants import job_key_prefix, retry_key_prefix
from arq.worker import Worker

from responder.core.outbound.gateway import Job
from responder.errors import StorageError
from responder.jobs import QUEUE, ArqBell, JobBody, connect
from responder.processes.tasks import end
from responder.worker.supervisor import CLOSE_S, POLL_EVERY_S, Supervisor, arq_worker
from tests.conftest import wait_until
from tests.worker.own_redis import OwnRedis

BURSTS = 100  # of each kind of job


async def nothing() -> None:
    """No sweep, so that only rings wake the worker."""


class Counter:
    """A job that counts how often it ran, after it failed as it was told to."""

    def __init__(self, *errors: Exception) -> None:
        self.runs = 0
        self._errors = list(errors)

    async def __call__(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.runs += 1


class Gate:
    """A job that begins, and ends when it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.is_done = False

    async def __call__(self) -> None:
        self.begun.set()
        await self.let_go.wait()
        self.is_done = True


@dataclass
class Running:
    """A supervisor at work, a bell to wake it, and the workers that it made."""

    supervisor: Supervisor
    bell: ArqBell
    task: asyncio.Task[None]
    made: list[Worker] = field(default_factory=list)

    async def runs_again(self, counter: Counter) -> None:
        """Ring, and wait until the job ran."""
        before = counter.runs
        self.bell.ring(Job.HANDLE)
        await wait_until(lambda: counter.runs > before, 10, "the job")

    async def finds_redis(self) -> None:
        await wait_until(lambda: self.supervisor.has_redis, 10, "redis")

    async def loses_redis(self) -> None:
        await wait_until(lambda: not self.supervisor.has_redis, 10, "the loss of redis")

    async def ends(self) -> float:
        """Stop, and tell how many seconds the end took."""
        begun = time.monotonic()
        self.supervisor.stop()
        await asyncio.wait_for(self.task, 20)
        return time.monotonic() - begun


@asynccontextmanager
async def a_worker(
    url: str, *bodies: JobBody, sweep: JobBody = nothing, timeout_s: float = 2, poll_every_s: float = POLL_EVERY_S
) -> AsyncIterator[Running]:
    """A supervised worker that does the bodies when it is woken for messages, replies and webhooks."""
    made: list[Worker] = []

    def make() -> Worker:
        jobs: dict[str, JobBody] = dict(zip(Job, bodies, strict=False))
        made.append(arq_worker(connect(url, timeout_s=timeout_s), jobs, sweep, "test", poll_every_s))
        return made[-1]

    supervisor, bell = Supervisor(make), ArqBell(connect(url, timeout_s=1))
    running = Running(supervisor=supervisor, bell=bell, task=asyncio.create_task(supervisor.run()), made=made)
    ringing = asyncio.create_task(bell.run())
    try:
        yield running
        await running.ends()
    finally:
        await end((ringing, running.task))
        await bell.close()


def has_ended(worker: Worker) -> bool:
    """Whether a worker starts no more jobs."""
    return worker.main_task is not None and worker.main_task.done()


async def test_a_ring_wakes_the_worker_for_that_job_alone(redis: ArqRedis, redis_socket: str) -> None:
    messages, replies, webhooks = Counter(), Counter(), Counter()
    async with a_worker(redis_socket, messages, replies, webhooks) as running:
        running.bell.ring(Job.REPLIES)
        await wait_until(lambda: replies.runs == 1)
    assert (messages.runs, webhooks.runs) == (0, 0)


async def test_a_job_that_is_done_leaves_nothing_behind(redis: ArqRedis, redis_socket: str) -> None:
    async def only_health_is_left() -> bool:
        return [
            key
            for key in await redis.keys("*")
            if b":health:" not in key and b"sweep" not in key and key != QUEUE.encode()
        ] == []

    counter = Counter()
    async with a_worker(redis_socket, counter) as running:
        await running.runs_again(counter)
        await wait_until(only_health_is_left)


async def test_a_ring_is_heard_at_once_though_polls_are_seldom(redis: ArqRedis, redis_socket: str) -> None:
    counter = Counter()
    async with a_worker(redis_socket, counter, timeout_s=600, poll_every_s=300) as running:
        for _ in range(3):
            await running.runs_again(counter)


async def test_a_job_whose_ring_woke_nobody_is_found_by_the_next_poll(redis: ArqRedis, redis_socket: str) -> None:
    counter = Counter()
    async with a_worker(redis_socket, counter) as running:
        await running.runs_again(counter)
        await redis.enqueue_job(Job.HANDLE)
        await wait_until(lambda: counter.runs == 2, 10, "the job")


class Shelf:
    """Things that wait for a job, which takes all that it finds and needs a moment for them."""

    def __init__(self, chance: random.Random) -> None:
        self.waiting: list[int] = []
        self.done: list[int] = []
        self._chance = chance

    async def __call__(self) -> None:
        taken, self.waiting = self.waiting, []
        await asyncio.sleep(self._chance.uniform(0, 0.006))
        self.done.extend(taken)

    async def push(self, bell: ArqBell, job: Job) -> None:
        """Put two things there with a ring for each, wait until they are done, and repeat."""
        for count in range(0, 2 * BURSTS, 2):
            for thing in (count, count + 1):
                self.waiting.append(thing)
                bell.ring(job)
                await asyncio.sleep(self._chance.uniform(0.002, 0.018))
            await wait_until(partial(self.has_done, count + 2), 5, f"thing {count}")

    def has_done(self, count: int) -> bool:
        return len(self.done) == count


async def test_no_wake_up_is_lost_however_a_ring_meets_the_end_of_a_job(redis: ArqRedis, redis_socket: str) -> None:
    chance = random.Random(11)
    shelves = [Shelf(chance) for _ in Job]
    async with a_worker(redis_socket, *shelves) as running, asyncio.TaskGroup() as pushing:
        for job, shelf in zip(Job, shelves, strict=True):
            pushing.create_task(shelf.push(running.bell, job))
    assert [sorted(shelf.done) for shelf in shelves] == [list(range(2 * BURSTS))] * len(Job)


async def test_a_job_that_raises_is_told_in_the_log_and_the_same_worker_goes_on(
    redis: ArqRedis, redis_socket: str, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter(RuntimeError("unheard of"))
    async with a_worker(redis_socket, counter) as running:
        running.bell.ring(Job.HANDLE)
        await wait_until(lambda: "RuntimeError: unheard of" in caplog.text, 5, "the log")
        await running.runs_again(counter)
        assert len(running.made) == 1


async def test_a_job_whose_database_failed_says_why_in_one_line(
    redis: ArqRedis, redis_socket: str, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter(StorageError("the disk is full"))
    async with a_worker(redis_socket, counter) as running:
        running.bell.ring(Job.HANDLE)
        await wait_until(lambda: "database failed reason=the disk is full" in caplog.text, 5, "the log")
        await running.runs_again(counter)
    assert "Traceback" not in caplog.text


async def test_jobs_that_nobody_knows_or_can_read_disturb_no_other(redis: ArqRedis, redis_socket: str) -> None:
    await redis.enqueue_job("no_such_job")
    await redis.set(f"{job_key_prefix}unreadable", b"\xff not json")
    await redis.zadd(QUEUE, {"unreadable": 1, "without a body": 2})
    counter = Counter()
    async with a_worker(redis_socket, counter) as running:
        await running.runs_again(counter)
        assert len(running.made) == 1


async def test_whoever_writes_to_redis_cannot_run_code(redis: ArqRedis, redis_socket: str, tmp_path: Path) -> None:
    class Intruder:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "was here"),)

    async def is_taken() -> bool:
        return await redis.zscore(QUEUE, "intruder") is None

    await redis.set(f"{job_key_prefix}intruder", pickle.dumps(Intruder()))
    await redis.zadd(QUEUE, {"intruder": 1})
    async with a_worker(redis_socket, Counter()):
        await wait_until(is_taken)
    assert not (tmp_path / "was here").exists()


async def test_a_fault_inside_arq_costs_one_worker_and_no_ring(redis: ArqRedis, redis_socket: str) -> None:
    await redis.enqueue_job(Job.HANDLE, _job_id="poisoned")
    await redis.set(f"{retry_key_prefix}poisoned", "not a number")  # arq counts its tries here before it runs the job
    counter = Counter()
    async with a_worker(redis_socket, counter) as running:
        await wait_until(lambda: len(running.made) > 1, 5, "a new worker")
        await running.finds_redis()
        await running.runs_again(counter)


async def test_work_goes_on_after_redis_was_killed_and_started_again(own_redis: OwnRedis) -> None:
    await own_redis.start()
    counter = Counter()
    async with a_worker(own_redis.url, counter) as running:
        await running.runs_again(counter)
        await own_redis.kill()
        await running.loses_redis()
        await own_redis.start()
        await running.finds_redis()
        await running.runs_again(counter)
        assert len(running.made) > 1


async def test_a_job_that_runs_while_redis_is_lost_goes_on_beside_the_next_worker(own_redis: OwnRedis) -> None:
    await own_redis.start()
    gate, counter = Gate(), Counter()
    async with a_worker(own_redis.url, counter, gate) as running:
        running.bell.ring(Job.REPLIES)
        await asyncio.wait_for(gate.begun.wait(), 5)
        await own_redis.kill()
        await running.loses_redis()
        await own_redis.start()
        await running.finds_redis()
        await running.runs_again(counter)
        gate.let_go.set()
        await wait_until(lambda: gate.is_done, 5, "the job")


async def test_the_loss_of_redis_is_told_once(own_redis: OwnRedis, caplog: pytest.LogCaptureFixture) -> None:
    await own_redis.start()
    async with a_worker(own_redis.url, Counter()) as running:
        await running.finds_redis()
        await own_redis.kill()
        await wait_until(lambda: len(running.made) > 2, 10, "a second try")
    assert caplog.text.count("redis was lost") == 1


async def test_a_worker_that_starts_before_redis_waits_for_it(own_redis: OwnRedis) -> None:
    counter = Counter()
    async with a_worker(own_redis.url, counter) as running:
        await wait_until(lambda: len(running.made) > 1, 5, "a second try")
        assert not running.supervisor.has_redis
        await own_redis.start()
        await running.finds_redis()
        await running.runs_again(counter)


async def test_whoever_waits_for_a_change_hears_at_once_that_redis_is_lost(own_redis: OwnRedis) -> None:
    await own_redis.start()
    async with a_worker(own_redis.url, Counter()) as running:
        await asyncio.wait_for(running.supervisor.changed(reported=False), 5)
        await own_redis.kill()
        await asyncio.wait_for(running.supervisor.changed(reported=True), 5)
        assert not running.supervisor.has_redis
        await own_redis.start()  # for a quick end


async def test_a_frozen_redis_counts_as_lost_and_is_found_again(own_redis: OwnRedis) -> None:
    await own_redis.start()
    counter = Counter()
    async with a_worker(own_redis.url, counter, timeout_s=0.3) as running:
        await running.runs_again(counter)
        own_redis.freeze()
        await wait_until(lambda: not running.supervisor.has_redis, 2, "the loss of redis")
        own_redis.thaw()
        await running.finds_redis()
        await running.runs_again(counter)


async def test_work_goes_on_after_all_connections_were_cut(redis: ArqRedis, redis_socket: str) -> None:
    counter = Counter()
    async with a_worker(redis_socket, counter) as running:
        for _ in range(5):
            await running.runs_again(counter)
            await redis.client_kill_filter(_type="normal")
        await running.runs_again(counter)
        await running.finds_redis()
        assert await redis.exists(f"{QUEUE}:health:test")


async def test_work_goes_on_after_redis_was_emptied(redis: ArqRedis, redis_socket: str) -> None:
    counter = Counter()
    async with a_worker(redis_socket, counter) as running:
        await running.runs_again(counter)
        await redis.flushall()
        await running.runs_again(counter)


async def test_a_worker_that_is_stopped_finishes_its_job_and_takes_no_other(redis: ArqRedis, redis_socket: str) -> None:
    gate, counter = Gate(), Counter()
    async with a_worker(redis_socket, gate, counter) as running:
        running.bell.ring(Job.HANDLE)
        await asyncio.wait_for(gate.begun.wait(), 5)
        running.supervisor.stop()
        await wait_until(lambda: has_ended(running.made[0]), 5, "the end of its loop")
        await redis.enqueue_job(Job.REPLIES)
        gate.let_go.set()
        assert await running.ends() < CLOSE_S
    assert gate.is_done
    assert counter.runs == 0


async def test_a_worker_that_is_stopped_leaves_no_sign_of_life(redis: ArqRedis, redis_socket: str) -> None:
    counter = Counter()
    async with a_worker(redis_socket, counter) as running:
        await running.runs_again(counter)
    assert not await redis.exists(f"{QUEUE}:health:test")


async def test_a_worker_ends_in_time_while_redis_is_away(own_redis: OwnRedis) -> None:
    await own_redis.start()
    gate = Gate()
    async with a_worker(own_redis.url, gate) as running:
        running.bell.ring(Job.HANDLE)
        await asyncio.wait_for(gate.begun.wait(), 5)
        await own_redis.kill()
        gate.let_go.set()
        assert await running.ends() < 2 * CLOSE_S


async def test_several_workers_sweep_once_together(
    redis: ArqRedis, redis_socket: str, caplog: pytest.LogCaptureFixture
) -> None:
    swept_at: list[float] = []

    async def sweep() -> None:
        swept_at.append(time.time())

    async with a_worker(redis_socket, sweep=sweep), a_worker(redis_socket, sweep=sweep):
        await wait_until(lambda: len(swept_at) >= 2, 10, "the second sweep")
    assert swept_at[1] - swept_at[0] > 1
