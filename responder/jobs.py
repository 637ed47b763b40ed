"""Rings for a worker through arq: a hint that something waits in SQL, which nothing relies on."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any
from uuid import uuid4

from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms
from redis.asyncio import BlockingConnectionPool, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from responder.core.contact.effects import StepKind
from responder.core.outbound.gateway import Bell, Job
from responder.errors import StorageError, TransientError
from responder.processes.tasks import end

QUEUE = "responder:queue"
WAKE = "responder:wake"  # a list: whoever waits for it polls at once
WAKES = 4  # that stay while nobody waits
JOB_OF = {StepKind.REPLY: Job.REPLIES, StepKind.WEBHOOK: Job.WEBHOOKS}
BUDGET_S = 10.0  # after which a job starts nothing more and rings for another: well under JOB_TIMEOUT_S
JOB_TIMEOUT_S = 30  # a killed worker's job is locked for this and 10 s more; ours end earlier by themselves
EXPIRES_MS = 10 * 365 * 86_400_000  # arq drops jobs older than a day by default; ours are never too old
RING_EVERY_S = (
    0.05  # at most one job of a kind in this time: texts that come faster share a job, its commits and its cost
)
RING_SHARE = 0.05  # of the time may be spent on ringing, which takes longer the more there is to do
LONGEST_PAUSE_S = 0.1  # between two rings, however long they take
RING_DEADLINE_S = 0.5  # for a Redis that does not answer
RING_AGAIN_S = (0.05, 0.2, 0.5, 1.0, 2.0)  # pauses after failures

logger = logging.getLogger(__name__)
JobBody = Callable[[], Awaitable[None]]


def dumps(value: dict[str, Any]) -> bytes:
    """A job as JSON: with arq's own pickle, whoever can write to Redis could run code here."""
    return json.dumps(value, default=str).encode()


def loads(data: bytes) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(data)
    return loaded


class Direct(AbstractConnection):
    """A connection that makes no task and no timer to write what the system takes at once.

    redis-py does, for each command and for a look whether the connection still stands: most of what a command costs.
    """

    async def can_read_destructive(self) -> bool:
        reader, writer = self._reader, self._writer
        if reader is None or writer is None or writer.is_closing():
            return True
        return reader.at_eof() or reader.exception() is not None

    async def send_packed_command(
        self,
        command: bytes | str | Iterable[bytes],
        check_health: bool = True,  # noqa: FBT001, FBT002  (redis-py's own)
    ) -> None:
        """Write a command, after a moment's wait if an earlier one has not left yet."""
        writer = self._writer
        if writer is None or isinstance(command, bytes | str) or writer.transport.get_write_buffer_size():
            await super().send_packed_command(command, check_health)
        else:
            writer.writelines(command)


KINDS: tuple[type[AbstractConnection], ...] = (Connection, SSLConnection, UnixDomainSocketConnection)
DIRECT = {kind: type(f"Direct{kind.__name__}", (Direct, kind), {}) for kind in KINDS}


def connect(url: str, *, timeout_s: float) -> ArqRedis:
    """A pool of connections that gives up in time and retries after short faults; arq's settings allow neither.

    A refused connection reaches redis-py as an ``OSError``. A timeout is no short fault: retries within retries would
    hide a frozen Redis for half a minute.
    """
    short_faults: list[type[Exception]] = [RedisConnectionError, OSError]
    backoff = ExponentialBackoff(cap=0.5, base=0.05)
    retry = Retry(backoff, 3, supported_errors=tuple(short_faults))  # type: ignore[arg-type]  # it takes any
    keepalive = {} if url.startswith("unix") else {"socket_keepalive": True}  # unix sockets refuse the argument
    pool = BlockingConnectionPool.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=1,
        max_connections=32,
        timeout=timeout_s,
        retry=retry,
        retry_on_error=short_faults,
        **keepalive,
    )
    pool.connection_class = DIRECT[pool.connection_class]
    return ArqRedis(
        pool, job_serializer=dumps, job_deserializer=loads, default_queue_name=QUEUE, expires_extra_ms=EXPIRES_MS
    )


async def redis_policy(redis: ArqRedis) -> str:
    """What Redis does when its memory is full. Raises TransientError if it cannot be asked."""
    try:
        async with asyncio.timeout(RING_DEADLINE_S * 4):
            answer = await redis.info("memory")
    except (RedisError, OSError, TimeoutError) as error:
        raise TransientError(f"Redis does not answer: {type(error).__name__}") from None
    return str(answer.get("maxmemory_policy", "noeviction"))


