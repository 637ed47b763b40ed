"""What a worker does once in a while: end what was for a while, and remove texts that have been kept long enough."""

import asyncio
import logging
from collections.abc import Callable

from responder.core.events import Event
from responder.core.ports import Clock
from responder.core.rules import Rules
from responder.errors import StorageError
from responder.store.retention import end_subscriptions, kept_since, remove_texts
from responder.wiring import Store

EVERY_S = 60.0

logger = logging.getLogger(__name__)


class Housekeeping:
    """Done by every worker, each time anew: what one has done, another finds done."""

    def __init__(self, *, store: Store, retention_days: int, clock: Clock, rules: Callable[[], Rules]) -> None:
        self._store = store
        self._retention_days = retention_days
        self._clock = clock
        self._rules = rules
        self._emptied = 0  # the last message whose text is gone

    async def run(self) -> None:
        """Look every minute, until cancelled."""
        while True:
            try:
                await self.once()
            except StorageError as error:
                logger.warning("housekeeping failed, it is tried again in a minute reason=%s", error)
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        """Look once. Raises StorageError."""
        now, tell = self._clock(), self._rules().webhooks_for(Event.CONSENT_CHANGED)
        if ended := await end_subscriptions(self._store.database, self._store.secret, now, tell):
            logger.info("subscriptions ended count=%d", ended)
        if before := kept_since(self._retention_days, now):
            self._emptied = await remove_texts(self._store.database, before, self._emptied)
