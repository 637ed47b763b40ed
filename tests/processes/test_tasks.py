"""Tasks that run beside the others end when their process does."""

import asyncio

import pytest

from responder.processes.tasks import Beside, end


async def swallows_one_cancellation(swallowed: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        swallowed.append("one")
    await asyncio.Event().wait()


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same() -> None:
    swallowed: list[str] = []
    task = asyncio.create_task(swallows_one_cancellation(swallowed))
    await asyncio.sleep(0)
    await asyncio.wait_for(end([task], again_s=0.02), 10)
    assert (swallowed, task.cancelled()) == (["one"], True)


async def test_a_task_that_failed_holds_up_nobody() -> None:
    async def fails() -> None:
        raise ValueError

    failing, running = asyncio.create_task(fails()), asyncio.create_task(asyncio.Event().wait())
    await asyncio.wait_for(end([failing, running]), 10)
    assert running.cancelled()


async def fails() -> None:
    raise ValueError("died")


async def is_cancelled_from_within() -> None:
    raise asyncio.CancelledError


async def test_a_death_beside_the_main_work_ends_it_and_is_raised() -> None:
    stopped = asyncio.Event()
    beside = Beside(stopped.set)
    beside.start(asyncio.sleep(60), fails())
    await asyncio.wait_for(stopped.wait(), 10)
    await beside.end()
    with pytest.raises(ValueError, match="died"):
        beside.raise_death()


async def test_a_task_that_is_cancelled_from_within_has_died() -> None:
    stopped = asyncio.Event()
    beside = Beside(stopped.set)
    beside.start(is_cancelled_from_within())
    await asyncio.wait_for(stopped.wait(), 10)
    with pytest.raises(RuntimeError):
        beside.raise_death()


async def test_what_is_done_or_ended_in_time_has_not_died() -> None:
    stopped = asyncio.Event()
    beside = Beside(stopped.set)
    beside.start(asyncio.sleep(60), asyncio.sleep(0))
    await asyncio.sleep(0)
    await beside.end()
    beside.raise_death()
    assert not stopped.is_set()
