"""Tasks that run for as long as their process does: a death among them ends it, and its end ends them."""

import asyncio
import gc
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any

CANCEL_AGAIN_S = 1.0  # time for what a task does at its end

logger = logging.getLogger(__name__)


class Beside:
    """What runs beside the main work of a process, which ``stop`` ends when one of these tasks dies: nobody would notice else."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._tasks: list[asyncio.Task[None]] = []
        self._death: BaseException | None = None

    def start(self, *works: Coroutine[Any, Any, None]) -> "list[asyncio.Task[None]]":
        """Run works until ``end``, or until they are done."""
        tasks = [asyncio.create_task(work) for work in works]
        for task in tasks:
            task.add_done_callback(self._look)
        self._tasks += tasks
        return tasks

    async def end(self) -> None:
        """Cancel what still runs, and return when all have ended."""
        await end(self._tasks)

    def raise_death(self) -> None:
        """Raise what one of them died of; nothing if none has."""
        if self._death:
            raise self._death

    def _look(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            death: BaseException | None = None if task.cancelling() else RuntimeError("it was cancelled from within")
        else:
            death = task.exception()
        if death:
            self._death = self._death or death
            logger.critical("background task died, so that the process ends task=%s", task.get_coro(), exc_info=death)
            self._stop()


async def end(tasks: Collection[asyncio.Task[Any]], *, again_s: float = CANCEL_AGAIN_S) -> None:
    """Cancel tasks until each of them has ended, however it did.

    Once is not enough: on Python 3.11 ``wait_for``, in which redis-py sends, may swallow a cancellation.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=again_s)
    await asyncio.gather(*tasks, return_exceptions=True)


YOUNG = 50_000  # new values before a look at the young ones: with the default 700, a batch of messages is looked through hundreds of times


def collect_rarely() -> None:
    """Leave what was made at the start out of every collection, and look at the rest less often; an eighth less work a message."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
