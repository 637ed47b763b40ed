"""Handling: waiting messages are claimed in order, planned, and committed with all that follows from them."""

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence

from responder.core.effects import StepKind
from responder.core.known import Known
from responder.core.message import Message
from responder.core.plan import Plan, make_plan, with_steps
from responder.core.ports import Bell, Clock, Job
from responder.core.rules import Rules
from responder.errors import StorageError
from responder.store.commit import Commits, Planned
from responder.store.database import Database
from responder.store.inbox import GIVE_UP_AFTER, SqlInbox
from responder.store.known import read_known

BATCH = 500  # messages claimed at a time: enough to share a commit, few enough to leave the write lock to others
BUDGET_S = 10.0  # after which a job makes room and rings for another; well under arq's job_timeout
JOB_OF = {StepKind.REPLY: Job.REPLIES, StepKind.WEBHOOK: Job.WEBHOOKS}

logger = logging.getLogger(__name__)


class Handler:
    """Handles messages. ``rules`` gives those in force; a batch is planned by the rules that it began with."""

    def __init__(
        self, *, database: Database, inbox: SqlInbox, commits: Commits, secret: bytes, bell: Bell, rules: Callable[[], Rules], clock: Clock
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._commits = commits
        self._secret = secret
        self._bell = bell
        self._rules = rules
        self._clock = clock
        self._name = secrets.token_hex(8)
        self._runs = itertools.count(1)
        self._running = asyncio.Lock()
        self._again = False

    async def handle(self) -> None:
        """Handle all that waits, or as much as the budget allows and ring for the rest. Raises StorageError."""
        self._again = True
        if self._running.locked():
            return  # whoever runs looks once more before it ends
        async with self._running:
            loop = asyncio.get_running_loop()
            ends_at = loop.time() + BUDGET_S
            while self._again:
                self._again = False
                while await self.handle_batch():
                    if loop.time() > ends_at:
                        self._bell.ring(Job.HANDLE)
                        return

    async def handle_batch(self) -> bool:
        """Handle some hundreds of messages, and tell whether there were any. Raises StorageError."""
        owner = f"{self._name}-{next(self._runs)}"
        claimed = await self._inbox.claim(owner, self._clock(), BATCH)
        if not claimed:
            return False
        try:
            await self._handle_claimed(claimed, owner)
        except BaseException:
            with contextlib.suppress(StorageError):  # then the lease ends by itself
                await asyncio.shield(self._inbox.release(owner))
            raise
        return True

    async def _handle_claimed(self, claimed: Sequence[tuple[Message, int]], owner: str) -> None:
        now = self._clock()
        by_originator: dict[str, list[Message]] = defaultdict(list)
        for message, attempts in claimed:
            if attempts > GIVE_UP_AFTER:
                await self._inbox.fail(message.key, f"{GIVE_UP_AFTER} workers died while they handled it", now)
            else:
                by_originator[message.originator].append(message)
        known = await read_known(self._database, self._secret, list(by_originator), now)
        rules = self._rules()
        failures: dict[str, Exception] = {}
        batch = [plan_all(known[originator], messages, rules, failures) for originator, messages in by_originator.items()]
        committed = await self._commits.commit([planned for planned in batch if planned.plans], owner, self._clock())
        for key, error in failures.items():
            logger.error("planning failed key=%s error=%s", key, type(error).__name__)
            await self._inbox.fail(key, f"{type(error).__name__}: {error}", now)
        if committed.must_replan:
            await self._inbox.release(owner)
        for kind in committed.kinds:
            self._bell.ring(JOB_OF[kind])


def plan_all(known: Known, messages: Sequence[Message], rules: Rules, failures: dict[str, Exception]) -> Planned:
    """The plans for the messages of one originator, in the order of their words, each knowing what those before it did.

    A message whose planning raises is left out and told in ``failures`` by its key.
    """
    after = known
    plans: list[Plan] = []
    for message in sorted(messages, key=lambda message: message.order):
        try:
            plan = make_plan(message, rules, with_steps(plans[-1].after, plans[-1]) if plans else known)
        except Exception as error:  # noqa: BLE001  (whatever it is, the others go through)
            failures[message.key] = error
            continue
        after = plan.after if plan.effects else after
        plans.append(plan)
    return Planned(before=known, after=after, plans=tuple(plans))
