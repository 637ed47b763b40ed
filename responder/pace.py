"""The rate of texts across all workers; while Redis is away, each keeps to its share."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError as RedisAway

from responder.core.sms.times import Rate
from responder.errors import StorageError
from responder.jobs import connect
from responder.lean import without

COUNTED = "texts"  # the name in Redis under which they are counted
ANSWER_WITHIN_S = 0.5
LEFT_ALONE_S = 1.0  # after Redis did not answer

logger = logging.getLogger(__name__)
CountWorkers = Callable[[], Awaitable[int]]


class Share:
    """A worker's share of the rate, counted in this process alone."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self, wanted: int, rate: Rate, workers: int) -> int:
        """How many of these texts may go now if this many workers share the rate."""
        count = max(rate.count // workers, 1)
        period_s = rate.period.total_seconds() * max(workers / rate.count, 1)
        now = self._clock()
        while self._taken and self._taken[0] <= now - period_s:
            self._taken.popleft()
        granted = max(min(wanted, count - len(self._taken)), 0)
        self._taken.extend([now] * granted)
        return granted


class Pace:
    """Limits how many texts all workers together send in a period; ended by ``close``."""

    def __init__(self, url: str, rate: Rate, count_workers: CountWorkers, *, share: Share | None = None) -> None:
        self._rate = rate
        self._redis = connect(url, timeout_s=ANSWER_WITHIN_S)
        with without("coredis", "valkey"):  # other clients, which it would load to know their versions
            storage = RedisStorage(
                "async+redis://",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix="responder:pace",
                connection_pool=self._redis.connection_pool,  # type: ignore[arg-type]  # it takes any of the client's
            )
        self._limiter = MovingWindowRateLimiter(storage)
        self._item = RateLimitItemPerSecond(rate.count, int(rate.period.total_seconds()))
        self._count_workers = count_workers
        self._workers = 1
        self._share = share or Share()
        self._asked_again_at = 0.0

    async def take(self, count: int) -> int:
        """How many of the texts may go now."""
        granted = 0
        if time.monotonic() >= self._asked_again_at:
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    some = count
                    while some := min(some, count - granted):
                        if await self._limiter.hit(self._item, COUNTED, cost=some):
                            granted += some
                        else:
                            some //= 2  # which finds what is left in few questions
            except (RedisAway, OSError, TimeoutError):
                self._asked_again_at = time.monotonic() + LEFT_ALONE_S
                logger.warning("redis cannot be reached, texts go out at this worker's share of the rate")
            else:
                self._share.take(granted, self._rate, 1)  # so that a Redis that goes away gives nobody a second helping
                return granted
        return granted + self._share.take(count - granted, self._rate, await self._counted())

    async def _counted(self) -> int:
        try:
            self._workers = max(await self._count_workers(), 1)
        except StorageError:
            logger.debug("workers cannot be counted, there are as many as before")
        return self._workers

    async def forget(self) -> None:
        """Count anew: texts that a clock ahead has counted would hold up others until it is that time again."""
        with contextlib.suppress(RedisAway, OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._limiter.clear(self._item, COUNTED)

    async def close(self) -> None:
        """Let go of Redis."""
        await self._redis.aclose(close_connection_pool=True)
