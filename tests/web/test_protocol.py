"""Connections over real sockets: whatever is too large or too slow is let go, in every state of a connection."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from responder.web.protocol import LARGEST_HEADER, BoundedProtocol, Limits
from responder.web.shares import Shares
from responder.web.webhooks import Refusals
from tests.conftest import free_port, wait_until

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
QUICK = Limits(request_s=0.2, drain_s=0.2)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body, or with as much as the path says, or before the body has come."""
    body, more = b"", scope["path"] != "/early"
    while more:
        part = await receive()
        if part["type"] == "http.disconnect":
            return
        body, more = body + part["body"], part["more_body"]
    if scope["path"][1:].isdigit():
        body = b"x" * int(scope["path"][1:])
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def listening(protocol: type[BoundedProtocol] = BoundedProtocol, **options: Any) -> AsyncIterator[int]:
    """Where a server listens."""
    port = free_port()
    bounded: Any = partial(protocol, **({"limits": QUICK} | options))
    config = uvicorn.Config(
        echo, port=port, http=bounded, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    await wait_until(lambda: server.started)
    yield port
    server.should_exit = True
    await serving


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where a server listens that gives a request, and the reading of its answer, a fifth of a second."""
    async with listening() as port:
        yield port


async def said(port: int, *pieces: bytes) -> bytes:
    """All that the server says to these bytes until it closes, or answers in full."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(5):
            while not heard.endswith(b"hello") and (piece := await reader.read(65536)):
                heard += piece
    except ConnectionError:
        pass
    writer.close()
    return heard


async def test_an_ordinary_request_is_answered(port: int) -> None:
    assert (await said(port, REQUEST)).startswith(b"HTTP/1.1 200 OK")


async def test_a_body_in_chunks_with_trailers_is_answered(port: int) -> None:
    assert (await said(port, CHUNKED, b"5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")


async def test_a_large_body_in_chunks_of_one_byte_is_answered() -> None:
    async with listening(limits=Limits()) as port:
        heard = await said(port, CHUNKED, b"1\r\nx\r\n" * 20_000, b"5\r\nhello\r\n0\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 200 OK")


async def test_a_connection_may_be_used_again_after_a_pause(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(REQUEST)
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK")
        await asyncio.sleep(0.3)  # longer than a request may take: between requests nothing is owed
    writer.close()


MUCH = [b"b" * LARGEST_HEADER] * 40  # which is more than one read takes

LARGE = {
    "a field without an end": (b"POST / HTTP/1.1\r\nx: ", b"y" * (LARGEST_HEADER + 1)),
    "a field that comes at once": (b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * (LARGEST_HEADER + 1) + b"\r\n\r\n",),
    "many fields that come at once": (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a:b\r\n" * 101 + b"\r\n",),
    "an address": (b"GET /" + b"y" * (LARGEST_HEADER + 1) + b" HTTP/1.1\r\nhost: x\r\n\r\n",),
    "many trailers": (CHUNKED + b"0\r\n", b"a:b\r\n" * 101 + b"\r\n"),
    "large trailers": (CHUNKED + b"0\r\n", b"a: " + b"b" * LARGEST_HEADER + b"\r\n\r\n"),
    "a trailer without an end": (CHUNKED + b"0\r\n", b"a: ", *MUCH),
    "the extension of a chunk": (CHUNKED + b"5;", *MUCH),
    "extensions of many chunks": (CHUNKED, *[b"1;" + b"e" * 5000 + b"\r\nx\r\n"] * 200),
    "line breaks before a request": (b"\r\n" * LARGEST_HEADER,),
}


@pytest.mark.parametrize("pieces", LARGE.values(), ids=LARGE)
async def test_more_than_a_request_may_have_beside_its_body_is_refused(pieces: tuple[bytes, ...]) -> None:
    async with listening(limits=Limits()) as port:  # in which it could go on for longer than the test waits
        heard = await said(port, *pieces)
    assert heard.startswith(b"HTTP/1.1 431") or heard == b""  # the refusal is lost where the peer sends on


async def test_trailers_without_end_behind_an_answer_end_the_connection() -> None:
    async with listening(limits=Limits()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED.replace(b"/", b"/early", 1))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.write(b"0\r\n" + b"a:b\r\n" * 200)
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 431")
        writer.close()


async def test_no_trailer_becomes_a_header() -> None:
    seen: list[Scope] = []

    async def remember(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(remember, port=port, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
    )
    serving = asyncio.create_task(server._serve())
    await wait_until(lambda: server.started)
    await said(port, CHUNKED, b"5\r\nhello\r\n0\r\ncontent-type: text/x\r\n\r\n")
    server.should_exit = True
    await serving
    assert [name for name, _ in seen[0]["headers"]] == [b"host", b"transfer-encoding"]


SLOW = {
    "nothing": b"",
    "half a header": b"POST / HTTP/1.1\r\nhost:",
    "half a body": REQUEST[:-2],
    "a line break": b"\r\n",
    "half a chunk": CHUNKED + b"5\r\nhe",
    "no end of trailers": CHUNKED + b"5\r\nhello\r\n0\r\na: b\r\n",
}


@pytest.mark.parametrize("begun", SLOW.values(), ids=SLOW)
async def test_a_request_that_does_not_come_in_time_is_let_go(port: int, begun: bytes) -> None:
    assert await said(port, begun) == b""


@pytest.mark.parametrize("begun", SLOW.values(), ids=SLOW)
async def test_a_later_request_that_does_not_come_in_time_is_let_go_as_well(port: int, begun: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    await reader.readuntil(b"hello")
    writer.write(begun or b"\r")
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_half_a_request_in_one_piece_with_a_whole_one_is_let_go(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST + REQUEST[:-2])
    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(b"hello")  # and the end
    writer.close()


async def test_dripped_line_breaks_give_no_more_time(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    await reader.readuntil(b"hello")
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(5):
        while not reading.done():
            writer.write(b"\r\n")
            await asyncio.sleep(0.02)
    writer.close()


def unread(port: int, request: bytes) -> socket.socket:
    """A connection that asks, and reads nothing."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", port))
    peer.sendall(request)
    return peer


def is_gone(peer: socket.socket) -> bool:
    """Whether the other side has broken off, as its kernel tells."""
    state: int = struct.unpack("B", peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1))[0]
    return state in {7, 8}  # closed, or ended from over there


async def test_requests_may_come_before_the_answers_to_others(port: int) -> None:
    asked = b"GET /3 HTTP/1.1\r\nhost: x\r\n\r\n" * 50 + REQUEST
    assert (await said(port, asked)).count(b"HTTP/1.1 200") == 51


async def test_a_crowd_of_requests_on_one_connection_is_not_kept_in_memory() -> None:
    seen: list[int] = []

    class Watched(BoundedProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            seen.append(len(self.pipeline))
            super().connection_lost(exc)

    async with listening(protocol=Watched) as port:
        await said(port, b"GET /3 HTTP/1.1\r\nhost: x\r\n\r\n" * 5000)
        await wait_until(lambda: bool(seen), what="the end of the connection")
    assert max(seen) <= QUICK.pipelined


UNREAD = {
    "one large answer": b"GET /9000000 HTTP/1.1\r\nhost: x\r\n\r\n",
    "the last answer": b"GET /9000000 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "many answers": b"GET /60000 HTTP/1.1\r\nhost: x\r\n\r\n" * 300,
    "an answer and a bad request": b"GET /9000000 HTTP/1.1\r\nhost: x\r\n\r\n\0",
}


@pytest.mark.parametrize("request_", UNREAD.values(), ids=UNREAD)
async def test_a_peer_that_reads_no_answer_is_let_go(request_: bytes) -> None:
    shares = Shares(most=1000, per_client=1000)
    async with listening(shares=shares) as port:
        with unread(port, request_) as peer:
            await wait_until(lambda: is_gone(peer), 5, "the end of the connection")
            await wait_until(lambda: not shares._client_of, 5, "a free place")


async def test_a_peer_that_reads_gets_a_large_answer_whole(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /9000000 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    async with asyncio.timeout(20):
        assert len((await reader.read()).partition(b"\r\n\r\n")[2]) == 9_000_000
    writer.close()


BAD = {
    "two lengths": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: x\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\nhost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("request_", BAD.values(), ids=BAD)
async def test_a_bad_request_is_refused(port: int, request_: bytes) -> None:
    assert (await said(port, request_)).startswith(b"HTTP/1.1 400")


async def test_http_1_0_needs_no_host(port: int) -> None:
    assert (await said(port, b"POST / HTTP/1.0\r\ncontent-length: 5\r\n\r\nhello")).startswith(b"HTTP/1.1 200")


async def test_an_upgrade_is_answered_without_one_and_ends_the_connection(port: int) -> None:
    heard = await said(port, b"GET /3 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 200")


async def test_bad_requests_are_told_once_with_their_count(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with listening(refusals=Refusals(log_every_s=0.5)) as port:
        await asyncio.gather(*(said(port, BAD["no host"]) for _ in range(20)))
        await wait_until(lambda: len(told(caplog)) == 2, what="the count")
    assert told(caplog) == ["requests refused reason=400 count=1", "requests refused reason=400 count=19"]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.INFO and "requ" in record.getMessage().lower()
    ]


async def test_a_client_that_resets_is_no_error(port: int, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.sendall(REQUEST * 3)
        await asyncio.sleep(0)
    assert (await said(port, REQUEST)).startswith(b"HTTP/1.1 200 OK")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
