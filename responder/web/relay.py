"""Requests for pages, handed to the console's process: no acknowledgement waits while it writes one."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from responder.clients.local import Answer, LocalServer, Pairs, Question
from responder.errors import TransientError
from responder.processes.tasks import first_of

SCHEME, CLIENT = b"x-responder-scheme", b"x-responder-client"  # how a request came to web
OF_ONE_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"})  # RFC 9110
FRAMING = b"transfer-encoding"
LENGTH = frozenset({b"content-length", FRAMING})  # of a body, which has no meaning where nothing is to be changed
STREAM = "text/event-stream"
SAFE = frozenset({"GET", "HEAD"})
AWAY = PlainTextResponse(
    "The console does not answer; texts are taken in all the same. Try again in a moment: its log says why.\n",
    status_code=503,
    headers={"Retry-After": "2"},
)

logger = logging.getLogger(__name__)


class Relay:
    """The console as an application of the web process, which asks the process that serves at ``door``, a path."""

    def __init__(self, door: str) -> None:
        self._server = LocalServer(door)
        self._leaving = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask, and hand on the answer as it comes."""
        with suppress(ClientDisconnect):
            try:
                async with self._asked(Request(scope, receive)) as answer:
                    is_stream = Headers(raw=list(answer.headers)).get("content-type", "").startswith(STREAM)
                    ends = [_has_left(receive), *([self._is_leaving(send)] if is_stream else [])]
                    await first_of(_hand_on(answer, send), *ends)
            except TransientError as error:
                logger.warning("the console did not answer error=%s", error)
                await AWAY(scope, receive, send)

    @asynccontextmanager
    async def _asked(self, request: Request) -> AsyncIterator[Answer]:
        """The answer; a process that dies over a question is followed by another, which is asked if that is safe."""
        async with AsyncExitStack() as held:
            try:
                answer = await held.enter_async_context(self._server.asked(_question(request)))
            except TransientError:
                if request.method not in SAFE or self._leaving.is_set():
                    raise
                answer = await held.enter_async_context(self._server.asked(_question(request)))
            yield answer

    async def _is_leaving(self, send: Send) -> None:
        """Return when web leaves, with an end that a browser takes for one."""
        await self._leaving.wait()
        await send({"type": "http.response.body", "body": b""})

    def hang_up(self) -> None:
        """End what is being streamed."""
        self._leaving.set()

    async def end(self) -> None:
        """Let go of the console's process."""
        await self._server.close()


class AsAsked:
    """In the console's process: requests as they came to web, and not as web handed them on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put client and scheme back where they belong."""
        told = dict(scope["headers"])
        scope["scheme"] = told[SCHEME].decode()
        scope["client"] = (told[CLIENT].decode(), 0) if CLIENT in told else None
        scope["headers"] = _without(scope["headers"], {SCHEME, CLIENT})
        await self._app(scope, receive, send)


def _question(request: Request) -> Question:
    query, is_safe = request.scope["query_string"], request.method in SAFE
    way = [(SCHEME, request.scope["scheme"].encode())]
    if request.client:
        way.append((CLIENT, request.client.host.encode()))
    return Question(
        method=request.method,
        target=request.scope["raw_path"] + (b"?" + query if query else b""),
        headers=[*_without(request.headers.raw, OF_ONE_HOP | {SCHEME, CLIENT} | (LENGTH if is_safe else set())), *way],
        body=None if is_safe else request.stream(),
    )


def _without(headers: Pairs, names: Collection[bytes]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in names]


async def _hand_on(answer: Answer, send: Send) -> None:
    """Hand on an answer. Where it breaks off, so does ours: uvicorn closes a connection that was left halfway."""
    headers = _without(answer.headers, OF_ONE_HOP | {FRAMING})
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    try:
        async for piece in answer.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except TransientError as error:
        logger.warning("an answer of the console broke off error=%s", error)
    else:
        await send({"type": "http.response.body", "body": b""})


async def _has_left(receive: Receive) -> None:
    """Return when the browser has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
