"""Connections are used again, so that a busy webhook is not greeted anew for every call."""

import asyncio
from contextlib import AsyncExitStack

from responder.client import HttpClient
from responder.core.circuit import AT_ONCE
from responder.core.gateway import Call
from tests.receiver import Receiver, receiving


async def test_connections_to_several_busy_endpoints_are_used_again() -> None:
    async with AsyncExitStack() as stack, HttpClient(allow_private=True) as client:
        receivers = [await stack.enter_async_context(receiving()) for _ in range(4)]
        for _ in range(3):
            await call_all(client, receivers)
    assert sum(receiver.connections for receiver in receivers) <= len(receivers) * AT_ONCE


async def call_all(client: HttpClient, receivers: list[Receiver]) -> None:
    """As many calls at once to each as there may be."""
    await asyncio.gather(*(client.post(Call(url=receiver.url, headers={}, guarded=True)) for receiver in receivers for _ in range(AT_ONCE)))
