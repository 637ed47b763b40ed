"""Attempts at replies, what they share with attempts at webhook calls, and their fates, recorded together."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from responder.core.contact.effects import Step, StepStatus
from responder.core.contact.reasons import because, reason_of
from responder.core.outbound.fates import next_attempt
from responder.core.outbound.gateway import Call, Client, Clock, Gateway, Taken
from responder.errors import AccessError, BlockedError, PermanentError, StorageError, TransientError, UncertainError
from responder.store.outbound.claims import Claimed, Fate
from responder.store.outbound.holds import PROBE_EVERY

RECORD_AGAIN_S = (0.1, 0.5, 2.0, 5.0)  # pauses while the database cannot record a call that was made
Waiting = list[tuple[Fate, asyncio.Future[None]]]


def retried(claimed: Claimed, now: datetime, reason: str, retry_after_s: float | None) -> Fate:
    """The fate of a step that was certainly not done: queued again, or dead after its last attempt."""
    chance = random.random()  # noqa: S311  (spreads retries, no secret)
    key, attempts = claimed.step.key, claimed.attempts
    next_at = next_attempt(claimed.step.kind, attempts, now, retry_after_s, chance)
    if next_at is None:
        return Fate(key=key, status=StepStatus.DEAD, error=because("given_up", attempts=attempts, reason=reason))
    return Fate(key=key, status=StepStatus.QUEUED, next_attempt_at=next_at, error=reason)


def unthought_of(error: Exception) -> str:
    """The reason for a step that ended by a fault of ours."""
    return because("our_fault", kind=type(error).__name__)


async def until_recorded(record: Callable[[], Awaitable[None]], pauses_s: Sequence[float]) -> None:
    """Record how a call went, again after each pause while the database is away."""
    for pause_s in (*pauses_s, None):
        try:
            await record()
        except StorageError:
            if pause_s is None:
                raise
            await asyncio.sleep(pause_s)
        else:
            return


logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Replies:
    """Sends replies, each at most once unless the gateway certainly did not take it."""

    gateway: Gateway
    client: Client
    clock: Clock

    async def attempt(self, claimed: Claimed, begin_by: datetime) -> Fate:
        """Send a reply, unless it is too late to begin, and return how it went (contract, guarantee 5)."""
        key, now = claimed.step.key, self.clock()
        if now > begin_by:  # after the lease a person may send it again, or the number opt out
            return retried(claimed, now, because("worker_stood_still"), None)
        may_be_out = False
        try:
            call = self._call_of(claimed.step)
            may_be_out = True
            taken = self.gateway.read_response(await self.client.post(call))
        except PermanentError as error:
            return Fate(
                key=key, status=StepStatus.DEAD, error=reason_of(error), is_blocked=isinstance(error, BlockedError)
            )
        except AccessError as error:
            logger.error("the gateway refuses us, replies wait reason=%s", error)  # noqa: TRY400  (expected)
            again_at = now + PROBE_EVERY
            return Fate(
                key=key, status=StepStatus.QUEUED, next_attempt_at=again_at, error=reason_of(error), begins_hold=True
            )
        except TransientError as error:
            return retried(claimed, now, reason_of(error), error.retry_after_s)
        except UncertainError as error:
            return Fate(key=key, status=StepStatus.UNCERTAIN, error=reason_of(error))
        except Exception as error:
            logger.exception("reply ended by a fault of ours key=%s", key)
            status = StepStatus.UNCERTAIN if may_be_out else StepStatus.DEAD
            return Fate(key=key, status=status, error=unthought_of(error))
        return _sent(claimed, taken)

    def _call_of(self, step: Step) -> Call:
        call = self.gateway.build_outbound(step)
        if call is None:
            raise TransientError(because("no_gateway_key"))
        return call


def _sent(claimed: Claimed, taken: Taken) -> Fate:
    """The fate of a reply that was taken. Logs if the gateway bills other segments than ours."""
    step = claimed.step
    if taken.segments not in (None, step.segments):
        logger.warning(
            "the gateway counts other segments than we do key=%s ours=%d theirs=%d",
            step.key,
            step.segments,
            taken.segments,
        )
    return Fate(
        key=step.key,
        status=StepStatus.SENT,
        gateway_id=taken.gateway_id,
        billed_segments=taken.segments,
        ends_hold=claimed.is_probe,
    )


@dataclass(kw_only=True)
class SharedCommits:
    """Records fates by ``record``, as many in one commit as there are when it begins."""

    record: Callable[[Sequence[Fate]], Awaitable[None]]
    _waiting: Waiting = field(init=False, default_factory=list)
    _recording: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def add(self, fate: Fate) -> None:
        """Return when a fate is committed. Raises StorageError."""
        recorded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((fate, recorded))
        async with self._recording:
            if not recorded.done():  # else somebody before us took it along
                batch, self._waiting = self._waiting, []
                await self._record(batch)
        await recorded

    async def _record(self, batch: Waiting) -> None:
        try:
            await self.record([fate for fate, _ in batch])
        except StorageError as error:
            if error.is_in_the_data and len(batch) > 1:
                for one in batch:
                    await self._record([one])
            else:
                _end(batch, error)
        except BaseException:
            _end(batch, StorageError("the commit that this reply shared was broken off"))
            raise
        else:
            _end(batch, None)


def _end(batch: Waiting, error: StorageError | None) -> None:
    for _, recorded in batch:
        if not recorded.done():
            recorded.set_exception(error) if error else recorded.set_result(None)
