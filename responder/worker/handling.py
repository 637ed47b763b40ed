"""Handling: waiting messages are claimed in order, planned, and committed with all that follows."""

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from responder.core.contact.known import Known
from responder.core.contact.reasons import because
from responder.core.deciding.plan import Plan, make_plan, with_steps
from responder.core.deciding.steps import Unsent
from responder.core.outbound.gateway import Bell, Clock, Job
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message
from responder.errors import StorageError
from responder.jobs import BUDGET_S, JOB_OF
from responder.store.base.database import Database
from responder.store.inbox.claiming import LeftToOthersError
from responder.store.inbox.commit import Commits
from responder.store.inbox.contacts import read_known
from responder.store.inbox.inbox import AT_WORK, GIVE_UP_AFTER, SqlInbox
from responder.store.inbox.planned import Planned

BATCH = 500  # messages claimed at a time: enough to share a commit, few enough to leave the write lock to others
NOT_TAKEN = "the database does not take what it says"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What a run has claimed and not given back; no messages until the claim has returned."""

    owner: str
    seqs: tuple[int, ...] = ()


@dataclass(kw_only=True)
class Handler:
    """Handles messages. ``rules`` gives those in force; a whole batch is planned by the same rules."""

    database: Database
    inbox: SqlInbox
    commits: Commits
    secret: bytes = field(repr=False)
    bell: Bell
    rules: Callable[[], Rules]
    clock: Clock
    _name: str = field(init=False, default_factory=lambda: secrets.token_hex(8))
    _runs: Iterator[int] = field(init=False, default_factory=lambda: itertools.count(1))
    _running: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _again: bool = field(init=False, default=False)
    _held: Held | None = field(init=False, default=None)
    _looks_again: asyncio.TimerHandle | None = field(init=False, default=None)

    async def handle(self) -> None:
        """Handle all that waits, or as much as the budget allows and ring for the rest."""
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
                        self.bell.ring(Job.HANDLE)
                        return

    async def handle_batch(self) -> bool:
        """Handle some hundreds of messages, and tell whether there may be more."""
        await self._give_back()  # what the database did not take back when it failed
        self._held = Held(owner=f"{self._name}-{next(self._runs)}")
        may_wait = True
        try:
            claimed = await self.inbox.claim(self._held.owner, self.clock(), BATCH, leaves_few=True)
            self._held = replace(self._held, seqs=tuple(message.seq for message, _ in claimed))
            if messages := await self._without_killers(claimed):
                may_wait = await self._handle_or_part(messages, self._held.owner)
        except LeftToOthersError:
            self._held = None
            self._look_again()
            return False
        except BaseException:
            with contextlib.suppress(StorageError):  # then the next batch begins with it
                await asyncio.shield(self._give_back())
            raise
        self._held = None
        return bool(claimed) and may_wait

    def _look_again(self) -> None:
        """Ring in a moment: whoever has what was left may have died."""
        if not self._looks_again:
            self._looks_again = asyncio.get_running_loop().call_later(AT_WORK.total_seconds(), self._ring_again)

    def _ring_again(self) -> None:
        self._looks_again = None
        self.bell.ring(Job.HANDLE)

    async def _give_back(self) -> None:
        """Release what is held, so that only the lease of a dead worker runs out."""
        if self._held:
            await self.inbox.release(self._held.owner, self._held.seqs)
            self._held = None

    async def _without_killers(self, claimed: Sequence[tuple[Message, int]]) -> Sequence[Message]:
        for message, deaths in claimed:
            if deaths >= GIVE_UP_AFTER:
                await self.inbox.fail(message.key, because("workers_died", count=deaths), self.clock())
        return [message for message, deaths in claimed if deaths < GIVE_UP_AFTER]

    async def _handle_or_part(self, messages: Sequence[Message], owner: str) -> bool:
        """Handle messages together or, if one of them fails, each by itself, so that only that one fails.

        Whether there may be more.
        """
        try:
            return await self._handle_together(messages, owner)
        except Exception as error:
            if not _is_in_a_message(error):
                raise
            if len(messages) > 1:
                for message in sorted(messages, key=lambda message: message.order):
                    await self._handle_or_part([message], owner)
            else:
                await self._fail(messages[0], error)
            return True

    async def _handle_together(self, messages: Sequence[Message], owner: str) -> bool:
        by_originator: dict[str, list[Message]] = defaultdict(list)
        for message in messages:
            by_originator[message.originator].append(message)
        oldest = min(message.received_at for message in messages)
        known = await read_known(self.database, self.secret, list(by_originator), oldest, in_place=True)
        rules = self.rules()
        failures: dict[str, Exception] = {}
        batch = [plan_all(known[originator], theirs, rules, failures) for originator, theirs in by_originator.items()]
        committed = await self.commits.commit([planned for planned in batch if planned.plans], owner, self.clock())
        for message in messages:
            if message.key in failures:
                await self._fail(message, failures[message.key])
        if committed.must_replan:
            await self.inbox.release(owner, [message.seq for message in messages])
        for kind in committed.kinds:
            self.bell.ring(JOB_OF[kind])
        return committed.may_wait

    async def _fail(self, message: Message, error: Exception) -> None:
        logger.error("message failed key=%s error=%s", message.key, type(error).__name__)
        reason = f"{NOT_TAKEN}: {error}" if isinstance(error, StorageError) else f"{type(error).__name__}: {error}"
        await self.inbox.fail(message.key, reason, self.clock())


def _is_in_a_message(error: Exception) -> bool:
    return error.is_in_the_data if isinstance(error, StorageError) else not isinstance(error, OSError | MemoryError)


def plan_all(known: Known, messages: Sequence[Message], rules: Rules, failures: dict[str, Exception]) -> Planned:
    """The plans for an originator's messages in order, each based on those before it.

    A message whose planning raises is left out and noted in ``failures`` under its key.
    """
    after = known
    plans: list[Plan] = []
    unsent = Unsent(known)
    for message in sorted(messages, key=lambda message: message.order):
        try:
            plan = make_plan(message, rules, with_steps(plans[-1].after, plans[-1]) if plans else known)
        except Exception as error:  # noqa: BLE001  (whatever it is, the others go through)
            failures[message.key] = error
            continue
        left = unsent.after(plan.after, plan.effects, plan.steps, message.received_at)
        plan = plan if left is plan.after else replace(plan, after=left)
        after = plan.after if plan.effects else after
        plans.append(plan)
    return Planned(before=known, after=after, plans=tuple(plans))
