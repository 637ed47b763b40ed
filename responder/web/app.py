"""The application: the webhooks, the routes for everything else, and the tasks beside them."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from responder.processes.tasks import Beside
from responder.web.metrics import Metrics
from responder.web.webhooks import Webhooks

Background = Callable[[], Coroutine[Any, Any, None]]
_NOT_FOUND = PlainTextResponse("not found\n", status_code=404)


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
        """End what the console streams."""
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
