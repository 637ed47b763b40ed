"""Rings: jobs without contents that arrive when they can, and never hold anybody up."""

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.constants import job_key_prefix

from responder.core.outbound.gateway import Job
from responder.errors import TransientError
from responder.jobs import QUEUE, RING_EVERY_S, WAKE, WAKES, ArqBell, connect, redis_policy
from responder.processes.tasks import end
from responder.worker.serve import _check_policy
from tests.conftest import wait_until
from tests.worker.own_redis import OwnRedis

YEAR_MS = 365 * 86_400_000


@asynccontextmanager
async def a_bell(redis: ArqRedis) -> AsyncIterator[ArqBell]:
    """A bell whose rings are passed on."""
    bell = ArqBell(redis)
    running = asyncio.create_task(bell.run())
    try:
        yield bell
    finally:
        await end([running])
        await bell.close()


async def names(redis: ArqRedis) -> list[str]:
    return [name.decode() for name in await redis.zrange(QUEUE, 0, -1)]


async def wait_for_jobs(redis: ArqRedis, count: int) -> None:
    async def have_come() -> bool:
        return len(await names(redis)) >= count

    await wait_until(have_come, 10, f"{count} jobs")


def cut_connections(redis_socket: str) -> None:
    """Close every other connection to Redis, now and in the middle of whatever they do."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(redis_socket.removeprefix("unix://"))
        connection.sendall(b"CLIENT KILL TYPE normal\r\n")
        assert connection.recv(100).startswith(b":")


@dataclass(kw_only=True)
class CutOff:
    """Closes all connections to Redis right behind each of the first commands that are written to it."""

    redis_socket: str
    times: int
    sent: list[bytes] = field(default_factory=list)

    def connect(self) -> ArqRedis:
        """A Redis whose connections are closed so."""
        redis, cut = connect(self.redis_socket, timeout_s=1), self

        class Cut(redis.connection_pool.connection_class):  # type: ignore[name-defined,misc]  # chosen by the address
            async def send_packed_command(self, command: list[bytes], **options: Any) -> None:
                await super().send_packed_command(command, **options)
                cut.sent.append(b"".join(command))
                if len(cut.sent) <= cut.times:
                    cut_connections(cut.redis_socket)

        redis.connection_pool.connection_class = Cut
        return redis


async def test_a_ring_becomes_a_job_of_its_kind(redis: ArqRedis) -> None:
    async with a_bell(redis) as bell:
        bell.ring(Job.REPLIES)
        await wait_for_jobs(redis, 1)
        assert [job.function for job in await redis.queued_jobs()] == ["deliver_replies"]


async def test_each_ring_has_a_name_of_its_own_so_that_none_hides_behind_a_job_that_is_running(redis: ArqRedis) -> None:
    async with a_bell(redis) as bell:
        for count in (1, 2, 3):
            bell.ring(Job.HANDLE)
            await wait_for_jobs(redis, count)
        assert len(set(await names(redis))) == 3


async def test_a_thousand_rings_at_once_are_one_job_of_each_kind(redis: ArqRedis) -> None:
    async with a_bell(redis) as bell:
        for _ in range(1000):
            bell.ring(Job.HANDLE)
            bell.ring(Job.WEBHOOKS)
        await wait_for_jobs(redis, 2)
        bell.ring(Job.REPLIES)  # passed on after all that were rung before
        await wait_for_jobs(redis, 3)
        assert sorted(job.function for job in await redis.queued_jobs()) == [
            "deliver_replies",
            "deliver_webhooks",
            "handle",
        ]


async def test_steady_ringing_makes_at_most_one_job_in_fifty_milliseconds(redis: ArqRedis) -> None:
    async with a_bell(redis) as bell:
        rings = 0
        while rings < 1000 or len(await names(redis)) < 5:
            bell.ring(Job.HANDLE)
            rings += 1
            await asyncio.sleep(0)
        made_at = sorted(job.enqueue_time for job in await redis.queued_jobs())
    gaps_s = [(later - earlier).total_seconds() for earlier, later in pairwise(made_at)]
    assert min(gaps_s) >= RING_EVERY_S - 0.001  # arq notes whole milliseconds


async def test_rings_that_wake_nobody_do_not_pile_up(redis: ArqRedis) -> None:
    async with a_bell(redis) as bell:
        for count in range(1, 2 * WAKES):
            bell.ring(Job.HANDLE)
            await wait_for_jobs(redis, count)
        bell.ring(Job.REPLIES)
        await wait_for_jobs(redis, 2 * WAKES)
        assert 0 < await redis.execute_command("LLEN", WAKE) <= WAKES  # type: ignore[no-untyped-call]


async def test_a_job_is_json_and_carries_nothing(redis: ArqRedis) -> None:
    async with a_bell(redis) as bell:
        bell.ring(Job.HANDLE)
        await wait_for_jobs(redis, 1)
        stored = json.loads(await redis.get(job_key_prefix + (await names(redis))[0]) or b"")
    assert (stored["f"], stored["a"], stored["k"]) == ("handle", [], {})


async def test_a_job_is_still_there_after_a_year_without_a_worker(redis: ArqRedis) -> None:
    async with a_bell(redis) as bell:
        bell.ring(Job.HANDLE)
        await wait_for_jobs(redis, 1)
        assert await redis.pttl(job_key_prefix + (await names(redis))[0]) > YEAR_MS


@pytest.mark.parametrize("times", [1, 3, 6])
async def test_a_ring_whose_connection_breaks_in_the_middle_is_rung_again(
    redis: ArqRedis, redis_socket: str, times: int
) -> None:
    cut = CutOff(redis_socket=redis_socket, times=times)
    async with a_bell(cut.connect()) as bell:
        bell.ring(Job.HANDLE)
        await wait_until(lambda: len(cut.sent) > times, 10, "a ring that nobody cuts off")
        await wait_for_jobs(redis, 1)


async def test_a_connection_that_broke_while_nobody_rang_is_replaced_at_once(
    redis: ArqRedis, redis_socket: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bell(connect(redis_socket, timeout_s=1)) as bell:
        for count in (1, 2, 3):
            bell.ring(Job.HANDLE)
            await wait_for_jobs(redis, count)
            cut_connections(redis_socket)
    assert not caplog.text


async def test_a_ring_is_one_trip_to_redis(redis: ArqRedis, redis_socket: str) -> None:
    cut = CutOff(redis_socket=redis_socket, times=0)
    async with a_bell(cut.connect()) as bell:
        bell.ring(Job.HANDLE)
        bell.ring(Job.WEBHOOKS)
        await wait_for_jobs(redis, 2)
    assert [sent.count(b"ZADD") for sent in cut.sent if b"CLIENT" not in sent] == [2]


async def test_what_was_rung_while_redis_was_away_arrives_when_it_is_back(
    own_redis: OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "responder.jobs")
    await own_redis.start()
    redis = connect(own_redis.url, timeout_s=1)
    async with a_bell(redis) as bell:
        bell.ring(Job.HANDLE)
        await wait_for_jobs(redis, 1)
        await own_redis.kill()
        bell.ring(Job.HANDLE)
        bell.ring(Job.REPLIES)
        await wait_until(lambda: "redis cannot be reached" in caplog.text, 5, "the warning")
        await own_redis.start()
        await wait_for_jobs(redis, 2)
        await wait_until(lambda: "redis is back" in caplog.text, 5, "the good news")
        assert sorted(job.function for job in await redis.queued_jobs()) == ["deliver_replies", "handle"]
    assert caplog.text.count("redis cannot be reached") == 1


async def test_a_frozen_redis_holds_nobody_up_and_gets_the_ring_when_it_goes_on(
    own_redis: OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    await own_redis.start()
    redis = connect(own_redis.url, timeout_s=1)
    async with a_bell(redis) as bell:
        bell.ring(Job.HANDLE)
        await wait_for_jobs(redis, 1)
        own_redis.freeze()
        ringing_s, longest_turn_s = 0.0, 0.0
        while "redis cannot be reached" not in caplog.text:
            begun = time.perf_counter()
            bell.ring(Job.REPLIES)
            rung = time.perf_counter()
            await asyncio.sleep(0.01)
            ringing_s, longest_turn_s = ringing_s + rung - begun, max(longest_turn_s, time.perf_counter() - rung)
        own_redis.thaw()
        await wait_for_jobs(redis, 2)
    assert ringing_s < 0.5
    assert longest_turn_s < 0.45


async def test_redis_tells_what_it_does_when_it_is_full(redis: ArqRedis) -> None:
    assert await redis_policy(redis) == "noeviction"


async def test_a_redis_that_is_away_cannot_tell_its_policy(own_redis: OwnRedis) -> None:
    redis = connect(own_redis.url, timeout_s=1)
    with pytest.raises(TransientError, match="Redis does not answer"):
        await redis_policy(redis)
    await redis.aclose(close_connection_pool=True)


@pytest.mark.parametrize(("policy", "warnings"), [("allkeys-lru", 1), ("noeviction", 0)])
async def test_a_worker_warns_of_a_redis_that_throws_jobs_away(
    own_redis: OwnRedis, caplog: pytest.LogCaptureFixture, policy: str, warnings: int
) -> None:
    await own_redis.start("--maxmemory-policy", policy)
    bell = ArqBell(connect(own_redis.url, timeout_s=1))
    await _check_policy(bell)
    await bell.close()
    assert caplog.text.count("set its maxmemory-policy to noeviction policy=allkeys-lru") == warnings
    assert len(caplog.records) == warnings
