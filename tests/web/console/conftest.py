"""The console on a real database of each kind, called through ASGI as a browser would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from responder.core.operations.records import RulesStatus
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.rulefile import read_rules
from responder.settings.model import Settings, load_settings
from responder.web.console.console import make_console
from responder.web.health import Health
from responder.wiring import Store
from tests.conftest import NOON, StandingClock

ORIGIN = "http://127.0.0.1:8000"
PASSWORD = "long enough, and easy to type"
OURS = {"sec-fetch-site": "same-origin"}
RULES = """version: 1
languages: [it, en]
timezone: Europe/Rome
lists: {news: {title: Weekly news}}
rules:
  - name: news-on
    when: {text: News ON}
    then:
      - subscribe: news
      - reply: "Welcome."
fallback: {then: [{hand_off: unrecognised}]}
"""


class Browser:
    """A browser before the console: it keeps cookies, and says that acts come from our own pages."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data=fields, headers=OURS)

    async def sign_in(self, password: str = PASSWORD, name: str = "Anna") -> httpx.Response:
        return await self.post("/sign-in", name=name, password=password)


class Installation:
    """A console with its parts at hand; ``settings`` may be changed before it opens."""

    def __init__(self, store: Store, clock: StandingClock) -> None:
        self.store = store
        self.clock = clock
        self.rules: Rules = read_rules(RULES, "rules.yaml", {})
        self.mistakes: tuple[str, ...] = ()
        self.redis_is_up = True
        self.settings: Settings = load_settings({})

    def set(self, **variables: str) -> None:
        self.settings = load_settings({f"RESPONDER_{name.upper()}": value for name, value in variables.items()})

    @property
    def desk(self) -> Desk:
        async def rules() -> Rules:
            return self.rules

        return Desk(database=self.store.database, secret=self.store.secret, rules=rules, clock=self.clock)

    @asynccontextmanager
    async def browser(
        self, origin: str = ORIGIN, address: str = "127.0.0.1", *, raises: bool = True
    ) -> AsyncIterator[Browser]:
        app, feed = make_console(self.settings, self.desk, lambda: self.rules, self.health())
        transport = httpx.ASGITransport(app, raise_app_exceptions=raises, client=(address, 1234))
        headers = {"accept-language": "en"}
        async with httpx.AsyncClient(transport=transport, base_url=origin, headers=headers) as client:
            yield Browser(client)
        await feed.end()

    def health(self) -> Health:
        return Health(
            database=self.store.database,
            inbox=self.store.inbox,
            installation=self.store.installation,
            rules=self.status,
            ping=self.ping,
            clock=self.clock,
            zone=ZoneInfo("Europe/Rome"),
        )

    def status(self) -> RulesStatus:
        return RulesStatus(hash=self.rules.hash, count=1, last_good_at=NOON, mistakes=self.mistakes)

    async def ping(self) -> None:
        if not self.redis_is_up:
            raise ConnectionError

    def now(self) -> datetime:
        return self.clock()


@pytest.fixture
def installation(store: Store, clock: StandingClock) -> Installation:
    return Installation(store, clock)
