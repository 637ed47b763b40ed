"""What attempts at texts and at webhook calls have in common."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from responder.core.contact.effects import StepStatus
from responder.core.outbound.retry import next_attempt
from responder.errors import StorageError
from responder.store.outbound.fates import Claimed, Fate

RECORD_AGAIN_S = (0.1, 0.5, 2.0, 5.0)  # pauses while the database cannot record a call that was made


def retried(claimed: Claimed, now: datetime, reason: str, retry_after_s: float | None) -> Fate:
    """The fate of a step that was certainly not done: queued again, or dead after its last attempt."""
    chance = random.random()  # noqa: S311  (spreads retries, no secret)
    key, attempts = claimed.step.key, claimed.attempts
    next_at = next_attempt(claimed.step.kind, attempts, now, retry_after_s, chance)
    if next_at is None:
        return Fate(key=key, status=StepStatus.DEAD, error=f"given up after {attempts} attempts: {reason}")
    return Fate(key=key, status=StepStatus.QUEUED, next_attempt_at=next_at, error=reason)


def unthought_of(error: Exception) -> str:
    """The reason of a step that ended by a fault of ours."""
    return f"a fault that nobody thought of ({type(error).__name__}): the log of the worker has it"


async def until_recorded(record: Callable[[], Awaitable[None]], pauses_s: Sequence[float]) -> None:
    """Record how a call went, again after each pause while the database is away.

    If that never succeeds, the end of the lease tells.
    """
    for pause_s in (*pauses_s, None):
        try:
            await record()
        except StorageError:
            if pause_s is None:
                raise
            await asyncio.sleep(pause_s)
        else:
            return
