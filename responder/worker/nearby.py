"""Rings inside a worker: what follows from its own work it does at once, where a ring through Redis takes its time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from responder.core.outbound.gateway import Bell, Job
from responder.errors import StorageError
from responder.jobs import JOB_TIMEOUT_S
from responder.processes.tasks import end

logger = logging.getLogger(__name__)
JobBody = Callable[[], Awaitable[None]]


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
        """Do these jobs here from now on."""
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
