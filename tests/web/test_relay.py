"""The relay between web and the console's process, over real sockets: what comes through, and what if it breaks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from responder.processes.forked import Door
from responder.web.relay import AsAsked, Relay
from tests.conftest import free_port, wait_until


@asynccontextmanager
async def serving(app: ASGIApp, **place: Any) -> AsyncIterator[uvicorn.Server]:
    """A server that has begun, at a port or at a door."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, proxy_headers=False, **place)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started)
    yield server
    server.should_exit = True
    await running


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door("console")
    yield made
    made.close()


@asynccontextmanager
async def browser(relay: Relay) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever asks web, where nothing but the relay is."""
    port = free_port()
    async with (
        serving(relay, port=port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
    ):
        yield client
    await relay.end()


@asynccontextmanager
async def asking(console: ASGIApp, door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, the relay, and a console behind its door."""
    async with serving(AsAsked(console), fd=door.number), browser(Relay(door.path)) as client:
        yield client


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell what was asked."""
    request = Request(scope, receive)
    body = await request.body()
    told = [scope["method"], scope["raw_path"].decode(), scope["query_string"].decode(), body.decode()]
    headers = [
        (b"x-told", repr([*told, scope["scheme"], scope["client"][0]]).encode()),
        (b"x-host", request.headers.get("host", "").encode()),
        (b"x-names", " ".join(sorted(request.headers.keys())).encode()),
        (b"set-cookie", b"one=1"),
        (b"set-cookie", b"two=2"),
    ]
    await send({"type": "http.response.start", "status": 418, "headers": headers})
    await send({"type": "http.response.body", "body": b"short and stout"})


async def test_a_request_and_its_answer_come_through_as_they_are(door: Door) -> None:
    async with asking(tell, door) as client:
        answer = await client.post("/a%2Fb//c?x=%20&y", content=b"body")
    assert (answer.status_code, answer.text) == (418, "short and stout")
    assert answer.headers["x-told"] == repr(["POST", "/a%2Fb//c", "x=%20&y", "body", "http", "127.0.0.1"])
    assert answer.headers.get_list("set-cookie") == ["one=1", "two=2"]
    assert answer.headers["x-host"] == client.base_url.netloc.decode()


async def test_a_body_without_a_length_comes_through(door: Door) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"in "
        yield b"pieces"

    async with asking(tell, door) as client:
        answer = await client.post("/", content=pieces())
    assert "in pieces" in answer.headers["x-told"]


async def test_nobody_can_say_who_asks_but_web(door: Door) -> None:
    async with asking(tell, door) as client:
        forged = {"x-responder-client": "10.0.0.1", "x-responder-scheme": "https", "x-forwarded-for": "10.0.0.2"}
        answer = await client.get("/", headers=forged)
    assert answer.headers["x-told"] == repr(["GET", "/", "", "", "http", "127.0.0.1"])
    names = answer.headers["x-names"].split()
    assert "x-forwarded-for" in names  # it tells of a proxy, which the console asks about
    assert not {"x-responder-client", "x-responder-scheme", "connection"} & set(names)


async def test_a_head_request_gets_a_head(door: Door) -> None:
    async with asking(tell, door) as client:
        answer = await client.head("/")
        assert (answer.status_code, answer.content) == (418, b"")
        assert (await client.get("/")).text == "short and stout"


class Stream:
    """A feed: each word at once, and what becomes of whoever sends it."""

    def __init__(self, kind: bytes = b"text/event-stream") -> None:
        self.kind = kind
        self.words: asyncio.Queue[bytes] = asyncio.Queue()
        self.has_ended = asyncio.Event()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", self.kind)]})
        sending = asyncio.create_task(self._send(send))
        while (await receive())["type"] != "http.disconnect":
            pass
        sending.cancel()
        self.has_ended.set()

    async def _send(self, send: Send) -> None:
        while True:
            await send({"type": "http.response.body", "body": await self.words.get(), "more_body": True})


async def test_a_feed_comes_through_word_by_word_and_ends_with_its_reader(door: Door) -> None:
    feed = Stream()
    async with asking(feed, door) as client:
        async with client.stream("GET", "/events") as answer:
            words = answer.aiter_raw()
            for word in (b"one", b"two"):
                feed.words.put_nowait(word)
                assert await anext(words) == word
        await asyncio.wait_for(feed.has_ended.wait(), 5)


async def test_when_web_leaves_a_feed_ends_as_if_it_were_over(door: Door) -> None:
    feed, relay = Stream(), Relay(door.path)
    async with (
        serving(AsAsked(feed), fd=door.number),
        browser(relay) as client,
        client.stream("GET", "/events") as answer,
    ):
        feed.words.put_nowait(b"one")
        words = answer.aiter_raw()
        assert await anext(words) == b"one"
        relay.hang_up()
        assert [word async for word in words] == []
        await asyncio.wait_for(feed.has_ended.wait(), 5)


async def break_off(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with half of a page."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
    await send({"type": "http.response.body", "body": b"half ", "more_body": True})
    raise RuntimeError


async def test_half_of_an_answer_is_not_taken_for_the_whole(door: Door) -> None:
    async with asking(break_off, door) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")


class Dying:
    """A console that hangs up on the first who ask, and answers the next."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        self.asked = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]:
            await reader.readexactly(int(length[0].split(b":")[1]))
        self.asked += 1
        if self.asked > self.deaths:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        writer.close()


@asynccontextmanager
async def asking_the_dying(deaths: int, door: Door) -> AsyncIterator[tuple[httpx.AsyncClient, Dying]]:
    dying = Dying(deaths)
    path = f"{door.path}-dying"
    server = await asyncio.start_unix_server(dying, path)
    async with server, browser(Relay(path)) as client:
        yield client, dying


async def test_a_look_at_a_console_that_dies_is_repeated_at_the_next(door: Door) -> None:
    async with asking_the_dying(1, door) as (client, dying):
        assert (await client.get("/")).text == "hello"
    assert dying.asked == 2


async def test_what_may_have_been_done_is_not_done_twice(door: Door) -> None:
    async with asking_the_dying(1, door) as (client, dying):
        answer = await client.post("/inbox/1/reply", content=b"text=hello")
    assert (answer.status_code, answer.headers["retry-after"], dying.asked) == (503, "2", 1)
    assert answer.text.startswith("The console does not answer; texts are taken in all the same.")


async def test_a_console_that_dies_each_time_is_not_asked_for_ever(door: Door) -> None:
    async with asking_the_dying(9, door) as (client, dying):
        assert (await client.get("/")).status_code == 503
    assert dying.asked == 2


async def test_where_nobody_serves_any_more_that_is_said_at_once(door: Door) -> None:
    door.shut()
    async with browser(Relay(door.path)) as client:
        assert (await client.get("/")).status_code == 503


async def test_an_answer_that_nobody_waits_for_is_let_go(door: Door) -> None:
    page = Stream(b"text/csv")
    async with asking(page, door) as client:
        async with client.stream("GET", "/messages.csv") as answer:
            page.words.put_nowait(b"a,b")
            assert await anext(answer.aiter_raw()) == b"a,b"
        await asyncio.wait_for(page.has_ended.wait(), 5)
