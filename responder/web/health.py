"""GET /healthz and /readyz: alive, and able to take messages."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from responder.core.mailbox import MailboxReport
from responder.core.ports import Clock
from responder.core.timestamps import iso
from responder.errors import ResponderError
from responder.store.database import Database
from responder.store.holds import read_hold
from responder.store.inbox import SqlInbox
from responder.store.installation import Installation
from responder.store.mailboxes import live_mailboxes

CHECK_S = 5.0  # longer than this is as good as down
SEEN_WITHIN = timedelta(seconds=15)  # a worker says every few seconds that it is alive


class Health:
    """Tells how the service is."""

    def __init__(self, *, database: Database, inbox: SqlInbox, installation: Installation, ping: Callable[[], Awaitable[Any]], clock: Clock) -> None:
        self._database = database
        self._inbox = inbox
        self._installation = installation
        self._ping = ping
        self._clock = clock

    async def healthz(self, _request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        """Whether messages can be taken: 200 if so, even without Redis or a worker; 503 if the database cannot commit."""
        try:
            async with asyncio.timeout(CHECK_S):
                report = await self._report()
        except (ResponderError, TimeoutError):
            return JSONResponse({"database": "down"}, status_code=503)
        return JSONResponse(report)

    async def _report(self) -> dict[str, Any]:
        await self._database.check()
        workers = await self._installation.live_workers(self._clock() - SEEN_WITHIN)
        oldest = await self._inbox.oldest_waiting()
        hold = await read_hold(self._database)
        mailboxes = await live_mailboxes(self._database, self._clock())
        return {
            "database": "up",
            "redis": "up" if await self._redis_is_up() else "down",
            "worker": _worker_state([worker.has_redis for worker in workers]),
            "gateway": hold.reason if hold else "ok",
            "rules": sorted({worker.rules_hash for worker in workers}),
            "oldest_waiting": iso(oldest),
        } | ({"mailbox": [_mailbox(report) for report in mailboxes]} if mailboxes else {})

    async def _redis_is_up(self) -> bool:
        try:
            async with asyncio.timeout(1):
                await self._ping()
        except Exception:  # noqa: BLE001  (whatever it is, Redis is not up)
            return False
        return True


def _mailbox(report: MailboxReport) -> dict[str, Any]:
    return {
        "place": report.place,
        "state": str(report.state),
        "reason": report.reason,
        "last_mail": iso(report.last_mail_at),
        "lag_s": report.lag_s,
        "taken": report.taken,
        "malformed": report.malformed,
    }


def _worker_state(can_be_woken: list[bool]) -> str:
    if not can_be_woken:
        return "none"
    return "ready" if any(can_be_woken) else "waiting for redis"
