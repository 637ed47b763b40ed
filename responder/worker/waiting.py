"""Texts that wait for their moment: reminders until they are due, and replies for what a webhook answers."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from responder.core.appointments.reminders import Drop, Planned, ReminderPlan, Send, Wait, outcome
from responder.core.contact.known import Appointment, Known
from responder.core.outbound.gateway import Bell, Clock, Job
from responder.core.outbound.webhook_replies import ANSWER_WITHIN
from responder.core.rules.rules import Rules
from responder.errors import StorageError
from responder.store.appointments.planning import plan_some_anew
from responder.store.appointments.reminders import queue_due
from responder.store.base.database import Database
from responder.store.outbound.calls import Answered
from responder.store.outbound.claims import Claimed
from responder.store.outbound.webhook_replies import settle, settle_unanswered

SLICE_S = 0.5  # of each sweep, for planning again
BETWEEN_S = 0.02  # for others that wait for the lock of the planning
SOON = timedelta(minutes=1)

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Reminders:
    """Queues reminders by the rules in force, from the number ``sender`` if set; ``secret`` finds erased numbers."""

    database: Database
    rules: Callable[[], Rules]
    bell: Bell
    clock: Clock
    sender: str | None
    secret: bytes = field(default=b"", repr=False)
    _queueing: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _is_planning: bool = field(init=False, default=False)  # anew, with more to come

    async def queue(self) -> None:
        """Queue what is due, after a slice of any planning that is left."""
        if self._queueing.locked():
            return  # whoever queues takes what there is; what becomes due meanwhile is for the next sweep
        async with self._queueing:
            await self._queue()

    async def _queue(self) -> None:
        rules, now = self.rules(), self.clock()
        await self._plan(rules, now)

        def decide(planned: Planned, appointment: Appointment | None, known: Known) -> Send | Drop | Wait:
            if self._is_planning and planned.name not in rules.appointments.reminder:
                return Wait(until=now + SOON)
            became = outcome(planned, appointment, known, rules, now)
            if isinstance(became, Drop):
                logger.warning("reminder dropped key=%s reason=%s", planned.key, became.reason)
            return became

        if await queue_due(self.database, decide, now, self.sender, self.secret):
            self.bell.ring(Job.REPLIES)

    async def _plan(self, rules: Rules, now: datetime) -> None:
        """Plan reminders again for a moment if the file's times changed; the next sweep continues."""
        times, loop = ReminderPlan(policy=rules.appointments, zone=rules.zone), asyncio.get_running_loop()
        ends_at = loop.time() + SLICE_S
        while has_more := await plan_some_anew(self.database, times, now):
            if loop.time() > ends_at:
                break
            await asyncio.sleep(BETWEEN_S)
        if has_more is not None:
            logger.info("reminders planned anew hash=%s has_more=%s", rules.hash, has_more)
        self._is_planning = bool(has_more)


@dataclass(kw_only=True)
class Awaiting:
    """Decides about the replies that wait for calls; ``within_s`` is how long they do."""

    database: Database
    rules: Callable[[], Rules]
    bell: Bell
    clock: Clock
    within_s: float = ANSWER_WITHIN.total_seconds()

    async def answer(self, claimed: Claimed, call: Coroutine[Any, Any, Answered]) -> Answered:
        """The outcome of a call; if it takes too long, its reply is decided without it."""
        if not claimed.awaits:
            return await call
        calling = asyncio.create_task(call)
        try:
            ended, _ = await asyncio.wait({calling}, timeout=self.within_s)
            if ended:
                return calling.result()
            await self._decide_without(claimed)
            return replace(await calling, said=None)
        finally:
            calling.cancel()

    async def _decide_without(self, claimed: Claimed) -> None:
        """Let the other text go out. If the database is away, the end of the call decides."""
        try:
            async with self.database.write() as connection:
                await settle(connection, self.database, {claimed.step.key: None}, self.rules().limits, self.clock())
        except StorageError as error:
            logger.warning(
                "reply not decided, it waits for the end of the call key=%s reason=%s", claimed.step.key, error
            )
        except Exception:
            logger.exception("reply not decided, it waits for the end of the call key=%s", claimed.step.key)
        else:
            self.ring()

    async def settle_late(self) -> None:
        """Let the other text go out for calls that have not begun in time."""
        if await settle_unanswered(self.database, self.rules().limits, self.clock()):
            self.ring()

    async def settle_paused(self, webhooks: Collection[str]) -> None:
        """Let the other text go out for calls to webhooks that are paused."""
        if webhooks and await settle_unanswered(self.database, self.rules().limits, self.clock(), webhooks):
            self.ring()

    def ring(self) -> None:
        self.bell.ring(Job.REPLIES)
