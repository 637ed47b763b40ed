"""Connections are used again, so that a busy webhook is not greeted anew for every call."""

import asyncio
from contextlib import AsyncExitStack

from responder.clients.http import HttpClient
from responder.core.outbound.fates import AT_ONCE
from responder.core.outbound.gateway import Call
from tests.conftest import wait_until
from tests.receiver import Receiver, receiving


async def test_connections_to_several_busy_endpoints_are_used_again() -> None:
    async with AsyncExitStack() as stack, HttpClient(allow_private=True) as client:
        receivers = [await stack.enter_async_context(receiving()) for _ in range(4)]
        for _ in range(3):
            await call_all(client, receivers)
    assert sum(receiver.connections for receiver in receivers) <= len(receivers) * AT_ONCE


async def test_a_connection_that_was_kept_for_long_is_closed_when_another_is_opened() -> None:
    async with receiving() as first, receiving() as second, HttpClient(allow_private=True, kept_s=0.0) as client:
        await client.post(Call(url=first.url, headers={}))
        await client.post(Call(url=second.url, headers={}))
        await wait_until(lambda: first.open == 0, 5, "the end of the first connection")
        assert second.open == 1


async def test_no_more_idle_connections_are_kept_than_allowed() -> None:
    async with receiving() as first, receiving() as second, HttpClient(allow_private=True, kept=3) as client:
        await call_all(client, [first, second])
        await wait_until(lambda: first.open + second.open == 3, 5, "three connections")


async def test_the_end_of_the_client_is_the_end_of_its_connections() -> None:
    async with receiving() as receiver:
        async with HttpClient(allow_private=True) as client:
            await call_all(client, [receiver])
        await wait_until(lambda: receiver.open == 0, 5, "the end of all connections")


async def call_all(client: HttpClient, receivers: list[Receiver]) -> None:
    """As many calls at once to each as there may be."""
    await asyncio.gather(
        *(
            client.post(Call(url=receiver.url, headers={}, guarded=True))
            for receiver in receivers
            for _ in range(AT_ONCE)
        )
    )
