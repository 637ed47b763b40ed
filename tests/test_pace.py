"""The pace of texts: one for all workers while Redis is there, a share for each while it is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from responder.core.sms.times import Rate, read_rate
from responder.errors import StorageError
from responder.jobs import connect
from responder.pace import CountWorkers, Pace, Share


@pytest.fixture
async def redis(redis_socket: str) -> str:
    """The address of an empty Redis."""
    client = connect(redis_socket, timeout_s=1)
    await client.flushall()
    await client.aclose(close_connection_pool=True)
    return redis_socket


async def three() -> int:
    return 3


@asynccontextmanager
async def pacing(
    url: str, rate: str, count_workers: CountWorkers = three, share: Share | None = None
) -> AsyncIterator[Pace]:
    pace = Pace(url, read_rate(rate), count_workers, share=share)
    try:
        yield pace
    finally:
        await pace.close()


async def test_as_many_go_as_the_rate_allows(redis: str) -> None:
    async with pacing(redis, "10/h") as pace:
        assert [await pace.take(4), await pace.take(20), await pace.take(1)] == [4, 6, 0]


async def test_all_workers_share_one_rate(redis: str) -> None:
    async with pacing(redis, "10/h") as one, pacing(redis, "10/h") as other:
        granted = await asyncio.gather(*(pace.take(3) for pace in (one, other) for _ in range(5)))
    assert sum(granted) == 10


async def test_a_worker_that_starts_again_gets_no_second_helping(redis: str) -> None:
    async with pacing(redis, "5/h") as before:
        await before.take(5)
    async with pacing(redis, "5/h") as after:
        assert await after.take(5) == 0


async def test_without_redis_each_worker_keeps_to_its_share(tmp_path: object) -> None:
    async with pacing(f"unix://{tmp_path}/none.sock", "9/h") as pace:
        assert [await pace.take(2), await pace.take(5)] == [2, 1]


async def test_what_went_through_redis_counts_once_it_is_away(redis: str) -> None:
    share = Share()
    async with pacing(redis, "9/h", share=share) as pace:
        await pace.take(3)
    async with pacing("unix:///nowhere/none.sock", "9/h", share=share) as pace:
        assert await pace.take(3) == 0


async def test_workers_that_cannot_be_counted_are_as_many_as_before(tmp_path: object) -> None:
    async def away() -> int:
        raise StorageError("away")

    async with pacing(f"unix://{tmp_path}/none.sock", "9/h", away) as pace:
        assert await pace.take(20) == 9


def test_a_share_comes_back_with_time() -> None:
    now = 0.0
    share = Share(clock=lambda: now)
    rate = Rate(count=10, period=timedelta(seconds=1))
    first = share.take(10, rate, 2)
    now = 0.99
    second = share.take(10, rate, 2)
    now = 1.0
    assert (first, second, share.take(10, rate, 2)) == (5, 0, 5)


def test_more_workers_than_texts_take_turns() -> None:
    now = 0.0
    share = Share(clock=lambda: now)
    rate = Rate(count=2, period=timedelta(seconds=1))
    taken = 0
    for tenth in range(100):
        now = tenth / 10
        taken += share.take(5, rate, 8)
    assert taken == 3  # of ten seconds, one every four: the eight of them send two a second
