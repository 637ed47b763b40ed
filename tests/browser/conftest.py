"""The console of a real `responder run` in Debian's Chromium; skipped where there is no Chromium."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.visitor import DESK, Visitor, open_window
from tests.end_to_end.service import Service, serving
from tests.receiver import Receiver, receiving

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
)
CHROMIUM = os.environ.get("CHROMIUM", "chromium")
AXE = os.environ.get("AXE_CORE", "")
PASSWORD = "long enough, and easy to type"
RULES = """version: 1
languages: [en, it]
timezone: Europe/Rome
country: IT
lists:
  news: {title: Weekly news}
webhooks:
  crm: {url: "URL/crm"}
rules:
  - name: news-on
    when: {text: News ON}
    then:
      - subscribe: news
      - reply: "Welcome to our news."
  - name: news-off
    when: {text: News OFF}
    then:
      - unsubscribe: news
      - reply: "You left our news."
  - name: order
    when: {starts_with: order}
    then: [{webhook: crm}]
  - name: yes
    when: {answer: confirm}
    then:
      - appointment: confirm
      - reply: "See you then."
  - name: no
    when: {answer: cancel}
    then: [{appointment: cancel}]
fallback:
  then: [{hand_off: unrecognised}]
"""
Opens = Callable[..., Awaitable[Visitor]]
Serves = Callable[..., Awaitable[Service]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need a browser, which lives in one loop for all of them."""
    here = f"{Path(__file__).parent}/"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window on the screen."""
    path = shutil.which(CHROMIUM)
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium, or CHROMIUM=/its/path")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """The gateway's send API and the shop's webhook."""
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> AsyncIterator[Service]:
    """A run that is open on this machine, for all tests of a module: each has numbers of its own."""
    async with serving(tmp_path_factory.mktemp("run"), receiver, rules=RULES) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def serve(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Serves]:
    """Starts a run with settings of the test's own."""
    async with AsyncExitStack() as stack:

        async def start(rules: str = RULES, **settings: str) -> Service:
            running = serving(tmp_path, receiver, rules=rules, **settings)
            return await stack.enter_async_context(running)

        yield start


@pytest_asyncio.fixture(loop_scope="session")
async def window(chromium: Browser) -> AsyncIterator[Opens]:
    """Opens windows, each with cookies of its own; in the end none may have complained."""
    opened: list[Visitor] = []

    async def open_one(service: Service, path: str = "/", *, host: str = "127.0.0.1", **settings: Any) -> Visitor:
        allowed = settings.pop("allowed", ())
        context = await chromium.new_context(**{"locale": "en-GB", "viewport": DESK, **settings})
        visitor = await open_window(context, f"http://{host}:{service.port}", *allowed)
        opened.append(visitor)
        await visitor.go(path)
        return visitor

    yield open_one
    for visitor in opened:
        await visitor.check()
