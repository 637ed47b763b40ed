"""Two responders whose replies reach each other: they stop by themselves; worker/test_limits.py has the same without their processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import wait_until
from tests.end_to_end.service import OPEN_WORK, Service, serving
from tests.receiver import Receiver, receiving

HERE, THERE = "+393331234333", "+393331234444"
RULES = """
version: 1
languages: [en]
fallback:
  then:
    - reply: "REPLY"
"""


async def post(service: Service, originator: str, destination: str, text: str, second: int) -> None:
    """Hand in a message as the gateway does; no two have the same time."""
    form = {"originator": originator, "destination": destination, "text": text, "date_time": f"202611231300{second:02}"}
    async with httpx.AsyncClient(timeout=15, verify=False) as client:  # noqa: S501  (none is asked for)
        assert (await client.post(f"http://127.0.0.1:{service.port}/webhook/sms", data=form)).content == b"+OK"


async def carry(out: Receiver, into: Service) -> None:
    """Bring every reply that reaches the gateway of one to the other, as a text from the number that sent it."""
    carried = 0
    while True:
        await out.wait_for(carried + 1, 3600)
        for request in out.requests[carried:]:
            sms = request.json()
            await post(into, sms["sender"], sms["destination"], sms["body"], carried)
            carried += 1


@asynccontextmanager
async def two(folder: Path, reply: str) -> AsyncIterator[tuple[Service, Service]]:
    """Two services, each of which is the other's only correspondent."""
    rules, folders = RULES.replace("REPLY", reply), [folder / "here", folder / "there"]
    for each in folders:
        each.mkdir()
    async with AsyncExitStack() as stack:
        outs = [await stack.enter_async_context(receiving()) for _ in folders]
        services = [
            await stack.enter_async_context(serving(each, out, rules=rules))
            for each, out in zip(folders, outs, strict=True)
        ]
        carriers = [asyncio.create_task(carry(out, into)) for out, into in zip(outs, reversed(services), strict=True)]
        yield services[0], services[1]
        for carrier in carriers:
            carrier.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)


def count(service: Service, of: str) -> int:
    """How many rows there are of something."""
    return int(service.query(f"SELECT count(*) FROM {of}")[0][0])  # noqa: S608  (ours)


def is_silent(here: Service, there: Service) -> bool:
    """Whether every text that was sent has arrived and was handled, and nothing more is to go out."""
    if any(service.query(OPEN_WORK) for service in (here, there)):
        return False
    sent = [count(service, "steps WHERE status = 'sent'") for service in (here, there)]
    got = [count(service, "messages WHERE status = 'handled'") for service in (there, here)]
    return got == [sent[0], sent[1] + 1]


@pytest.mark.faults
@pytest.mark.parametrize(
    ("reply", "most"),
    [("Sorry, we did not understand.", 1), ("You said: {{ message.text }}", 7)],
    ids=["equal", "growing"],
)
async def test_two_responders_pointed_at_each_other_stop_by_themselves(tmp_path: Path, reply: str, most: int) -> None:
    async with two(tmp_path, reply) as (here, there):
        await post(here, THERE, HERE, "hello", 59)
        await wait_until(lambda: is_silent(here, there) and is_silent(here, there), 30, "silence")
        # one echo; or five, the notice, and the question whether the other, whose notice has the word STOP, wants no more
        assert max(count(service, "steps WHERE status = 'sent'") for service in (here, there)) == most