def pause_s(took_s: float) -> float:
    """The pause after a ring that took so long.

    >>> [pause_s(took_s) for took_s in (0.001, 0.004, 0.5)]
    [0.05, 0.08, 0.1]
    """
    return min(max(RING_EVERY_S, took_s / RING_SHARE), LONGEST_PAUSE_S)


class ArqBell:
    """Rings for a worker, in a task of its own. Each ring is a job with a new id, since a fixed id loses wake-ups."""

    def __init__(self, redis: ArqRedis) -> None:
        self.redis = redis
        self._waiting: set[Job] = set()
        self._rung = asyncio.Event()

    def ring(self, job: Job) -> None:
        """Say that something waits. Never waits and never fails."""
        self._waiting.add(job)
        self._rung.set()

    async def run(self) -> None:
        """Enqueue the rings until cancelled, again if they may not have arrived."""
        failures = 0
        while True:
            await self._rung.wait()
            self._rung.clear()
            jobs, self._waiting = self._waiting, set()
            began_at = time.monotonic()
            if not await self._enqueue(jobs):
                self._waiting |= jobs
                self._rung.set()
                if failures == 0:
                    logger.warning(
                        "redis cannot be reached, messages wait in the database and are handled when it is back"
                    )
                await asyncio.sleep(RING_AGAIN_S[min(failures, len(RING_AGAIN_S) - 1)])
                failures += 1
                continue
            if failures:
                logger.info("redis is back")
            failures = 0
            await asyncio.sleep(pause_s(time.monotonic() - began_at))

    async def _enqueue(self, jobs: Collection[Job]) -> bool:
        """Queue a job for each ring, let a worker poll now, and tell whether that is certain, in one trip.

        The jobs are arq's. It makes three trips itself, to see whether the name is taken: ours are new.
        """
        now_ms = timestamp_ms()
        try:
            async with asyncio.timeout(RING_DEADLINE_S), self.redis.pipeline(transaction=True) as pipe:
                for job in jobs:
                    name = uuid4().hex
                    pipe.psetex(
                        job_key_prefix + name,
                        EXPIRES_MS,
                        serialize_job(job.value, (), {}, None, now_ms, serializer=dumps),
                    )
                    pipe.zadd(QUEUE, {name: now_ms})
                pipe.lpush(WAKE, b"")
                pipe.ltrim(WAKE, 0, WAKES - 1)
                await pipe.execute()
        except Exception:  # noqa: BLE001  (whatever it is, the ring has not certainly arrived)
            return False
        return True

    async def close(self) -> None:
        """Let go of Redis."""
        await self.redis.aclose(close_connection_pool=True)


async def guarded(body: JobBody) -> None:
    """Do a job's work, and never raise. What it could not do waits in SQL for the sweep."""
    try:
        await body()
    except StorageError as error:
        logger.error("database failed reason=%s", error)  # noqa: TRY400  (a traceback says no more)
    except Exception:
        logger.exception("job failed")


class NearBell:
    """A bell for this worker alone; before ``open`` and after ``close``, one for any worker."""

    def __init__(self, far: Bell) -> None:
        self.far = far
        self._bodies: Mapping[Job, JobBody] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._closed_at: float | None = None

    def open(self, bodies: Mapping[Job, JobBody]) -> None:
        self._bodies = bodies

    def ring(self, job: Job) -> None:
        """Say that something waits. Never waits and never fails."""
        if body := self._bodies.get(job):
            running = asyncio.create_task(self._run(body))
            self._running.add(running)
            running.add_done_callback(self._running.discard)
        else:
            self.far.ring(job)

    async def _run(self, body: JobBody) -> None:
        """Do a job, for no longer than arq would let it run."""
        try:
            async with asyncio.timeout(JOB_TIMEOUT_S):
                await guarded(body)
        except TimeoutError:
            logger.error("job took too long, what is left waits in the database")  # noqa: TRY400  (likewise)

    def close(self) -> None:
        """Begin nothing more here."""
        self._bodies = {}
        self._closed_at = self._closed_at or time.monotonic()

    async def finish(self, within_s: float) -> None:
        """Let what runs here end, so long after ``close``, and cut off the rest."""
        self.close()
        if self._running and self._closed_at:
            await asyncio.wait(self._running, timeout=max(self._closed_at + within_s - time.monotonic(), 0))
        await end(list(self._running))
