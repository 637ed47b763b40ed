"""Delivery: claims due steps, makes their calls, and records how they went."""

import asyncio
import contextlib
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from responder.core.contact.effects import Purpose, StepKind
from responder.core.outbound.fates import BEGIN_WITHIN
from responder.core.outbound.gateway import Bell, Client, Clock, Gateway, Job, Pace
from responder.core.rules.appointments import quiet_until
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Event
from responder.jobs import BUDGET_S, JOB_OF
from responder.store.outbound.claims import Claimed, Fate
from responder.store.outbound.holds import Budget
from responder.store.outbound.replies import IN_SHADOW, SIMULATED, Pretence, SqlSteps
from responder.worker.attempts import RECORD_AGAIN_S, Replies, SharedCommits, until_recorded
from responder.worker.webhooks import Webhooks

REPLIES_AT_ONCE = 50
LOOK_AT = 2 * REPLIES_AT_ONCE  # of what is left after a claim: half of the reminders that may wait
PRETENDED_AT_ONCE = 500
PATIENCE_S = 0.03  # before the next claim, while most slots are taken
PACED_S = 0.05  # before the next claim of texts that the pace holds up

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """The ways out: the gateway, the client that makes every call, the pace, and the rules."""

    gateway: Gateway
    client: Client
    pace: Pace
    rules: Callable[[], Rules]


