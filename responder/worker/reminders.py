"""Reminders: planned again when the file's times change, and queued once they are due."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.core.appointments.reminders import Drop, Planned, ReminderPlan, Send, Wait, outcome
from responder.core.contact.known import Appointment, Known
from responder.core.outbound.gateway import Bell, Clock, Job
from responder.core.rules.rules import Rules
from responder.store.appointments.planning import plan_some_anew
from responder.store.appointments.reminders import queue_due
from responder.store.base.database import Database

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
