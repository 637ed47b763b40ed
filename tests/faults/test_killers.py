"""A worker killed while it handles a message counts as one death, and in the end sets it aside."""

import asyncio
import multiprocessing
import signal
from datetime import datetime

from responder.rulefile import read_rules
from responder.store.base.database import Database
from responder.store.inbox.inbox import GIVE_UP_AFTER, LEASE
from tests.builders import inbound
from tests.conftest import StandingClock, store_on
from tests.faults.mortal import end
from tests.worker.conftest import RULES, Work, work

__all__ = ["work"]  # the fixture
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.mortal"])


def live(url: str, now: datetime) -> None:
    """Handle what waits, and end of it."""
    asyncio.run(_handle(url, now))


async def _handle(url: str, now: datetime) -> None:
    store = await store_on(Database(url))
    handler = Work(store=store, clock=StandingClock(now), rules=read_rules(RULES, "rules.yaml", {})).handler()
    handler.rules = end  # with messages in its hands
    await handler.handle()


async def kill_a_worker(url: str, work: Work) -> None:
    process = FORKS.Process(target=live, args=(url, work.clock()))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL
    work.clock.now += 2 * LEASE


async def test_a_message_that_kills_workers_again_and_again_is_set_aside_with_the_true_reason(
    work: Work, migrated_url: str
) -> None:
    await work.receive(inbound("News ON"))
    await kill_a_worker(migrated_url, work)
    assert [row.attempts for row in await work.rows("messages")] == [0]  # nobody has seen the lease run out
    for _ in range(GIVE_UP_AFTER - 1):
        await kill_a_worker(migrated_url, work)
    await work.handler().handle()
    [row] = await work.rows("messages")
    assert (row.status, row.error) == ("failed", f"{GIVE_UP_AFTER} workers died while they handled it")
