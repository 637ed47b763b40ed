"""A gateway's send API that takes everything, and remembers when each message came."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

TAKEN = json.dumps({"messageId": "1", "results": {"sms": {"accepted": True, "parts": 1, "reasons": []}}}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(TAKEN), TAKEN)
LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class SendApi:
    """When a call for each destination arrived, by the clock of ``time.perf_counter``."""

    port: int
    arrivals: "dict[str, asyncio.Future[float]]" = field(default_factory=dict)

    async def arrival(self, destination: str) -> float:
        """When the call for a destination arrived; it is waited for."""
        async with asyncio.timeout(LIMIT_S):
            return await self._future(destination)

    def note(self, destination: str) -> None:
        """Remember that a call has arrived now."""
        arrived_at = time.perf_counter()
        if not (future := self._future(destination)).done():
            future.set_result(arrived_at)

    def _future(self, destination: str) -> "asyncio.Future[float]":
        return self.arrivals.setdefault(destination, asyncio.get_running_loop().create_future())


@asynccontextmanager
async def send_api() -> AsyncIterator[SendApi]:
    """A send API on a port of its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*over), contextlib.closing(writer):
            while True:
                if body := await read_http(reader):  # without one it is the question for the credit
                    api.note(json.loads(body)["destination"])
                writer.write(ANSWER)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    api = SendApi(server.sockets[0].getsockname()[1])
    try:
        yield api
    finally:
        server.close()


async def read_http(reader: asyncio.StreamReader) -> bytes:
    """The body of one request or response."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(
        (line.partition(b":")[2] for line in head.split(b"\r\n") if line.startswith(b"content-length:")), b"0"
    )
    return await reader.readexactly(int(length))
