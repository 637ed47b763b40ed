"""The application: the webhooks, the routes for everything else, /metrics among them, and the tasks beside them."""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from responder.core.outbound.gateway import Clock
from responder.errors import ResponderError
from responder.processes.tasks import Beside
from responder.store.base.database import Database
from responder.store.consent.reading import count_consent
from responder.store.operations.alerts import kinds_of, read_open
from responder.store.operations.sources import count_texts, read_credits
from responder.store.outbound.reports import read_deliveries
from responder.web.figures import Figures, Tally
from responder.web.health import CHECK_S, Health
from responder.web.webhooks import Refusals, Webhooks

DAY = timedelta(days=1)
COUNTS_GOOD_FOR = timedelta(seconds=30)
Background = Callable[[], Coroutine[Any, Any, None]]
_NOT_FOUND = PlainTextResponse("not found\n", status_code=404)


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


class Console(Protocol):
    """The console as an application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

    def hang_up(self) -> None:
        """End what is being streamed: a process that stops would wait for its readers in vain."""

    async def end(self) -> None:
        """Return when all of it has ended."""


class App:
    """Sends ``/webhook/NAME[/TOKEN]`` straight to its endpoint, everything else to the routes.

    Starlette's own routing would cost a sixth more per message.
    """

    def __init__(self, webhooks: Mapping[str, ASGIApp], routes: ASGIApp, console: Console | None = None) -> None:
        self._webhooks = {name.encode(): endpoint for name, endpoint in webhooks.items()}
        self._routes = routes
        self._console = console

    def hang_up(self) -> None:
        if self._console:
            self._console.hang_up()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope.get("raw_path", b"").split(b"/", 3):
            case [b"", b"webhook", name, *token] if name in self._webhooks:
                scope["path_params"] = {"token": unquote(token[0]) if token else ""}
                await self._webhooks[name](scope, receive, send)
            case parts if scope["type"] == "http" and _is_disguised(parts):
                await _NOT_FOUND(scope, receive, send)
            case _:
                await self._routes(scope, receive, send)


def _is_disguised(parts: Sequence[bytes]) -> bool:
    """Whether ``%`` codes hide the route from a proxy in front, which reads the path as written."""
    match parts:
        case [b"", b"api", b"v1", rest]:
            return b"%" in rest.partition(b"/")[0]
        case [b"", b"appointments", *_]:  # an id may have any characters, and whoever looks has signed in
            return False
        case _:
            return any(b"%" in part for part in parts)


def create_app(
    *,
    webhooks: Webhooks,
    metrics: Metrics,
    background: Sequence[Background],
    close: Callable[[], Awaitable[None]],
    api: Sequence[BaseRoute] = (),
    console: Console | None = None,
    beside: Beside | None = None,
) -> App:
    """The web side, with tasks in the background; ``close`` ends what is left of them."""
    runs = beside or Beside(lambda: None)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        runs.start(*(run() for run in background))
        yield
        await close()
        await runs.end()

    routes: list[BaseRoute] = [
        Route("/healthz", metrics.health.healthz),
        Route("/readyz", metrics.health.readyz),
        Route("/metrics", metrics.__call__),
        *api,
        *([Mount("/", app=console)] if console else []),
    ]
    return App(
        {"sms": webhooks.sms, "delivery": webhooks.delivery}, Starlette(routes=routes, lifespan=lifespan), console
    )
