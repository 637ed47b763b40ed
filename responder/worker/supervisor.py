"""The arq side: jobs that handle, deliver and sweep, and a supervisor that survives the loss of Redis."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from arq import cron, func
from arq.connections import ArqRedis
from arq.worker import Worker
from redis.exceptions import RedisError

from responder.core.contact.effects import StepKind
from responder.core.outbound.gateway import Bell, Clock, Job
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Event
from responder.jobs import EXPIRES_MS, JOB_OF, JOB_TIMEOUT_S, QUEUE, WAKE, JobBody, dumps, guarded, loads
from responder.processes.tasks import end
from responder.store.base.database import Database
from responder.store.base.locking import end_frozen
from responder.store.inbox.inbox import SqlInbox
from responder.store.outbound.abandoned import due_kinds, has_abandoned, settle_abandoned
from responder.store.outbound.reports import SqlReports
from responder.worker.delivery import Deliverer
from responder.worker.handling import Handler
from responder.worker.waiting import Awaiting, Reminders

POLL_EVERY_S = 0.2  # where nobody rings; a ring brings the next poll about at once
MAX_JOBS = 20  # wake-ups at once; the work inside them has limits of its own
READ_LIMIT = 1000  # more than the jobs that dead workers may have left locked, which would hide new ones
NEVER_TOO_MANY_TRIES = 1_000_000  # arq counts restarts as tries and drops a job that has too many
SWEEP_SECONDS = set(range(0, 60, 2))
FINISH_S = 20.0  # for what runs when the worker is told to stop; with closing, well under 30 s
CLOSE_S = 4.0
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Sweep:
    """Finds waiting work in SQL and rings for it, so that whatever Redis forgot continues within seconds."""

    database: Database
    inbox: SqlInbox
    reports: SqlReports
    bell: Bell
    clock: Clock
    rules: Callable[[], Rules]
    reminders: Reminders | None = None
    awaiting: Awaiting | None = None
    _sweeping: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def sweep(self) -> None:
        """Ring for whatever waits, queue due reminders, and settle what killed workers left."""
        if self._sweeping.locked():
            return
        async with self._sweeping:
            await self._sweep()

    async def _sweep(self) -> None:
        now = self.clock()
        if await self.inbox.oldest_waiting():  # before the reminders, so that answers to earlier ones count
            self.bell.ring(Job.HANDLE)
        if self.reminders:
            await self.reminders.queue()
        if self.awaiting:
            await self.awaiting.settle_late()
        notified = self.rules().webhooks_for(Event.DELIVERY_CHANGED)
        if frozen := await end_frozen(self.database):
            logger.warning("database sessions of a frozen process ended count=%d", frozen)
        if await has_abandoned(self.database, now):
            logger.warning(
                "steps of a killed worker settled count=%d", await settle_abandoned(self.database, now, notified)
            )
        for key, status in await self.reports.match_strays(now):
            logger.info("report settled key=%s status=%s", key, status)
        for kind in await due_kinds(self.database, now):
            self.bell.ring(JOB_OF[kind])


def job_bodies(handler: Handler, deliverer: Deliverer, reminders: Reminders) -> dict[str, JobBody]:
    async def deliver_replies() -> None:
        await deliverer.deliver(StepKind.REPLY)

    async def deliver_webhooks() -> None:
        await deliverer.deliver(StepKind.WEBHOOK)

    return {
        Job.HANDLE: handler.handle,
        Job.REPLIES: deliver_replies,
        Job.WEBHOOKS: deliver_webhooks,
        Job.REMINDERS: reminders.queue,
    }


class WokenWorker(Worker):
    """arq's worker, which waits for a ring between two polls."""

    poll_every_s = POLL_EVERY_S

    async def _poll_iteration(self) -> None:
        await super()._poll_iteration()
        await self.pool.execute_command("BLPOP", WAKE, self.poll_every_s)  # type: ignore[no-untyped-call]


