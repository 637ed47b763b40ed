"""Reminders leave at their time: planned anew where the file's times have changed, and queued by the sweep once they are due."""

import logging
from collections.abc import Callable

from responder.core.known import Appointment, Known
from responder.core.ports import Bell, Clock, Job
from responder.core.reminding import Drop, Planned, ReminderPlan, Send, Wait, outcome
from responder.core.rules import Rules
from responder.store.database import Database
from responder.store.reminders import plan_all_anew, queue_due

logger = logging.getLogger(__name__)


class Reminders:
    """Queues reminders by the rules in force; ``sender`` is the number that they come from, if one is set; ``secret`` tells erased numbers."""

    def __init__(self, *, database: Database, rules: Callable[[], Rules], bell: Bell, clock: Clock, sender: str | None, secret: bytes = b"") -> None:
        self._database = database
        self._rules = rules
        self._bell = bell
        self._clock = clock
        self._sender = sender
        self._secret = secret
        self._planned_by = ""

    async def queue(self) -> None:
        """Queue what is due. Raises StorageError."""
        rules, now = self._rules(), self._clock()
        if rules.hash != self._planned_by:
            if await plan_all_anew(self._database, ReminderPlan(policy=rules.appointments, zone=rules.zone), now):
                logger.info("reminders planned anew hash=%s", rules.hash)
            self._planned_by = rules.hash

        def decide(planned: Planned, appointment: Appointment | None, known: Known) -> Send | Drop | Wait:
            became = outcome(planned, appointment, known, rules, now)
            if isinstance(became, Drop):
                logger.warning("reminder dropped key=%s reason=%s", planned.key, became.reason)
            return became

        if await queue_due(self._database, decide, now, self._sender, self._secret):
            self._bell.ring(Job.REPLIES)
