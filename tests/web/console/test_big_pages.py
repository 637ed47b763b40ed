"""Pages over a big inbox: each is there at once, and a filter that finds little says how far it looked."""

import os
import time

import pytest

from tests.crowd import Crowd
from tests.web.console.conftest import Browser, Installation

BIG = int(os.environ.get("RESPONDER_BIG_ROWS", "300000"))
LONGEST_S = 0.5
TRIES = 5  # the best of them counts, since others use the machine as well
PAGES = (
    "/", "/?status=handled", "/?status=failed", "/?rule=news-on", "/?list=news", "/?unmatched=1", "/?day=2026-11-20",
    "/inbox", "/appointments", "/lists", "/lists/news", "/deliveries?tab=all", "/deliveries?tab=uncertain", "/rules",
)  # fmt: skip

pytestmark = pytest.mark.big


async def took_s(browser: Browser, path: str) -> float:
    began = time.monotonic()
    assert (await browser.get(path)).status_code == 200
    return time.monotonic() - began


async def test_every_page_is_there_at_once(installation: Installation) -> None:
    crowd = Crowd(installation.store.database)
    await crowd.handled(BIG)
    await crowd.analyse()
    async with installation.browser() as browser:
        slow = {path: min([await took_s(browser, path) for _ in range(TRIES)]) for path in PAGES}
        person = (await browser.post("/find", number="+3933123456")).headers["location"]
        slow["a person"] = min([await took_s(browser, person) for _ in range(TRIES)])
        rare = (await browser.get("/?rule=nothing-like-that")).text
    assert {path: round(seconds, 2) for path, seconds in slow.items() if seconds > LONGEST_S} == {}
    assert "Looked back to" in rare
    assert "Look further" in rare
