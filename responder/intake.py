"""Intake: waiting messages are committed together, their requests answered, and a worker woken."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from responder.core.outbound.gateway import Bell, Job
from responder.core.sms.message import Channel, Inbound
from responder.errors import StorageError

COMMIT_TOGETHER = 500  # messages in one transaction at most
LONGEST_WAIT_S = 10.0  # before a request is refused; the gateway gives up after 30
TURNS_TO_ANSWER = 4  # of the event loop: two to send the answers of a commit, two to read what came meanwhile
FARTHEST_BACK = timedelta(hours=3)  # that a clock is set back by; the time before may have been any
MOST_WAITING = 5000  # messages that wait for a commit
ANSWER_TIMES_AFTER_S = 1.0  # for which the time of an answer may wait to be stored

Waiting = tuple[Inbound, "asyncio.Future[None]", float]
"""A message, what its request waits for, and the monotonic time at which the request came."""

logger = logging.getLogger(__name__)


class Inbox(Protocol):
    """Keeps inbound messages."""

    async def add(self, inbound: Sequence[Inbound], answer_ms: Mapping[str, int]) -> None:
        """Commit the messages, each once by its key, and how many ms earlier ones took to be answered.

        Raises StorageError.
        """


class Intake:
    """Commits messages in groups: all that arrive during one commit go into the next."""

    def __init__(
        self,
        inbox: Inbox,
        bell: Bell,
        *,
        longest_wait_s: float = LONGEST_WAIT_S,
        answer_times_after_s: float = ANSWER_TIMES_AFTER_S,
    ) -> None:
        self._inbox = inbox
        self._bell = bell
        self._longest_wait_s = longest_wait_s
        self._answer_times_after_s = answer_times_after_s
        self._latest: datetime | None = None  # arrival, by our clock, which may be set back
        self._waiting: list[Waiting] = []
        self._taken: Sequence[Waiting] = ()
        self._watch: asyncio.TimerHandle | None = None
        self._answer_ms: dict[str, int] = {}
        self._owes_times = False  # of answers that have just been allowed, or not been noted yet
        self._times_noted_at = 0.0
        self._arrived = asyncio.Event()
        self._is_running = False
        self._is_closing = False
        self._commit_began_at: float | None = None

    async def take(self, message: Inbound, began_at: float) -> None:
        """Return once the message is committed; ``began_at`` is the monotonic time at which its request came.

        Raises StorageError if it is not committed, or not known to be in time.
        """
        if self._is_closing:
            raise StorageError("the service is stopping")
        if len(self._waiting) >= MOST_WAITING:
            raise StorageError("too many messages wait for the database")
        committed = asyncio.get_running_loop().create_future()
        self._waiting.append((self._in_order(message), committed, began_at))
        self._arrived.set()
        if self._watch is None:
            self._give_up_on_late()
        await committed
        self._answer_ms[message.key] = round((time.monotonic() - began_at) * 1000)

    def _in_order(self, message: Inbound) -> Inbound:
        """The message, behind those that came before it: a clock set back makes no newer word an older one.

        Mails are as old as they lay in the mailbox.
        """
        if message.channel is not Channel.WEBHOOK:
            return message
        if self._latest and timedelta() < self._latest - message.received_at < FARTHEST_BACK:
            return replace(message, came_after=self._latest)
        self._latest = message.received_at
        return message

    @property
    def is_taking(self) -> bool:
        """Whether ``run`` runs, and no commit takes longer than requests wait."""
        began_at = self._commit_began_at
        return self._is_running and (began_at is None or time.monotonic() < began_at + self._longest_wait_s)

    async def run(self) -> None:
        """Commit whatever arrives, until ``close``; a failed commit fails its own messages only."""
        self._is_running = True
        try:
            while not self._is_closing or self._waiting or self._answer_ms:
                await self._something_to_do()
                await self._commit_waiting()
        finally:
            self._is_running = False

    async def _commit_waiting(self) -> None:
        self._taken = taken = [entry for entry in self._waiting[:COMMIT_TOGETHER] if not entry[1].done()]
        del self._waiting[:COMMIT_TOGETHER]
        answer_ms = self._times_due(is_idle=not taken)
        self._owes_times = bool(taken or self._answer_ms)
        self._commit_began_at = time.monotonic()
        if taken:
            await self._commit(taken, {})
        if answer_ms:  # in a commit of their own: no message waits for statistics, or fails with them
            await self._commit([], answer_ms)
        self._commit_began_at = None
        if taken or answer_ms:
            await self._answered()

    async def _something_to_do(self) -> None:
        if not self._waiting and not self._is_closing:
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._answer_times_after_s if self._owes_times else None):
                    await self._arrived.wait()

    def _times_due(self, *, is_idle: bool) -> Mapping[str, int]:
        """The times of answers to store now: all or none, since most of the cost is the commit."""
        now = time.monotonic()
        is_soon = now < self._times_noted_at + self._answer_times_after_s
        if not is_idle and is_soon and len(self._answer_ms) < COMMIT_TOGETHER:
            return {}
        answer_ms, self._answer_ms = self._answer_ms, {}
        self._times_noted_at = now
        return answer_ms

    async def _commit(self, taken: Sequence[Waiting], answer_ms: Mapping[str, int]) -> None:
        try:
            await self._inbox.add([message for message, *_ in taken], answer_ms)
        except StorageError as error:
            count = len(taken)
            logger.error("commit failed messages=%d reason=%s", count, error)  # noqa: TRY400  (the place says nothing)
            await self._one_by_one(taken, error)
        except Exception as error:  # noqa: BLE001  (whatever it is, the next commit may work)
            kind = type(error).__name__
            logger.error("commit failed messages=%d error=%s", len(taken), kind)  # noqa: TRY400  (it may repeat a text)
            await self._one_by_one(taken, StorageError(f"the commit failed: {kind}"))
        else:
            self._done(taken)

    async def _one_by_one(self, taken: Sequence[Waiting], error: StorageError) -> None:
        """Fail the requests; if a message may be at fault, commit each by itself."""
        if not error.is_in_the_data or len(taken) == 1:
            for _, committed, _ in taken:
                if not committed.done():
                    committed.set_exception(StorageError(str(error), is_in_the_data=error.is_in_the_data))
            return
        for entry in taken:
            await self._commit([entry], {})

    def _done(self, taken: Sequence[Waiting]) -> None:
        for _, committed, _ in taken:
            if not committed.done():
                committed.set_result(None)
        if taken:
            self._bell.ring(Job.HANDLE)

    async def _answered(self) -> None:
        """Let the answers leave and new requests come in, so that the next commit takes more of them."""
        for _ in range(TURNS_TO_ANSWER):
            await asyncio.sleep(0)

    def _give_up_on_late(self) -> None:
        """Fail the requests that have waited too long; one timer serves all, since hardly any needs it."""
        now = time.monotonic()
        pending = [entry for entry in (*self._taken, *self._waiting) if not entry[1].done()]
        for _, committed, began_at in pending:
            if began_at + self._longest_wait_s <= now:
                committed.set_exception(
                    StorageError(f"the database did not commit within {self._longest_wait_s:.0f} s")
                )
        due = [began_at + self._longest_wait_s - now for _, committed, began_at in pending if not committed.done()]
        self._watch = asyncio.get_running_loop().call_later(min(due), self._give_up_on_late) if due else None

    def close(self) -> None:
        """Take no more messages; ``run`` ends once all that wait are committed."""
        self._is_closing = True
        self._arrived.set()
