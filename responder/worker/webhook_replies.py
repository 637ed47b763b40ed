"""Waits a few seconds for a webhook's answer; without one, the other text goes out."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from responder.core.outbound.gateway import Bell, Clock, Job
from responder.core.outbound.webhook_replies import ANSWER_WITHIN
from responder.core.rules.rules import Rules
from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.outbound.calls import Answered
from responder.store.outbound.fates import Claimed
from responder.store.outbound.webhook_replies import settle, settle_unanswered

logger = logging.getLogger(__name__)


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
        """Say that a reply may be due."""
        self.bell.ring(Job.REPLIES)
