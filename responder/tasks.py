"""Ending tasks that run for as long as their process does."""

import asyncio
from collections.abc import Collection
from typing import Any

CANCEL_AGAIN_S = 1.0  # time for what a task does at its end


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until each of them has ended, however it did.

    Once is not enough: on Python 3.11 ``wait_for``, in which redis-py sends, may swallow a cancellation.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