@dataclass(kw_only=True)
class Deliverer:
    """Carries out steps; one job claims all of a kind, so that slow calls block no jobs."""

    steps: SqlSteps
    ways: Ways
    webhooks: Webhooks
    bell: Bell
    clock: Clock
    is_simulating: bool
    is_shadow: bool = False
    budget_s: float = BUDGET_S
    record_again_s: Sequence[float] = RECORD_AGAIN_S
    _replies: Replies = field(init=False)
    _commits: SharedCommits = field(init=False)
    _is_paced: bool = field(init=False, default=False)
    _due: int = field(init=False, default=0)
    _claiming: dict[StepKind, asyncio.Lock] = field(init=False)
    _rung: dict[StepKind, asyncio.Event] = field(init=False)
    _under_way: Counter[StepKind] = field(init=False, default_factory=Counter)
    _patience: dict[StepKind, asyncio.TimerHandle] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._replies = Replies(gateway=self.ways.gateway, client=self.ways.client, clock=self.clock)
        self._commits = SharedCommits(record=self._record)
        self._claiming = {kind: asyncio.Lock() for kind in StepKind}
        self._rung = {kind: asyncio.Event() for kind in StepKind}

    async def deliver(self, kind: StepKind) -> None:
        """Carry out the due steps of a kind within the budget, and ring for the rest."""
        if pretend := self._pretence(kind):
            while await self._pretend(kind, pretend):
                pass
            return
        self._rung[kind].set()
        if kind is StepKind.REPLY:
            self._due = max(self._due, 1)
        if self._claiming[kind].locked():
            return  # whoever claims looks once more before it ends
        calls: set[asyncio.Task[None]] = set()
        try:
            async with self._claiming[kind]:
                await self._claim_all(kind, calls)
            await _all(calls)
        finally:
            for call in calls:
                call.cancel()

    async def _pretend(self, kind: StepKind, pretence: Pretence) -> bool:
        now = self.clock()
        return await self.steps.pretend(
            kind, pretence, now, PRETENDED_AT_ONCE, notify=self._notified(), quiet_until=self._quiet_until(now)
        )

    def _pretence(self, kind: StepKind) -> Pretence | None:
        """How steps are marked if nothing goes out."""
        if self.is_shadow:
            return IN_SHADOW
        return SIMULATED if kind is StepKind.REPLY and self.is_simulating else None

    async def _claim_all(self, kind: StepKind, calls: set[asyncio.Task[None]]) -> None:
        """Start calls until nothing is due or running, or the budget is spent."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self.budget_s
        while (left_s := ends_at - loop.time()) > 0:
            self._rung[kind].clear()
            if waiting := self._patience.pop(kind, None):
                waiting.cancel()
            calls |= await self._start(kind)
            ended = {call for call in calls if call.done()}
            calls -= ended
            await _all(ended)
            is_paced = kind is StepKind.REPLY and self._is_paced
            if not self._under_way[kind] and not is_paced and not self._rung[kind].is_set():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PACED_S if is_paced else left_s):
                    await self._rung[kind].wait()
        self.bell.ring(JOB_OF[kind])

    def _begin(self, claimed: Claimed, call: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a call; when it ends there may be more to claim."""
        self._under_way[claimed.step.kind] += 1
        begun = asyncio.create_task(call)
        begun.add_done_callback(lambda _: self._end(claimed))  # even if it is cancelled before it begins
        return begun

    def _end(self, claimed: Claimed) -> None:
        """Free the call's slot and schedule the next claim.

        While most slots are taken, claims wait a moment for more: one per call would cost more than the call.
        """
        kind = claimed.step.kind
        self._under_way[kind] -= 1
        if kind is StepKind.WEBHOOK:
            self.webhooks.end(claimed)
        rung = self._rung[kind]
        if self._has_room() if kind is StepKind.REPLY else self.webhooks.has_room:
            rung.set()
        elif kind not in self._patience:
            self._patience[kind] = asyncio.get_running_loop().call_later(PATIENCE_S, rung.set)

    def _has_room(self, begun: int = 0) -> bool:
        return (self._under_way[StepKind.REPLY] + begun) * 2 <= REPLIES_AT_ONCE

    async def _start(self, kind: StepKind) -> set[asyncio.Task[None]]:
        """Start as many due calls as there are free slots."""
        owner = secrets.token_hex(8)
        if kind is StepKind.WEBHOOK:
            return {self._begin(one, self._call(one, owner)) for one in await self.webhooks.claim(owner)}
        begin_by = self.clock() + BEGIN_WITHIN
        return {self._begin(one, self._send(one, owner, begin_by)) for one in await self._claim_replies(owner)}

    async def _claim_replies(self, owner: str) -> list[Claimed]:
        """As many due replies as there are slots and the pace allows.

        How many are due, the last claim has counted; after a ring, it is one at least.
        """
        wanted = min(REPLIES_AT_ONCE - self._under_way[StepKind.REPLY], self._due)
        granted = await self.ways.pace.take(wanted) if wanted > 0 else 0
        self._is_paced = granted < wanted
        if not granted:
            return []
        now = self.clock()
        budget, notified, quiet = self._budget(now), self._notified(), self._quiet_until(now)
        self._due = 0  # a ring from now on counts again, since the claim may not see what it is about
        claimed = await self.steps.claim(
            StepKind.REPLY,
            owner,
            now,
            granted,
            budget=budget,
            notify=notified,
            quiet_until=quiet,
            look_at=LOOK_AT,
        )
        if claimed.left < LOOK_AT and any(one.step.purpose is Purpose.REMINDER for one in claimed):
            self.bell.ring(Job.REMINDERS)  # others may be due: few wait among the replies at a time
        if claimed.left:
            self._due = claimed.left
            if self._has_room(len(claimed)):
                self._rung[StepKind.REPLY].set()
        return claimed

    def _quiet_until(self, now: datetime) -> datetime | None:
        """When the current quiet hours end, by the rules in force; None outside them."""
        rules = self.ways.rules()
        return quiet_until(now, rules.appointments.quiet_hours, rules.zone)

    def _budget(self, now: datetime) -> Budget | None:
        rules = self.ways.rules()
        limit = rules.limits.all_per_day
        return Budget(day=now.astimezone(rules.zone).date().isoformat(), limit=limit) if limit is not None else None

    def _notified(self) -> frozenset[str]:
        return self.ways.rules().webhooks_for(Event.DELIVERY_CHANGED)

    async def _send(self, claimed: Claimed, owner: str, begin_by: datetime) -> None:
        fate = replace(await self._replies.attempt(claimed, begin_by), owner=owner)
        await until_recorded(lambda: self._commits.add(fate), self.record_again_s)
        logger.info("step done key=%s attempt=%d status=%s", claimed.step.key, claimed.attempts, fate.status)

    async def _record(self, fates: Sequence[Fate]) -> None:
        is_blocked = any(fate.is_blocked for fate in fates)
        of_consent = self.ways.rules().webhooks_for(Event.CONSENT_CHANGED) if is_blocked else frozenset()
        await self.steps.record(fates, str(fates[0].owner), self.clock(), self._notified(), of_consent)
        if self._notified() or of_consent:
            self.bell.ring(Job.WEBHOOKS)

    async def _call(self, claimed: Claimed, owner: str) -> None:
        answered = await self.webhooks.attempt(claimed)
        await until_recorded(lambda: self.webhooks.record(claimed, answered, owner), self.record_again_s)
        logger.info("step done key=%s attempt=%d status=%s", claimed.step.key, claimed.attempts, answered.fate.status)


async def _all(calls: Collection[asyncio.Task[None]]) -> None:
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
