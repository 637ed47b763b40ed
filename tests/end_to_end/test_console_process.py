"""The console's process beside the one that takes texts: neither holds up nor takes down the other."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import wait_until
from tests.end_to_end.service import Service, serving
from tests.living import is_alive
from tests.receiver import Receiver

ANNA = "+393300000001"


@asynccontextmanager
async def browser(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody on this machine who looks at the console."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=30, verify=False) as client:  # noqa: S501
        yield client


async def test_texts_are_taken_and_answered_while_the_console_is_frozen(service: Service, receiver: Receiver) -> None:
    async with browser(service) as client:
        assert (await client.get("/")).status_code == 200
        await service.freeze("console")
        looking = asyncio.create_task(client.get("/inbox"))
        assert await service.send("News ON", ANNA) == 200
        await wait_until(lambda: "/send" in [request.path for request in receiver.requests], 20)
        assert not looking.done()
        service.kill("console", signal.SIGCONT)
        assert (await looking).status_code == 200


async def test_a_console_that_is_killed_is_back_with_the_next_look(service: Service) -> None:
    async with browser(service) as client:
        assert (await client.get("/")).status_code == 200
        first = service.children()["console"]
        service.kill("console")
        assert "Messages" in (await client.get("/", headers={"accept-language": "en"})).text
        assert service.children()["console"] != first
        assert await service.send("News ON", ANNA) == 200


async def test_an_open_feed_does_not_hold_up_the_end_and_is_ended_as_a_whole(service: Service) -> None:
    async with browser(service) as client, client.stream("GET", "/events") as feed:
        heard = feed.aiter_raw()
        await anext(heard)
        began = asyncio.get_running_loop().time()
        ending = asyncio.create_task(service.stop())
        async for _ in heard:  # which would raise if the feed broke off
            pass
        assert await ending == [0]
        assert asyncio.get_running_loop().time() - began < 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_web_alone_has_a_console_which_ends_with_it(
    tmp_path: Path, receiver: Receiver, shared: dict[str, str], number: signal.Signals
) -> None:
    async with serving(tmp_path, receiver, "web", "worker", **shared) as service, browser(service) as client:
        assert service.children("web") == {}
        assert (await client.get("/")).status_code == 200
        (console,) = service.children("web").values()
        service.kill("web", number)
        await asyncio.to_thread(service.processes["web"].wait, 30)
        await wait_until(lambda: not is_alive(console), 30)
