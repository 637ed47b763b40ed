"""The console, made once somebody looks: until then a web process carries nothing of it."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

HangUp = Callable[[], None]


class Later:
    """An application that its first request makes, beside the event loop, which has acknowledgements to give."""

    def __init__(self, make: Callable[[], tuple[ASGIApp, HangUp]]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self._made: tuple[ASGIApp, HangUp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = self._made or await self._make_once()
        await made[0](scope, receive, send)

    async def _make_once(self) -> tuple[ASGIApp, HangUp]:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    def hang_up(self) -> None:
        """End what is being streamed: a process that stops would wait for it in vain."""
        if self._made:
            self._made[1]()
