"""GET /metrics: counts what the figures need, and hands them to Prometheus."""

import asyncio
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from responder.core.outbound.gateway import Clock
from responder.errors import ResponderError
from responder.store.base.database import Database
from responder.store.consent.reading import count_consent
from responder.store.operations.alerts import kinds_of, read_open
from responder.store.operations.sources import count_texts, read_credits
from responder.store.outbound.reports import read_deliveries
from responder.web.figures import Figures, Tally
from responder.web.health import CHECK_S, Health
from responder.web.webhooks import Refusals

DAY = timedelta(days=1)
COUNTS_GOOD_FOR = timedelta(seconds=30)


@dataclass
class Tallies:
    """Keeps the counts for a while, since each reads whole tables."""

    database: Database
    clock: Clock
    _last: Tally | None = field(init=False, default=None)

    async def tally(self) -> Tally | None:
        """The counts; None while the database does not answer."""
        now = self.clock()
        if self._last is None or now - self._last.at >= COUNTS_GOOD_FOR:
            try:
                async with asyncio.timeout(CHECK_S):
                    self._last = await self._count(now)
            except (ResponderError, TimeoutError):
                self._last = None
        return self._last

    async def _count(self, now: datetime) -> Tally:
        return Tally(
            at=now,
            deliveries=await read_deliveries(self.database, now - DAY),
            credits=await read_credits(self.database),
            alerts=kinds_of(await read_open(self.database)),
            consent=await count_consent(self.database),
            texts=await count_texts(self.database, now - DAY),
        )


@dataclass(kw_only=True)
class Metrics:
    """The endpoint."""

    health: Health
    refusals: Refusals
    token: str | None = None
    """What a caller must send as a bearer token, if anything."""
    disk: Path | None = None
    """The folder of an SQLite database, whose disk may get full."""

    def __post_init__(self) -> None:
        self._tallies = Tallies(self.health.database, self.health.clock)

    async def __call__(self, request: Request) -> Response:
        """The figures of this moment, even while the database is away."""
        given = request.headers.get("authorization", "").encode()
        if self.token and not secrets.compare_digest(given, f"Bearer {self.token}".encode()):
            self.refusals.count("/metrics asked for without its token")
            return PlainTextResponse("not found\n", status_code=404)
        state = await self.health.state()
        figures = Figures(
            rules=self.health.rules(),
            state=state,
            tally=await self._tallies.tally() if state else None,
            refusals=self.refusals,
            free_bytes=await asyncio.to_thread(_free_bytes, self.disk),
            now=self.health.clock(),
        )
        registry = CollectorRegistry(auto_describe=False)
        registry.register(figures)
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


def _free_bytes(folder: Path | None) -> int | None:
    return shutil.disk_usage(folder).free if folder and folder.exists() else None
