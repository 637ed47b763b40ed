"""The way out over real sockets: whoever was let in by the system is answered, and whoever is connected may ask once more."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from responder.web.leaving import LeavingProtocol, Server
from tests.conftest import free_port, wait_until
from tests.web.test_protocol import REQUEST, echo


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Server, int]]:
    """A server that listens, and its port."""
    port = free_port()
    http: Any = LeavingProtocol
    config = uvicorn.Config(echo, port=port, http=http, ws="none", lifespan="off", log_config=None)
    config.load()
    server = Server(config, hang_up=lambda: None)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server, port


async def test_whoever_has_knocked_before_the_end_is_answered() -> None:
    async with opened() as (server, port):
        with socket.create_connection(("127.0.0.1", port)) as knocking:  # let in by the system alone: no loop ran
            knocking.sendall(REQUEST)
            await server.shutdown()
            assert b"200 OK" in await asyncio.to_thread(knocking.recv, 65536)


async def test_nobody_is_let_in_afterwards() -> None:
    async with opened() as (server, port):
        await server.shutdown()
        with socket.socket() as late:
            assert late.connect_ex(("127.0.0.1", port)) != 0


async def test_whoever_is_connected_may_ask_once_more_and_is_told_that_it_was_the_last_time() -> None:
    async with opened() as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        assert b"200 OK" in await reader.readuntil(b"hello")
        leaving = asyncio.create_task(server.shutdown())
        await wait_until(lambda: not any(listening.is_serving() for listening in server.servers))
        writer.write(REQUEST)
        assert b"connection: close" in await asyncio.wait_for(reader.read(), 10)
        await leaving
        writer.close()


async def test_whoever_says_nothing_holds_nothing_up() -> None:
    async with opened() as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.wait_for(server.shutdown(), 10)
        writer.close()
