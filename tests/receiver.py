"""A real HTTP server in place of the gateway and of webhooks: it remembers what it got, and answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

ACCEPTED = b'{"messageId": "gw-1", "simulation": false, "results": {"sms": {"accepted": true, "unicode": false, "parts": 1, "reasons": []}}}'


@dataclass
class Received:
    """One request that arrived whole."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """What arrived, questions by GET apart, and how to answer: status and body, ``hang`` to say nothing, ``drop`` to hang up, ``holds`` to wait."""

    port: int = 0
    requests: list[Received] = field(default_factory=list)
    questions: list[Received] = field(default_factory=list)
    status: int = 200
    body: bytes = ACCEPTED
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False
    holds: asyncio.Event | None = None
    connections: int = 0
    open: int = 0
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def wait_for(self, count: int, limit_s: float = 10.0) -> None:
        """Wait until so many requests have arrived."""
        async with asyncio.timeout(limit_s), self.arrived:
            await self.arrived.wait_for(lambda: len(self.requests) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                async with self.arrived:
                    method, path, _ = head[0].split()
                    (self.questions if method == "GET" else self.requests).append(Received(path, headers, body, method))
                    self.arrived.notify_all()
                if self.drops:
                    return
                if self.hangs:
                    await asyncio.Event().wait()
                if self.holds:
                    await self.holds.wait()
                extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                writer.write(
                    f"HTTP/1.1 {self.status} X\r\n{extra}content-length: {len(self.body)}\r\n\r\n".encode() + self.body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        connections.add(asyncio.get_running_loop().create_task(receiver.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
