"""GET /healthz and /readyz: whether the process is alive, and able to take messages."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from responder.core.operations.clock_offset import ClockOffset
from responder.core.operations.records import RulesStatus
from responder.core.operations.troubles import SEEN_WITHIN, FailedMessages, MailboxReport, unseen
from responder.core.outbound.gateway import Clock
from responder.core.sms.times import iso
from responder.errors import ResponderError
from responder.settings.model import Settings
from responder.settings.urls import place_of
from responder.store.base.database import Database
from responder.store.consent.installation import Installation
from responder.store.inbox.inbox import SqlInbox
from responder.store.operations.sources import live_mailboxes, read_clock_offset
from responder.store.outbound.holds import read_hold
from responder.store.reading.failed_messages import read_failed
from responder.version import full_version
from responder.wiring import Store, utc_now

REDIS_TIMEOUT_S = 1.0
CHECK_S = 5.0  # a database that takes longer counts as down
COMMIT_GOOD_FOR_S = 1.0  # each check costs a commit
MOST_MISTAKES = 10  # ``responder check`` shows all


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A worker that has reported lately."""

    has_redis: bool
    rules_hash: str
    rules_are_ok: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The state of the service while its database can commit."""

    redis_is_up: bool
    workers: Sequence[Worker]
    gateway: str
    oldest_waiting: datetime | None
    failed: FailedMessages
    clock: ClockOffset | None
    mailboxes: Sequence[MailboxReport] = ()


@dataclass(kw_only=True)
class Health:
    """The state of the service, for monitors."""

    database: Database
    inbox: SqlInbox
    installation: Installation
    rules: Callable[[], RulesStatus]
    ping: Callable[[], Awaitable[Any]]
    clock: Clock
    is_taking: Callable[[], bool] = lambda: True
    mailbox: str | None = None
    zone: ZoneInfo | None = None
    _committing: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _committed_at: float = field(init=False, default=-math.inf)

    async def healthz(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        """200 if messages can be taken, even without Redis or a worker; 503 if they cannot be committed."""
        state = await self.state()
        if state is None:
            return JSONResponse({"database": "down"}, status_code=503)
        if not self.is_taking():
            return JSONResponse({"database": "up", "intake": "down"}, status_code=503)
        return JSONResponse(_report(state, self.rules()))

    async def state(self) -> State | None:
        """The state of the service; None if the database cannot commit."""
        try:
            async with asyncio.timeout(CHECK_S):
                return await self._state()
        except (ResponderError, TimeoutError):
            return None

    async def _state(self) -> State:
        await self._commit()
        rows = await self.installation.live_workers(self.clock() - SEEN_WITHIN)
        workers = [
            Worker(has_redis=row.has_redis, rules_hash=row.rules_hash, rules_are_ok=row.rules_are_ok) for row in rows
        ]
        oldest = await self.inbox.oldest_waiting()
        hold = await read_hold(self.database)
        return State(
            redis_is_up=await self._redis_is_up(),
            workers=workers,
            gateway=hold.reason if hold else "ok",
            oldest_waiting=oldest,
            failed=await read_failed(self.database),
            clock=await read_clock_offset(self.database, self.zone) if self.zone else None,
            mailboxes=await live_mailboxes(self.database, self.clock()) or self._unseen(),
        )

    async def _commit(self) -> None:
        """Commit, unless a commit of a moment ago still counts."""
        async with self._committing:
            if time.monotonic() - self._committed_at >= COMMIT_GOOD_FOR_S:
                await self.installation.check(self.clock())
                self._committed_at = time.monotonic()

    def _unseen(self) -> Sequence[MailboxReport]:
        return [unseen(self.mailbox)] if self.mailbox else []

    async def _redis_is_up(self) -> bool:
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_S):
                await self.ping()
        except Exception:  # noqa: BLE001  (whatever it is, Redis is not up)
            return False
        return True


def make_health(
    settings: Settings,
    store: Store,
    rules: Callable[[], RulesStatus],
    ping: Callable[[], Awaitable[Any]],
    is_taking: Callable[[], bool] = lambda: True,
) -> Health:
    """The health of an installation; ``ping`` asks Redis, and ``is_taking`` says whether messages are taken in here."""
    return Health(
        database=store.database,
        inbox=store.inbox,
        installation=store.installation,
        rules=rules,
        ping=ping,
        clock=utc_now,
        is_taking=is_taking,
        zone=settings.gateway_timezone,
        mailbox=place_of(settings.imap_url),
    )


def _report(state: State, rules: RulesStatus) -> dict[str, Any]:
    report: dict[str, Any] = {
        "version": full_version(),
        "database": "up",
        "redis": "up" if state.redis_is_up else "down",
        "worker": _worker_state([worker.has_redis for worker in state.workers]),
        "gateway": state.gateway,
        "rules": {
            "hash": rules.hash,
            "count": rules.count,
            "ok": rules.is_ok and all(worker.rules_are_ok for worker in state.workers),
            "last_good_at": iso(rules.last_good_at),
            "mistakes": list(rules.mistakes[:MOST_MISTAKES]),
            "workers": sorted({worker.rules_hash for worker in state.workers}),
        },
        "oldest_waiting": iso(state.oldest_waiting),
        "failed": state.failed.count,
    }
    if state.failed.count:
        report["failed_reasons"] = dict(state.failed.by_reason)
    if state.clock:
        report["clock"] = state.clock.sentence
    return report | ({"mailbox": [_mailbox(report) for report in state.mailboxes]} if state.mailboxes else {})


def _mailbox(report: MailboxReport) -> dict[str, Any]:
    return {
        "place": report.place,
        "state": str(report.state),
        "reason": report.reason,
        "last_mail": iso(report.last_mail_at),
        "lag_s": report.lag_s,
        "taken": report.taken,
        "malformed": report.malformed,
    } | ({"left_alone": report.left_alone} if report.left_alone else {})


def _worker_state(can_be_woken: list[bool]) -> str:
    if not can_be_woken:
        return "none"
    return "ready" if any(can_be_woken) else "waiting for redis"
