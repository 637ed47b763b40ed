"""Delivery: a due step is claimed, the call is made, and how it went is recorded."""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from responder.core.effects import StepKind, StepStatus
from responder.core.gateway import Call, Gateway, Response
from responder.core.ports import Bell, Client, Clock, Job
from responder.core.retry import next_attempt, read_retry_after
from responder.core.rules import Rules
from responder.core.signature import webhook_headers
from responder.errors import AccessError, PermanentError, StorageError, TransientError, UncertainError
from responder.store.holds import PROBE_EVERY
from responder.store.steps import Claimed, Fate, SqlSteps

CALLS_AT_ONCE = {StepKind.REPLY: 20, StepKind.WEBHOOK: 40}  # of each kind, so that slow webhooks never hold up a reply
SIMULATED_AT_ONCE = 500
BUDGET_S = 10.0  # after which a job claims nothing more and rings for another; its last call ends well before arq's job_timeout
RECORD_AGAIN_S = (0.1, 0.5, 2.0, 5.0)  # pauses while the database cannot record a call that was made
JOB_OF = {StepKind.REPLY: Job.REPLIES, StepKind.WEBHOOK: Job.WEBHOOKS}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """The ways out: the gateway for replies, the client that makes every call, and the rules that know the webhooks."""

    gateway: Gateway
    client: Client
    rules: Callable[[], Rules]


class Deliverer:
    """Carries out steps."""

    def __init__(self, *, steps: SqlSteps, ways: Ways, bell: Bell, clock: Clock, is_simulating: bool) -> None:
        self._steps = steps
        self._ways = ways
        self._bell = bell
        self._clock = clock
        self._is_simulating = is_simulating
        self._free = dict(CALLS_AT_ONCE)

    async def deliver(self, kind: StepKind) -> None:
        """Carry out all due steps of a kind, or as many as the budget allows and ring for the rest. Raises StorageError."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + BUDGET_S
        if kind is StepKind.REPLY and self._is_simulating:
            while await self._steps.claim(kind, "", self._clock(), SIMULATED_AT_ONCE, simulate=True):
                pass
            return
        calls: set[asyncio.Task[None]] = set()
        try:
            while loop.time() < ends_at and (started := await self._start(kind)):
                calls |= started
                if not self._free[kind]:
                    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*calls)
        finally:
            for call in calls:
                call.cancel()
        if loop.time() >= ends_at:
            self._bell.ring(JOB_OF[kind])

    async def _start(self, kind: StepKind) -> set[asyncio.Task[None]]:
        """Start the calls of as many due steps as there are places; none if nothing is due, or no place is free."""
        if not self._free[kind]:
            return set()
        places, self._free[kind] = self._free[kind], 0  # nobody else claims for the same places meanwhile
        owner = secrets.token_hex(8)
        claimed: list[Claimed] = []
        try:
            claimed = await self._steps.claim(kind, owner, self._clock(), places)
        finally:
            self._free[kind] += places - len(claimed)
        return {asyncio.create_task(self._carry_out(one, owner)) for one in claimed}

    async def _carry_out(self, claimed: Claimed, owner: str) -> None:
        try:
            fate = await self._attempt(claimed)
            await self._record(fate, owner)
        finally:
            self._free[claimed.step.kind] += 1
        logger.info("step done key=%s attempt=%d status=%s", claimed.step.key, claimed.attempts, fate.status)

    async def _attempt(self, claimed: Claimed) -> Fate:
        """Make the call of a step, and tell how it went (contract, guarantee 5)."""
        key, kind = claimed.step.key, claimed.step.kind
        now = self._clock()
        try:
            call = self._call(claimed, now)
            response = await self._ways.client.post(call)
            if kind is StepKind.REPLY:
                return Fate(key=key, status=StepStatus.SENT, gateway_id=self._ways.gateway.read_response(response), ends_hold=claimed.is_probe)
            require_success(response)
            return Fate(key=key, status=StepStatus.DELIVERED)
        except PermanentError as error:
            return Fate(key=key, status=StepStatus.DEAD, error=str(error))
        except AccessError as error:
            logger.error("the gateway refuses us, replies wait reason=%s", error)  # noqa: TRY400  (the place tells nothing)
            return Fate(key=key, status=StepStatus.QUEUED, next_attempt_at=now + PROBE_EVERY, error=str(error), begins_hold=True)
        except TransientError as error:
            return self._again(claimed, now, str(error), error.retry_after_s)
        except UncertainError as error:
            if kind is StepKind.WEBHOOK:
                return self._again(claimed, now, str(error), None)
            return Fate(key=key, status=StepStatus.UNCERTAIN, error=str(error))

    def _call(self, claimed: Claimed, now: datetime) -> Call:
        step = claimed.step
        if step.kind is StepKind.WEBHOOK:
            return webhook_call(step.to, step.key, step.content, now, self._ways.rules())
        call = self._ways.gateway.build_outbound(step)
        if call is None:
            raise TransientError("the gateway has no key, so that replies are simulated")
        return call

    def _again(self, claimed: Claimed, now: datetime, reason: str, retry_after_s: float | None) -> Fate:
        kind = claimed.step.kind
        next_at = next_attempt(kind, claimed.attempts, now, retry_after_s, random.random())  # noqa: S311  (spreads retries, no secret)
        if next_at is None:
            return Fate(key=claimed.step.key, status=StepStatus.DEAD, error=f"given up after {claimed.attempts} attempts: {reason}")
        return Fate(key=claimed.step.key, status=StepStatus.QUEUED, next_attempt_at=next_at, error=reason)

    async def _record(self, fate: Fate, owner: str) -> None:
        """Record a fate, if need be when the database is back; a fate that is never recorded is told by the end of the lease."""
        for pause_s in (*RECORD_AGAIN_S, None):
            try:
                await self._steps.record([fate], owner, self._clock())
            except StorageError:
                if pause_s is None:
                    raise
                await asyncio.sleep(pause_s)
            else:
                return


def webhook_call(name: str, key: str, content: str, now: datetime, rules: Rules) -> Call:
    """The signed call of a webhook. Raises PermanentError if the rules in force do not name it."""
    webhook = rules.webhooks.get(name)
    if webhook is None:
        raise PermanentError(f"webhook {name!r} is not in the rules file: put it back, then run 'responder deliveries retry {key}'")
    body = content.encode()
    headers = webhook_headers([webhook.secret] if webhook.secret else [], key, int(now.timestamp()), body)
    return Call(url=webhook.url, headers=headers, body=body, guarded=True)


def require_success(response: Response) -> None:
    """Raise unless a webhook took the call, which only 2xx says; 410 says that it wants no more (Standard Webhooks 1.0.0)."""
    if 200 <= response.status < 300:
        return
    reason = f"the webhook answered HTTP {response.status}"
    if response.status == 410:
        raise PermanentError(f"{reason}: it wants no more calls")
    raise TransientError(reason, retry_after_s=read_retry_after(response.headers))
