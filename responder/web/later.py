"""The console, made once somebody looks: until then a web process carries nothing of it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send


class Streams(Protocol):
    """What an application streams."""

    def close(self) -> None:
        """End the streams: a process that stops would wait for their readers in vain."""

    async def end(self) -> None:
        """End the streams and what feeds them, and return when it has ended."""


class Later:
    """An application that its first request makes, beside the event loop, which has acknowledgements to give."""

    def __init__(self, make: Callable[[], tuple[ASGIApp, Streams]]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self._made: tuple[ASGIApp, Streams] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = self._made or await self._make_once()
        await made[0](scope, receive, send)

    async def _make_once(self) -> tuple[ASGIApp, Streams]:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    def hang_up(self) -> None:
        """End what is being streamed."""
        if self._made:
            self._made[1].close()

    async def end(self) -> None:
        """End what is being streamed, and return when it has ended."""
        if self._made:
            await self._made[1].end()
