"""``python -m benchmarks.load PORT PATH FIRST COUNT CONNECTIONS``: messages over keep-alive connections, checked."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode

import uvloop

from benchmarks.running import ROOT, BenchmarkError, python

CONNECTIONS = 64
LIMIT_S = 300.0
BEGIN = datetime(2026, 11, 23, 12)  # noqa: DTZ001  (the gateway's local time)
A_SECOND = 1000  # messages with the same SIM time
OURS = "+393331234333"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """How many messages were acknowledged, in what time."""

    count: int
    seconds: float


def send_load(port: int, path: str, count: int, first: int = 0) -> Sent:
    """Send messages numbered from ``first`` from another process until all are acknowledged.

    BenchmarkError if one was not.
    """
    argv = python("benchmarks.load", str(port), path, str(first), str(count), str(min(CONNECTIONS, count)))
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=2 * LIMIT_S, check=False)
    if done.returncode:
        raise BenchmarkError(done.stderr[-2000:])
    sent = Sent(**json.loads(done.stdout))
    if sent.count != count:
        raise BenchmarkError(f"{count} messages sent, {sent.count} acknowledged")
    return sent


def form(number: int) -> dict[str, str]:
    """A message that is like no other, from an originator of its own, as late as its number says."""
    sent_at = BEGIN + timedelta(seconds=number // A_SECOND)
    ends = {"originator": f"+3933{number:08d}", "destination": OURS}
    return {**ends, "date_time": f"{sent_at:%Y%m%d%H%M%S}", "text": "News ON"}


def request(path: str, fields: dict[str, str]) -> bytes:
    """An HTTP request that hands in a message, as a gateway makes it."""
    body = urlencode(fields).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: benchmark\r\naccept: */*\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """Sends the next request when the last one has its answer, until there is none left."""

    def __init__(self, requests: Iterator[bytes], done: "asyncio.Future[int]") -> None:
        self._requests = requests
        self._done = done
        self._received = b""
        self._count = 0

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        """Send the first request."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Check an answer, once it is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < 3:
            return
        if not head.startswith(b"HTTP/1.1 200") or b"content-length: 3" not in head.lower() or body != b"+OK":
            self._fail(f"not the acknowledgement: {self._received!r}")
            return
        self._received = b""
        self._count += 1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing may end a connection but we."""
        self._fail(f"the connection was lost: {exc}")

    def _send(self) -> None:
        following = next(self._requests, None)
        if following is not None:
            self._transport.write(following)
        elif not self._done.done():
            self._done.set_result(self._count)

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(BenchmarkError(why))


async def send(port: int, path: str, first: int, count: int, connections: int) -> Sent:
    """Send so many messages over so many connections, each with one request under way."""
    requests = iter([request(path, form(first + number)) for number in range(count)])
    loop = asyncio.get_running_loop()
    done: list[asyncio.Future[int]] = [loop.create_future() for _ in range(connections)]
    began_at = time.perf_counter()
    for ended in done:
        await loop.create_connection(partial(Connection, requests, ended), "127.0.0.1", port)
    async with asyncio.timeout(LIMIT_S):
        counts = await asyncio.gather(*done)
    return Sent(count=sum(counts), seconds=time.perf_counter() - began_at)


if __name__ == "__main__":
    port, path, *numbers = sys.argv[1:]
    print(json.dumps(asdict(uvloop.run(send(int(port), path, *map(int, numbers))))))
