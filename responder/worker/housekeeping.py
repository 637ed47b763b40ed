"""What a worker does once in a while: end what was for a while, drop replies that are late, and remove texts that were kept long enough."""

import asyncio
import logging

from responder.core.ports import Clock
from responder.errors import StorageError
from responder.store.lateness import drop_late
from responder.store.retention import end_subscriptions, kept_since, remove_texts
from responder.wiring import Store

EVERY_S = 60.0

logger = logging.getLogger(__name__)


class Housekeeping:
    """Done by every worker, each time anew: what one has done, another finds done."""

    def __init__(self, *, store: Store, retention_days: int, clock: Clock) -> None:
        self._store = store
        self._retention_days = retention_days
        self._clock = clock
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
        now = self._clock()
        if ended := await end_subscriptions(self._store.database, self._store.secret, now):
            logger.info("subscriptions ended count=%d", ended)
        if dropped := await drop_late(self._store.database, now):
            logger.warning("replies dropped, they came too late to be of use count=%d", dropped)
        if before := kept_since(self._retention_days, now):
            self._emptied = await remove_texts(self._store.database, before, self._emptied)
