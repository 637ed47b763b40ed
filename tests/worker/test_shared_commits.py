"""What became of replies is recorded together, and none of them pays for another."""

import asyncio
from collections.abc import Sequence

import pytest

from responder.core.contact.effects import StepKind, StepStatus
from responder.errors import StorageError
from responder.store.outbound.claims import Fate
from responder.worker.attempts import SharedCommits
from tests.builders import reply_step
from tests.conftest import NOON
from tests.worker.conftest import Work
from tests.worker.going_out import going_out


class Records:
    """Remembers what was recorded together; each commit waits to be let through."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.second = asyncio.Event()
        self._gate = asyncio.Semaphore(0)
        self.refused: str | None = None

    async def record(self, fates: Sequence[Fate]) -> None:
        keys = [fate.key for fate in fates]
        self.commits.append(keys)
        if len(self.commits) > 1:
            self.second.set()
        await self._gate.acquire()
        if self.refused in keys:
            raise StorageError("no such text", is_in_the_data=True)

    def let_through(self, commits: int) -> None:
        for _ in range(commits):
            self._gate.release()


def sent(key: str, owner: str | None = None) -> Fate:
    return Fate(key=key, status=StepStatus.SENT, owner=owner)


async def begun(commits: SharedCommits, *keys: str) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(commits.add(sent(key))) for key in keys]
    await asyncio.sleep(0)
    return tasks


async def test_those_that_end_during_a_commit_share_the_next() -> None:
    records = Records()
    tasks = await begun(SharedCommits(record=records.record), "a", "b", "c")
    records.let_through(2)
    await asyncio.gather(*tasks)
    assert records.commits == [["a"], ["b", "c"]]


async def test_one_that_the_database_does_not_take_fails_alone() -> None:
    records = Records()
    records.refused = "b"
    tasks = await begun(SharedCommits(record=records.record), "a", "b", "c")
    records.let_through(4)
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in ended] == [type(None), StorageError, type(None)]


async def test_a_commit_that_is_broken_off_is_told_to_all_that_share_it() -> None:
    records = Records()
    commits = SharedCommits(record=records.record)
    first, leads, follows = await begun(commits, "a", "b", "c")
    records.let_through(1)
    await first
    await records.second.wait()
    leads.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leads
    with pytest.raises(StorageError):
        await follows


async def test_what_comes_after_a_failed_commit_is_recorded() -> None:
    records = Records()
    commits = SharedCommits(record=records.record)
    records.refused = "a"
    records.let_through(2)
    with pytest.raises(StorageError):
        await commits.add(sent("a"))
    await commits.add(sent("b"))
    assert records.commits == [["a"], ["b"]]


async def test_each_fate_is_weighed_by_its_own_lease(work: Work) -> None:
    async with going_out(work) as out:
        await out.queue(reply_step("k-1"), reply_step("k-2"))
    for owner in ("mine", "theirs"):
        await work.store.steps.claim(StepKind.REPLY, owner, NOON, 1)
    await work.store.steps.record([sent("k-1", "mine"), sent("k-2", "mine")], "mine", NOON)
    assert [row.status for row in await work.rows("steps", "key")] == ["sent", "sending"]
