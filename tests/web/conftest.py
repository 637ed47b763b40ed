"""The web side on a real SQLite inbox, called through ASGI."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from responder.core.operations.records import RulesStatus
from responder.core.outbound.gateway import Gateway, Job
from responder.gateways.agile import AgileTelecom
from responder.intake import Intake
from responder.store.base.database import Database
from responder.store.base.migration import migrate
from responder.web.app import App, Metrics, create_app
from responder.web.health import Health
from responder.web.webhooks import Gate, Refusals, Webhooks
from responder.wiring import Store
from tests.conftest import NOON, StandingClock, store_on, wait_until

VECTOR_1 = "originator=%2B393301234567&destination=%2B393331234333&date_time=20260408143052&text=News+ON"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class SilentBell:
    """Rings nowhere."""

    def ring(self, job: Job) -> None:
        del job


class WebSide:
    """The application on a store, with gates of its own choosing."""

    def __init__(self, store: Store, clock: StandingClock) -> None:
        self.store = store
        self.clock = clock
        self.gateway: Gateway = AgileTelecom(secret=store.secret, zone=ZoneInfo("Europe/Rome"))
        self.gate = Gate([], [])
        self.intake = Intake(store.inbox, SilentBell())
        self.refusals = Refusals()
        self.metrics_token: str | None = None
        self.redis_is_up = True
        self.mailbox: str | None = None
        self.rules = RulesStatus(hash="abc", count=3, last_good_at=NOON)

    def app(self) -> App:
        health = Health(
            database=self.store.database,
            inbox=self.store.inbox,
            installation=self.store.installation,
            rules=lambda: self.rules,
            ping=self.ping,
            clock=self.clock,
            is_taking=lambda: self.intake.is_taking,
            zone=ZoneInfo("Europe/Rome"),
            mailbox=self.mailbox,
        )
        webhooks = Webhooks(
            gateway=self.gateway,
            gate=self.gate,
            intake=self.intake,
            reports=self.store.reports,
            clock=self.clock,
            refusals=self.refusals,
        )
        return create_app(
            webhooks=webhooks,
            metrics=Metrics(health=health, refusals=self.refusals, token=self.metrics_token, disk=Path.cwd()),
            background=[],
            close=self.nothing,
        )

    async def ping(self) -> None:
        if not self.redis_is_up:
            raise ConnectionError

    async def nothing(self) -> None:
        """Close nothing."""

    async def post(self, body: str | bytes = VECTOR_1, path: str = "/webhook/sms", **options: object) -> httpx.Response:
        headers = options.pop("headers", FORM)
        host = str(options.pop("host", "127.0.0.1"))
        transport = httpx.ASGITransport(self.app(), client=(host, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.post(path, content=body, headers=headers)  # type: ignore[arg-type]

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app()), base_url="http://testserver") as client:
            return await client.get(path, headers=headers)


@asynccontextmanager
async def web_side(folder: Path, clock: StandingClock) -> AsyncIterator[WebSide]:
    """The application with its intake at work."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'responder.db'}")
    await migrate(database)
    side = WebSide(await store_on(database), clock)
    running = asyncio.create_task(side.intake.run())
    await wait_until(lambda: side.intake.is_taking)
    yield side
    side.intake.close()
    await asyncio.wait_for(running, 5)
    await database.close()


@pytest.fixture
async def web(tmp_path: Path, clock: StandingClock) -> AsyncIterator[WebSide]:
    async with web_side(tmp_path, clock) as side:
        yield side
