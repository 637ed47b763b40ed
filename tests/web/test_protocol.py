"""Connections over real sockets: headers and requests that are too large or too slow are let go."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from responder.web.protocol import LARGEST_HEADER, BoundedProtocol
from tests.conftest import free_port, wait_until

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        part = await receive()
        if part["type"] == "http.disconnect":
            return
        body, more = body + part["body"], part["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Where a server listens that gives a request a fifth of a second."""
    monkeypatch.setattr("responder.web.protocol.REQUEST_DEADLINE_S", 0.2)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(echo, port=port, http=BoundedProtocol, ws="none", lifespan="off", log_config=None))
    serving = asyncio.create_task(server._serve())
    await wait_until(lambda: server.started)
    yield port
    server.should_exit = True
    await serving


async def said(port: int, *pieces: bytes) -> bytes:
    """All that the server says to these bytes until it closes, or answers in full."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    heard = b""
    async with asyncio.timeout(5):
        while not heard.endswith(b"hello") and (piece := await reader.read(65536)):
            heard += piece
    writer.close()
    return heard


async def test_an_ordinary_request_is_answered(port: int) -> None:
    assert (await said(port, REQUEST)).startswith(b"HTTP/1.1 200 OK")


async def test_a_connection_may_be_used_again_after_a_pause(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(REQUEST)
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK")
        await asyncio.sleep(0.3)  # longer than a request may take: between requests nothing is owed
    writer.close()


async def test_a_header_that_is_too_large_is_refused(port: int) -> None:
    assert (await said(port, b"POST / HTTP/1.1\r\nx: ", b"y" * (LARGEST_HEADER + 1))).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("begun", [b"", b"POST / HTTP/1.1\r\nhost:", REQUEST[:-2]], ids=["nothing", "half a header", "half a body"])
async def test_a_request_that_does_not_come_in_time_is_let_go(port: int, begun: bytes) -> None:
    assert await said(port, begun) == b""


async def test_a_later_request_that_does_not_come_in_time_is_let_go_as_well(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST + REQUEST[:-2])
    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(b"hello")  # and the end
    writer.close()


async def test_two_lengths_in_one_request_are_refused(port: int) -> None:
    smuggled = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    assert (await said(port, smuggled)).startswith(b"HTTP/1.1 400")
