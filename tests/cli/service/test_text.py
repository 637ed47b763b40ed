"""responder text, against the real web side."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn

from responder.rulefile import read_rules
from responder.settings.model import load_settings
from responder.web.server import make_app
from responder.wiring import open_rules, utc_now
from tests.builders import ANNA, SHOP
from tests.cli.conftest import Installation, run
from tests.conftest import wait_until


@asynccontextmanager
async def serving(here: Installation, redis: str, token: str = "") -> AsyncIterator[None]:
    """The web side of an installation, on its port."""
    settings = load_settings({"RESPONDER_WEBHOOK_TOKEN": token})
    in_force = await open_rules(settings, here.store, decides=False)
    config = uvicorn.Config(
        make_app(settings, here.store, redis, in_force), port=here.port, log_config=None, lifespan="on"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started)
    yield
    server.should_exit = True
    await running


@asynccontextmanager
async def working(here: Installation) -> AsyncIterator[None]:
    """A worker that handles whatever comes in, and simulates replies, by the clock of the web side."""
    here.work.clock.now = utc_now()

    async def work() -> None:
        while True:
            await here.handle()
            await asyncio.sleep(0.02)

    running = asyncio.create_task(work())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_newcomer_sees_the_answer(here: Installation, redis_socket: str) -> None:
    async with serving(here, redis_socket), working(here):
        outcome = await run("text", "News ON", "--from", ANNA)
    assert outcome.code == 0, outcome.err
    ok, asked, answered, webhook, rule = outcome.out.splitlines()
    assert (ok, asked) == ("+OK", f"{ANNA} > News ON")
    assert answered == f"{ANNA} < Welcome to Weekly news.  (simulated)"
    assert webhook == "webhook crm: rule.matched  (queued)"
    assert rule.startswith("rule news-on;")


async def test_a_reply_that_leaves_later_is_told_with_its_time(here: Installation, redis_socket: str) -> None:
    here.work.rules = read_rules(
        "version: 1\nrules: [{name: ask, when: {text: Ask}, then: [{reply: {text: Well?, delay: 2h}}]}]\n",
        "rules.yaml",
        {},
    )
    async with serving(here, redis_socket), working(here):
        outcome = await run("text", "Ask", "--from", ANNA)
    assert re.fullmatch(rf"{re.escape(ANNA)} < Well\?  \(queued until 2\S+ \S+\)", outcome.out.splitlines()[2])


async def test_why_nothing_is_answered_is_told(here: Installation, redis_socket: str) -> None:
    async with serving(here, redis_socket), working(here):
        outcome = await run("text", "quantum", "--from", ANNA)
    assert (
        outcome.out.splitlines()[2]
        == 'no reply: nothing matched, and the fallback has no reply, and a person is asked to look ("unrecognised")'
    )


async def test_json_is_the_record_of_the_message(here: Installation, redis_socket: str) -> None:
    async with serving(here, redis_socket), working(here):
        texted = (await run("text", "Perché? 👍", "--from", ANNA, "--to", SHOP, "--json")).record
    assert texted == (await run("messages", "list", "--json")).record
    assert (texted["originator"], texted["destination"], texted["text"], texted["rule"]) == (
        ANNA,
        SHOP,
        "Perché? 👍",
        "fallback",
    )


async def test_the_time_is_that_of_the_gateway(here: Installation, redis_socket: str) -> None:
    async with serving(here, redis_socket), working(here):
        texted = (await run("text", "News ON", "--json")).record
    assert texted["sent_at"][:15] == texted["received_at"][:15]  # to ten minutes, in UTC


async def test_the_token_of_the_settings_is_used(here: Installation, redis_socket: str) -> None:
    here.set(WEBHOOK_TOKEN="new,old")
    async with serving(here, redis_socket, token="new,old"):
        assert (await run("text", "News ON", "--no-wait")).out == "+OK\n"


async def test_a_token_that_is_not_accepted_is_told_and_never_shown(here: Installation, redis_socket: str) -> None:
    here.set(WEBHOOK_TOKEN="hush-hush")
    async with serving(here, redis_socket, token="another"):
        outcome = await run("text", "News ON")
    assert (outcome.code, outcome.out) == (1, "")
    assert "RESPONDER_WEBHOOK_TOKEN" in outcome.err
    assert "hush" not in outcome.err


async def test_without_a_service_it_says_how_to_start_one(here: Installation) -> None:
    outcome = await run("text", "News ON")
    assert (outcome.code, outcome.out) == (1, "")
    assert "start it with 'responder run'" in outcome.err


async def test_a_message_that_failed_is_told(here: Installation, redis_socket: str) -> None:
    async with serving(here, redis_socket):
        texting = asyncio.create_task(run("text", "News ON"))
        await wait_until(lambda: _waits(here))
        ((message, _),) = await here.store.inbox.claim("worker", here.work.clock.now, 1)
        await here.store.inbox.fail(message.key, "ValueError: broken", here.work.clock.now)
        outcome = await texting
    assert outcome.code == 1
    assert "it is failed (ValueError: broken)" in outcome.err


async def _waits(here: Installation) -> bool:
    return await here.store.inbox.oldest_waiting() is not None