def arq_worker(
    redis: ArqRedis, bodies: dict[str, JobBody], sweep: JobBody, name: str, poll_every_s: float = POLL_EVERY_S
) -> Worker:
    """A worker for one connection to Redis; the reasons for its settings stand above or in ``jobs``."""
    worker = WokenWorker(
        functions=[func(_job(body), name=job, timeout=JOB_TIMEOUT_S) for job, body in bodies.items()],
        cron_jobs=[cron(_job(sweep), name="sweep", second=SWEEP_SECONDS, timeout=JOB_TIMEOUT_S, unique=True)],
        redis_pool=redis,
        queue_name=QUEUE,
        job_serializer=dumps,
        job_deserializer=loads,
        handle_signals=False,
        poll_delay=0,
        max_jobs=MAX_JOBS,
        queue_read_limit=READ_LIMIT,
        keep_result=0,
        log_results=False,
        job_timeout=JOB_TIMEOUT_S,
        max_tries=NEVER_TOO_MANY_TRIES,
        expires_extra_ms=EXPIRES_MS,
        health_check_interval=10,
        health_check_key=f"{QUEUE}:health:{name}",
    )
    worker.poll_every_s = poll_every_s
    return worker


def _job(body: JobBody) -> Any:  # noqa: ANN401  (arq's own type of coroutine)
    """The body as an arq job that never raises."""

    async def job(_context: dict[Any, Any]) -> None:
        await guarded(body)

    return job


class Supervisor:
    """Keeps a worker alive: when Redis is lost it makes new ones, until told to stop."""

    def __init__(self, make: Callable[[], Worker]) -> None:
        self._make = make
        self._worker: Worker | None = None
        self._stopping = asyncio.Event()
        self._has_redis = False
        self._change = asyncio.Condition()

    @property
    def has_redis(self) -> bool:
        return self._has_redis

    async def changed(self, *, reported: bool) -> None:
        """Return when ``has_redis`` differs from what was reported."""
        async with self._change:
            await self._change.wait_for(lambda: self._has_redis is not reported)

    async def _set_redis(self, *, has_redis: bool) -> None:
        async with self._change:
            self._has_redis = has_redis
            self._change.notify_all()

    async def forget_times(self) -> None:
        """Reckon anew when the sweep is due: arq waits for a time that it reckoned once, whatever the clock does."""
        for job in self._worker.cron_jobs if self._worker else ():
            job.next_run = None

    def stop(self) -> None:
        """Finish the running jobs, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Run one worker after another until ``stop``; the jobs of one that lost Redis end beside its successor."""
        failures = 0
        retiring: set[asyncio.Task[None]] = set()
        while not self._stopping.is_set():
            worker = self._worker = self._make()
            running = asyncio.create_task(self._run_one(worker))
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            started = self._has_redis
            await self._set_redis(has_redis=False)
            retiring = {task for task in retiring if not task.done()} | {asyncio.create_task(_retire(worker, running))}
            failures = 0 if started else failures + 1
            if not self._stopping.is_set():
                if started:
                    logger.warning("redis was lost, trying again until it is back")
                spread = random.uniform(0.5, 1.5)  # noqa: S311  (no secret)
                pause_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)] * spread
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause_s)
        await asyncio.wait(retiring)

    async def _run_one(self, worker: Worker) -> None:
        try:
            await worker.pool.ping()
            await self._set_redis(has_redis=True)
            logger.info("worker ready")
            await worker.async_run()
        except (RedisError, OSError) as error:
            logger.debug("redis failed error=%s", type(error).__name__)
        except Exception:
            logger.exception("worker failed")


async def _retire(worker: Worker, running: asyncio.Task[None]) -> None:
    """Start no more jobs, and let the running ones end: a text cut off would be uncertain."""
    await end([running])
    jobs, redis = list(worker.tasks.values()), worker.pool
    if jobs:
        await asyncio.wait(jobs, timeout=FINISH_S)
    with contextlib.suppress(BaseException):  # cancelled jobs and a lost Redis no longer matter
        await asyncio.wait_for(worker.close(), CLOSE_S)
    with contextlib.suppress(RedisError, OSError):  # arq leaves connections open if its own end fails half-way
        await redis.aclose(close_connection_pool=True)
