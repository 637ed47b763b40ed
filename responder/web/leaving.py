"""The way out of web: whoever has knocked is answered before the door is gone, so that a restart refuses nobody."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import uvicorn

from responder.web.protocol import BoundedProtocol

LEAVE_S = 0.5  # for a request that is on its way to us


class LeavingProtocol(BoundedProtocol):
    """A connection that answers one more request when the server leaves, if one comes soon."""

    _is_leaving = False

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._is_leaving:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """End after the request that is under way, or after one that comes soon."""
        self._is_leaving = True
        if self._is_idle():
            self.loop.call_later(LEAVE_S, self._leave)
        else:
            self.cycle.keep_alive = False

    def _leave(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete


class Server(uvicorn.Server):
    """Uvicorn, which hangs up its feeds, as they never end, and takes in all who have knocked."""

    def __init__(self, config: uvicorn.Config, hang_up: Callable[[], None]) -> None:
        super().__init__(config)
        self._hang_up = hang_up

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hang_up()
        make_protocol = partial(
            cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class),
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        for connection in list(self._who_has_knocked()):
            await asyncio.get_running_loop().connect_accepted_socket(make_protocol, connection)
        await super().shutdown(sockets)

    def _who_has_knocked(self) -> Iterator[socket.socket]:
        """Close the door, and give those whom the system has let in and we have not: it would hang up on them."""
        doors = [socket.socket(fileno=os.dup(door.fileno())) for server in self.servers for door in server.sockets]
        for server in self.servers:
            server.close()
        for door in doors:
            with door, contextlib.suppress(OSError):  # until nobody waits there
                door.settimeout(0)
                while True:
                    yield door.accept()[0]
