"""Connections, each used by one call at a time and kept for the next to the same server."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cache

import certifi
import httpcore

CONNECTIONS = 300  # at once, to all servers together
KEPT = 200  # idle ones, of all servers together: as many as there are calls to webhooks
KEPT_S = 4.0  # shorter than what servers usually grant, since one that closes while we write leaves a reply uncertain

Connection = httpcore.AsyncHTTPConnection
Server = tuple[bytes, bytes, int | None]


@cache
def authorities() -> ssl.SSLContext:
    """TLS with whom the public authorities vouch for; to read who they are takes time, the first time."""
    return ssl.create_default_context(cafile=certifi.where())


class Connections:
    """Connections to any servers.

    A call looks only at those to its own server, while httpcore's pool looks at all of them many times.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        network: httpcore.AsyncNetworkBackend | None,
        *,
        kept: int = KEPT,
        kept_s: float = KEPT_S,
    ) -> None:
        self._limit = kept
        self._kept_s = kept_s
        self._context = context
        self._network = network
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: defaultdict[Server, list[Connection]] = defaultdict(list)  # the one that was used last at the end
        self._is_closed = False

    @asynccontextmanager
    async def one_to(self, url: httpcore.URL, wait_s: float) -> AsyncIterator[Connection]:
        """A connection for one call, which opens it if need be. Raises TimeoutError if none is free in time."""
        async with asyncio.timeout(wait_s):
            await self._places.acquire()
        try:
            server = (url.scheme, url.host, url.port)
            connection = await self._kept(server) or await self._new(url.origin)
            try:
                yield connection
            finally:
                await self._give_back(server, connection)
        finally:
            self._places.release()

    async def _kept(self, server: Server) -> Connection | None:
        """The connection to a server that was used last, unless the server has closed it."""
        kept = self._idle[server]
        while kept:
            connection = kept.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _new(self, origin: httpcore.Origin) -> Connection:
        await _close(self._taken_out(lambda connection: connection.has_expired()))
        return Connection(origin, self._context, keepalive_expiry=self._kept_s, network_backend=self._network)

    async def _give_back(self, server: Server, connection: Connection) -> None:
        if connection.is_closed():
            return
        if connection.is_idle() and not self._is_closed and sum(map(len, self._idle.values())) < self._limit:
            self._idle[server].append(connection)
        else:
            await connection.aclose()

    def _taken_out(self, unwanted: Callable[[Connection], bool]) -> list[Connection]:
        """The idle connections that are unwanted, which no call gets any more."""
        found = [(kept, connection) for kept in self._idle.values() for connection in kept if unwanted(connection)]
        for kept, connection in found:
            kept.remove(connection)
        return [connection for _, connection in found]

    async def close(self) -> None:
        """End the idle connections at once, and each of the others with its call."""
        self._is_closed = True
        await _close(self._taken_out(lambda _: True))


async def _close(connections: Iterable[Connection]) -> None:
    for connection in connections:
        await connection.aclose()
