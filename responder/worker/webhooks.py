"""Calls webhooks: an endpoint has its own slots, is paused while it fails, and given up after days."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from responder.core.contact.effects import StepStatus
from responder.core.contact.reasons import because, reason_of
from responder.core.outbound.fates import AT_ONCE, Endpoint, read_retry_after
from responder.core.outbound.gateway import Call, Client, Clock, Response
from responder.core.outbound.leaving import webhook_headers
from responder.core.outbound.webhook_replies import LONGEST_JSON
from responder.core.rules.rules import Rules
from responder.errors import PermanentError, StorageError, TransientError, UncertainError
from responder.store.base.database import Database
from responder.store.outbound.calls import Answered, Made, claim_calls, record_calls
from responder.store.outbound.claims import Claimed, Fate
from responder.store.outbound.holds import bury_calls, read_endpoints
from responder.worker.attempts import retried, unthought_of
from responder.worker.waiting import Awaiting

SLOTS = 200  # calls at once to all endpoints, fewer than the client allows
LONGEST_ANSWER = 2048  # bytes of an answer that are read
GONE = 410
GATHER_S = 0.02  # for which the record of a call waits for others to share its commit

Batch = list[tuple[Made, asyncio.Future[None]]]
logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Webhooks:
    """Calls the webhooks that the rules in force name."""

    database: Database
    client: Client
    rules: Callable[[], Rules]
    clock: Clock
    awaiting: Awaiting
    _under_way: Counter[str] = field(init=False, default_factory=Counter)
    _filled: Counter[str] = field(init=False, default_factory=Counter)
    _unrecorded: Batch = field(init=False, default_factory=list)
    _ended: Counter[str] = field(init=False, default_factory=Counter)
    _enough: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _recording: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def claim(self, owner: str) -> list[Claimed]:
        now, rules = self.clock(), self.rules()
        # copied before the endpoints are read, since a call that ends meanwhile may pause one of them
        under_way = self._under_way.copy()
        endpoints = await self._endpoints(rules)
        await self.awaiting.settle_paused([name for name, endpoint in endpoints.items() if not endpoint.places(now)])
        if disabled := [endpoint for endpoint in endpoints.values() if endpoint.disabled_at]:
            await bury_calls(self.database, disabled, now)
        claimed = await claim_calls(self.database, owner, now, _slots(endpoints, under_way, now), rules.webhooks)
        self._under_way.update(names := [one.step.to for one in claimed])
        self._filled = under_way + Counter(names)
        return claimed

    @property
    def has_room(self) -> bool:
        """Whether half of the calls to some endpoint have ended since the last claim."""
        return any(self._under_way[name] * 2 <= count for name, count in self._filled.items())

    async def _endpoints(self, rules: Rules) -> Mapping[str, Endpoint]:
        """The endpoints of the rules; what is stored about another URL of the same name does not count."""
        stored = await read_endpoints(self.database)
        fresh = (Endpoint(name=webhook.name, address=webhook.address) for webhook in rules.webhooks.values())
        return {new.name: old if (old := stored.get(new.name)) and old.address == new.address else new for new in fresh}

    def end(self, claimed: Claimed) -> None:
        self._under_way[claimed.step.to] -= 1

    async def attempt(self, claimed: Claimed) -> Answered:
        """Make a call and return how it went; its reply waits no longer than it may."""
        rules = self.rules()
        answered = await self.awaiting.answer(claimed, self._attempt(claimed, rules))
        return replace(answered, address=address_of(claimed.step.to, rules))

    async def _attempt(self, claimed: Claimed, rules: Rules) -> Answered:
        """Make a call, which is repeated unless certainly taken (contract, guarantee 5)."""
        step, now = claimed.step, self.clock()
        try:
            call = webhook_call(step.to, step.key, step.content, now, rules)
            response = await self.client.post(replace(call, longest_answer=LONGEST_JSON) if claimed.awaits else call)
            require_success(response)
        except PermanentError as error:
            return Answered(fate=Fate(key=step.key, status=StepStatus.DEAD, error=reason_of(error)))
        except Gone as error:
            fate = Fate(key=step.key, status=StepStatus.DEAD, error=reason_of(error))
            return Answered(fate=fate, took_it=False, is_gone=True)
        except TransientError as error:
            fate = retried(claimed, now, reason_of(error), error.retry_after_s)
            return Answered(fate=fate, took_it=False, asked_to_wait_s=error.retry_after_s)
        except UncertainError as error:
            return Answered(fate=retried(claimed, now, reason_of(error), None), took_it=False)
        except Exception as error:
            logger.exception("webhook call given up key=%s", step.key)
            return Answered(fate=Fate(key=step.key, status=StepStatus.DEAD, error=unthought_of(error)))
        said = response.body if claimed.awaits else None
        return Answered(fate=Fate(key=step.key, status=StepStatus.DELIVERED), took_it=True, said=said)

    async def record(self, claimed: Claimed, answered: Answered, owner: str) -> None:
        """Record how a call went; calls that end at about the same time share a commit."""
        endpoint = Endpoint(name=claimed.step.to, address=address_of(claimed.step.to, self.rules()))
        if answered.address != endpoint.address:  # a reload during the call: it says nothing of the new URL
            answered = replace(answered, took_it=None)
        made = Made(claimed=claimed, answered=answered, owner=owner, endpoint=endpoint)
        recorded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unrecorded.append((made, recorded))
        self._ended[endpoint.name] += 1
        if self._are_enough(endpoint.name):
            self._enough.set()
        if len(self._unrecorded) == 1:
            await self._record_all(recorded)
        await recorded
        if claimed.awaits:
            self.awaiting.ring()

    def _are_enough(self, name: str) -> bool:
        return self._ended[name] >= self._under_way[name]

    async def _gather(self) -> Batch:
        """What is to be recorded, including what ends within a moment."""
        if not any(map(self._are_enough, self._ended)):
            self._enough.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await self._enough.wait()
        return self._taken()

    def _taken(self) -> Batch:
        batch, self._unrecorded = self._unrecorded, []
        self._ended.clear()
        return batch

    async def _record_all(self, ours: asyncio.Future[None]) -> None:
        batch: Batch = []
        try:
            async with self._recording:
                batch = await self._gather()
                off = await record_calls(self.database, [made for made, _ in batch], self.rules().limits, self.clock())
        except BaseException:
            for _, recorded in batch or self._taken():
                if recorded is not ours and not recorded.done():
                    recorded.set_exception(StorageError("the commit that this call shared failed"))
            raise
        for _, recorded in batch:
            if not recorded.done():
                recorded.set_result(None)
        for endpoint in off:
            logger.error("webhook switched off name=%s reason=%s", endpoint.name, endpoint.reason)


def _slots(endpoints: Mapping[str, Endpoint], under_way: Counter[str], now: datetime) -> Mapping[str, int]:
    left = max(SLOTS - under_way.total(), 0)
    return {name: min(endpoint.places(now) - under_way[name], left, AT_ONCE) for name, endpoint in endpoints.items()}


def address_of(name: str, rules: Rules) -> str:
    """The digest of a webhook's URL in these rules; empty if they do not name it."""
    webhook = rules.webhooks.get(name)
    return webhook.address if webhook else ""


class Gone(Exception):
    """The endpoint wants no more calls."""


def webhook_call(name: str, key: str, content: str, now: datetime, rules: Rules) -> Call:
    """The signed call of a webhook. Raises PermanentError if the rules in force do not name it."""
    webhook = rules.webhooks.get(name)
    if webhook is None:
        raise PermanentError(because("webhook_unknown", webhook=name, key=key))
    body = content.encode()
    headers = webhook_headers(webhook.secrets, key, int(now.timestamp()), body)
    return Call(url=webhook.url, headers=headers, body=body, guarded=True, longest_answer=LONGEST_ANSWER)


def require_success(response: Response) -> None:
    """Raise unless a webhook took the call, as 2xx says; 410 wants no more (Standard Webhooks 1.0.0)."""
    if 200 <= response.status < 300:
        return
    reason = because("webhook_answered", status=response.status)
    if response.status == GONE:
        raise Gone(because("webhook_gone", reason=reason))
    raise TransientError(reason, retry_after_s=read_retry_after(response.headers))
