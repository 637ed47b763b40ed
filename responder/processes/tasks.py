"""Background tasks: the death of one ends the process, whose end ends them all."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any

CANCEL_AGAIN_S = 1.0  # time for what a task does at its end

logger = logging.getLogger(__name__)


class Beside:
    """Background tasks beside a process's main work.

    ``stop`` ends it when one dies, since nobody would notice otherwise.
    """

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._tasks: list[asyncio.Task[None]] = []
        self._death: BaseException | None = None

    def start(self, *works: Coroutine[Any, Any, None]) -> "list[asyncio.Task[None]]":
        """Run the works until ``end``, or until they are done."""
        tasks = [asyncio.create_task(work) for work in works]
        for task in tasks:
            task.add_done_callback(self._look)
        self._tasks += tasks
        return tasks

    async def end(self) -> None:
        """Cancel what still runs, and return when all have ended."""
        await end(self._tasks)

    def raise_death(self) -> None:
        """Raise the error that one of them died of, if one has."""
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
    """Cancel tasks until each of them has ended, however it ends.

    Once is not enough: on Python 3.11 ``wait_for``, in which redis-py sends, may swallow a cancellation.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=again_s)
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Return when one of the works is done, and end the others. Raises what it died of."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(tasks)
