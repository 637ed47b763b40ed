"""Tasks that run beside the others end when their process does."""

import asyncio

import pytest

from responder.tasks import end


async def swallows_one_cancellation(swallowed: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        swallowed.append("one")
    await asyncio.Event().wait()


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responder.tasks.CANCEL_AGAIN_S", 0.02)
    swallowed: list[str] = []
    task = asyncio.create_task(swallows_one_cancellation(swallowed))
    await asyncio.sleep(0)
    await asyncio.wait_for(end([task]), 10)
    assert (swallowed, task.cancelled()) == (["one"], True)


async def test_a_task_that_failed_holds_up_nobody() -> None:
    async def fails() -> None:
        raise ValueError

    failing, running = asyncio.create_task(fails()), asyncio.create_task(asyncio.Event().wait())
    await asyncio.wait_for(end([failing, running]), 10)
    assert running.cancelled()
