"""What a worker does once in a while: end what was for a while, drop replies that are late, and remove what has been kept long enough."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from responder.core.events import Event
from responder.core.ports import Clock
from responder.core.rules import Rules
from responder.store.alert_mails import forget_mails
from responder.store.lateness import drop_late
from responder.store.retention import end_subscriptions, kept_since, remove_strays, remove_texts
from responder.wiring import Store
from responder.worker.rounds import rounds

EVERY_S = 60.0
STRAYS_STAY = timedelta(days=30)  # delivery reports on what we did not send
MAILS_STAY = timedelta(days=30)  # e-mails about alerts that are done with

logger = logging.getLogger(__name__)


class Housekeeping:
    """Done by every worker, each time anew: what one has done, another finds done."""

    def __init__(self, *, store: Store, retention_days: int, clock: Clock, rules: Callable[[], Rules]) -> None:
        self._store = store
        self._retention_days = retention_days
        self._clock = clock
        self._rules = rules
        self._emptied: Mapping[str, int] = {}  # up to where there is no text any more, by table

    async def run(self) -> None:
        """Look every minute, until cancelled."""
        await rounds("housekeeping", EVERY_S, self.once)

    async def once(self) -> None:
        """Look once. Raises StorageError."""
        now, tell = self._clock(), self._rules().webhooks_for(Event.CONSENT_CHANGED)
        if ended := await end_subscriptions(self._store.database, self._store.secret, now, tell):
            logger.info("subscriptions ended count=%d", ended)
        if dropped := await drop_late(self._store.database, now):
            logger.warning("replies dropped, they came too late to be of use count=%d", dropped)
        if before := kept_since(self._retention_days, now):
            self._emptied = await remove_texts(self._store.database, before, self._emptied)
        if removed := await remove_strays(self._store.database, now - STRAYS_STAY):
            logger.info("delivery reports on nothing of ours removed count=%d", removed)
        await forget_mails(self._store.database, now - MAILS_STAY)
