"""Intake: one commit for all that wait, a truthful word to each, and a ring that nothing rests on."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.core.outbound.gateway import Job
from responder.core.sms.message import Channel, Inbound
from responder.errors import StorageError
from responder.intake import LONGEST_WAIT_S, Intake
from tests.builders import inbound
from tests.conftest import NOON, wait_until


class RememberingInbox:
    """Keeps batches, and can be held, broken, or made to choke on one text."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.answer_ms: dict[str, int] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: BaseException | None = None
        self.chokes_on: str | None = None

    async def add(self, batch: Sequence[Inbound], answer_ms: Mapping[str, int]) -> None:
        await self.gate.wait()
        if self.failure:
            raise self.failure
        if any(message.text == self.chokes_on for message in batch):
            raise StorageError("bad row", is_in_the_data=True)
        if batch:
            self.batches.append([message.text for message in batch])
        self.answer_ms |= answer_ms


class CountingBell:
    """Counts its rings."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self, job: Job) -> None:
        assert job is Job.HANDLE
        self.rings += 1


@pytest.fixture
def inbox() -> RememberingInbox:
    return RememberingInbox()


@pytest.fixture
def bell() -> CountingBell:
    return CountingBell()


@contextlib.asynccontextmanager
async def running(intake: Intake, inbox: RememberingInbox) -> AsyncIterator[Intake]:
    task = asyncio.create_task(intake.run())
    yield intake
    intake.close()
    inbox.gate.set()
    await asyncio.wait_for(task, 5)


@pytest.fixture
async def intake(inbox: RememberingInbox, bell: CountingBell) -> AsyncIterator[Intake]:
    async with running(Intake(inbox, bell), inbox) as intake:
        yield intake


@pytest.fixture
async def impatient(inbox: RememberingInbox, bell: CountingBell) -> AsyncIterator[Intake]:
    """An intake whose requests wait a moment only, and whose statistics no longer."""
    async with running(Intake(inbox, bell, longest_wait_s=0.05, answer_times_after_s=0.01), inbox) as intake:
        yield intake


def take(intake: Intake, text: str) -> asyncio.Task[None]:
    return asyncio.create_task(intake.take(inbound(text), time.monotonic()))


async def test_messages_that_arrive_during_a_commit_share_the_next(intake: Intake, inbox: RememberingInbox) -> None:
    inbox.gate.clear()
    requests = [take(intake, "first")]
    await asyncio.sleep(0)
    await wait_until(lambda: not intake._waiting)
    requests += [take(intake, f"m{n}") for n in range(5)]
    await asyncio.sleep(0)
    inbox.gate.set()
    await asyncio.gather(*requests)
    assert inbox.batches == [["first"], ["m0", "m1", "m2", "m3", "m4"]]


async def test_what_a_gateway_sends_upon_an_answer_goes_along_with_what_waits_already(
    intake: Intake, inbox: RememberingInbox
) -> None:
    async def converse() -> None:
        await take(intake, "first")
        await asyncio.sleep(0)  # a turn of the event loop, in which the answer leaves
        await take(intake, "upon the answer")

    inbox.gate.clear()
    conversation = asyncio.create_task(converse())
    await wait_until(lambda: bool(intake._taken))
    waiting = take(intake, "waits already")
    await asyncio.sleep(0)
    inbox.gate.set()
    await asyncio.gather(conversation, waiting)
    assert inbox.batches == [["first"], ["waits already", "upon the answer"]]


async def test_a_message_that_comes_alone_is_committed_at_once(intake: Intake, inbox: RememberingInbox) -> None:
    await asyncio.sleep(0)
    request = take(intake, "alone")
    for _ in range(2):  # turns: one to take it, one to commit it
        await asyncio.sleep(0)
    assert inbox.batches == [["alone"]]
    await request


async def test_no_request_is_answered_before_its_commit(intake: Intake, inbox: RememberingInbox) -> None:
    inbox.gate.clear()
    request = take(intake, "early")
    await asyncio.sleep(0.05)
    assert not request.done()
    inbox.gate.set()
    await request


async def test_every_request_of_a_failed_commit_is_told(
    intake: Intake, inbox: RememberingInbox, bell: CountingBell
) -> None:
    inbox.failure = StorageError("disk full")
    results = await asyncio.gather(*(take(intake, f"m{n}") for n in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [StorageError] * 3
    assert bell.rings == 0


async def test_intake_goes_on_after_a_failed_commit(intake: Intake, inbox: RememberingInbox) -> None:
    inbox.failure = StorageError("disk full")
    with contextlib.suppress(StorageError):
        await take(intake, "lost")
    inbox.failure = None
    await take(intake, "kept")
    assert inbox.batches == [["kept"]]


async def test_intake_goes_on_after_whatever_its_inbox_raises(intake: Intake, inbox: RememberingInbox) -> None:
    inbox.failure = ValueError("no active connection")
    results = await asyncio.gather(*(take(intake, f"m{n}") for n in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [StorageError] * 3
    inbox.failure = None
    await take(intake, "kept")
    assert (inbox.batches, intake.is_taking) == ([["kept"]], True)


async def test_an_intake_takes_while_it_runs(inbox: RememberingInbox, bell: CountingBell) -> None:
    intake = Intake(inbox, bell)
    assert not intake.is_taking
    running = asyncio.create_task(intake.run())
    await wait_until(lambda: intake.is_taking)
    inbox.failure = asyncio.CancelledError()
    request = take(intake, "lost")
    await asyncio.wait([running])
    assert not intake.is_taking
    request.cancel()


async def test_an_intake_whose_commit_does_not_end_takes_nothing(impatient: Intake, inbox: RememberingInbox) -> None:
    inbox.gate.clear()
    with pytest.raises(StorageError):
        await take(impatient, "stuck")
    assert not impatient.is_taking


async def test_one_bad_message_fails_alone(intake: Intake, inbox: RememberingInbox) -> None:
    inbox.chokes_on = "bad"
    results = await asyncio.gather(
        take(intake, "good"), take(intake, "bad"), take(intake, "fine"), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), StorageError, type(None)]


async def test_a_commit_rings_once(intake: Intake, inbox: RememberingInbox, bell: CountingBell) -> None:
    inbox.gate.clear()
    requests = [take(intake, f"m{n}") for n in range(4)]
    await asyncio.sleep(0)
    inbox.gate.set()
    await asyncio.gather(*requests)
    assert bell.rings == len(inbox.batches)


async def test_a_database_that_hangs_is_told_as_a_storage_fault(impatient: Intake, inbox: RememberingInbox) -> None:
    inbox.gate.clear()
    with pytest.raises(StorageError, match="did not commit within"):
        await take(impatient, "stuck")


async def test_only_those_that_are_late_are_told(intake: Intake, inbox: RememberingInbox) -> None:
    inbox.gate.clear()
    with pytest.raises(StorageError, match="did not commit within"):
        await intake.take(inbound("late"), time.monotonic() - LONGEST_WAIT_S)
    in_time = take(intake, "in time")
    await asyncio.sleep(0)
    inbox.gate.set()
    await in_time


async def test_every_request_to_a_database_that_hangs_is_told(impatient: Intake, inbox: RememberingInbox) -> None:
    inbox.gate.clear()
    for text in ("stuck", "stuck as well"):
        with pytest.raises(StorageError, match="did not commit within"):
            await take(impatient, text)


async def test_the_time_to_the_answer_travels_with_a_later_commit(impatient: Intake, inbox: RememberingInbox) -> None:
    await take(impatient, "one")
    await take(impatient, "two")
    await wait_until(lambda: len(inbox.answer_ms) == 2)
    assert all(0 <= ms < 5000 for ms in inbox.answer_ms.values())


async def test_closing_writes_down_the_times_that_are_owed(inbox: RememberingInbox, bell: CountingBell) -> None:
    intake = Intake(inbox, bell)
    running = asyncio.create_task(intake.run())
    await take(intake, "one")
    assert inbox.answer_ms == {}
    intake.close()
    await asyncio.wait_for(running, 5)
    assert len(inbox.answer_ms) == 1


async def test_closing_commits_what_waits(inbox: RememberingInbox, bell: CountingBell) -> None:
    intake = Intake(inbox, bell)
    request = take(intake, "last")
    await asyncio.sleep(0)
    intake.close()
    await intake.run()
    await request
    assert inbox.batches == [["last"]]


async def test_a_closing_intake_takes_nothing_more(inbox: RememberingInbox, bell: CountingBell) -> None:
    intake = Intake(inbox, bell)
    intake.close()
    with pytest.raises(StorageError, match="stopping"):
        await take(intake, "late")


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("behind", "sent_behind", "channel", "ordered"),
    [
        (HOUR, None, Channel.WEBHOOK, NOON),  # our clock was set back
        (HOUR, -HOUR, Channel.WEBHOOK, NOON),  # and the gateway's is ahead of it
        (HOUR, timedelta(minutes=61), Channel.WEBHOOK, NOON - timedelta(minutes=61)),  # and the gateway's is right
        (HOUR, None, Channel.MAIL, NOON - HOUR),  # it lay in the mailbox
        (24 * HOUR, None, Channel.WEBHOOK, NOON - 24 * HOUR),
        (-HOUR, None, Channel.WEBHOOK, NOON + HOUR),
    ],
)
def test_a_clock_that_was_set_back_makes_no_newer_word_an_older_one(
    inbox: RememberingInbox,
    bell: CountingBell,
    behind: timedelta,
    sent_behind: timedelta | None,
    channel: Channel,
    ordered: object,
) -> None:
    intake = Intake(inbox, bell)
    intake._in_order(inbound("START", received=NOON))
    sent = None if sent_behind is None else NOON - sent_behind
    later = replace(inbound("STOP", received=NOON - behind), sent_at=sent, channel=channel)
    assert intake._in_order(later).order_at == ordered
