"""The web process: takes messages in, and serves the API."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import cast

import uvicorn
from starlette.routing import BaseRoute

from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.intake import Intake
from responder.jobs import ArqBell, connect
from responder.processes.children import Supervisor, watch_parent
from responder.processes.forked import wait_for_port
from responder.processes.memory import collect_rarely
from responder.processes.tasks import Beside
from responder.rulefile.in_force import RulesInForce
from responder.settings.exposure import check_exposure
from responder.settings.model import Settings
from responder.settings.urls import async_database_url, sqlite_file
from responder.store.base.database import Database
from responder.web.app import App, Console, Metrics, create_app
from responder.web.health import REDIS_TIMEOUT_S, Health, make_health
from responder.web.leaving import LeavingProtocol, Server
from responder.web.relay import Relay
from responder.web.shares import Shares
from responder.web.webhooks import Gate, Refusals, Webhooks
from responder.wiring import Store, make_desk, make_gateway, open_rules, open_store, redis_url, utc_now, watch_secret

CONNECTIONS = 900  # at once; beyond, the client with most of them loses one
ALL_BUSY = 1000  # connections, where none can be closed: 503, and the gateway sends again
PER_CLIENT = 100  # connections of an address, unless it is a trusted proxy or the gateway
KEEP_ALIVE_S = 30
FINISH_S = 20  # for requests under way when the process stops

logger = logging.getLogger(__name__)


async def serve(settings: Settings, door: str, keeper: Supervisor | None = None) -> None:
    """Take messages in until stopped; ConfigurationError, RulesError or StorageError says why it cannot start."""
    check_exposure(settings)
    await wait_for_port(settings.host, settings.port)
    url = redis_url(settings)
    async with open_store(settings) as store:
        in_force = await open_rules(settings, store, decides=False)
        collect_rarely()
        async with _kept(keeper):
            await listen(settings, store, url, in_force, Relay(door))


@asynccontextmanager
async def _kept(keeper: Supervisor | None) -> AsyncIterator[None]:
    """Let a supervisor keep its children for as long as web runs."""
    if keeper is None:
        yield
        return
    keeping = asyncio.create_task(keeper.run())
    try:
        yield
    finally:
        keeper.stop()
        await keeping


async def listen(
    settings: Settings, store: Store, url: str, in_force: RulesInForce, console: Console | None = None
) -> None:
    """Serve on an open store until stopped. Raises what a background task died of."""

    def stop() -> None:
        server.should_exit = True

    beside, refusals = Beside(stop), Refusals()
    app = make_app(settings, store, url, in_force, beside, refusals, console)
    server = Server(_uvicorn_config(settings, app, refusals), app.hang_up)
    watch_parent(stop)
    logger.info("web starts host=%s port=%d", settings.host, settings.port)
    await server.serve()
    beside.raise_death()


def make_app(
    settings: Settings,
    store: Store,
    url: str,
    in_force: RulesInForce,
    beside: Beside | None = None,
    refusals: Refusals | None = None,
    console: Console | None = None,
) -> App:
    """The application on an open store, with the Redis at ``url`` and the rules in force."""
    redis = connect(url, timeout_s=REDIS_TIMEOUT_S)
    bell = ArqBell(redis)
    intake = Intake(store.inbox, bell)
    webhooks = _webhooks(settings, store, intake, refusals or Refusals())
    health = make_health(settings, store, in_force.status, redis.ping, lambda: intake.is_taking)
    desk = _desk(settings, store, in_force, bell)
    taking: list[asyncio.Task[None]] = []

    async def take_in() -> None:
        taking.append(asyncio.ensure_future(intake.run()))
        await asyncio.shield(taking[0])

    async def close() -> None:
        intake.close()
        await asyncio.wait(taking, timeout=FINISH_S)
        await bell.close()
        if console:
            await console.end()
        await desk.database.close()

    return create_app(
        webhooks=webhooks,
        metrics=_metrics(settings, health, webhooks.refusals),
        console=console,
        api=api_routes(settings, desk),
        background=[take_in, bell.run, in_force.watch, lambda: watch_secret(store)],
        close=close,
        beside=beside,
    )


def _webhooks(settings: Settings, store: Store, intake: Intake, refusals: Refusals) -> Webhooks:
    return Webhooks(
        gateway=make_gateway(settings, store.secret),
        gate=Gate([token.get_secret_value() for token in settings.webhook_token], settings.allowed_ips),
        intake=intake,
        reports=store.reports,
        clock=utc_now,
        refusals=refusals,
    )


def _desk(settings: Settings, store: Store, in_force: RulesInForce, bell: ArqBell) -> Desk:
    """What pages and the API look at and act on, by connections of its own: no message waits for one of them."""

    async def rules() -> Rules:
        return in_force.rules()

    database = Database(*async_database_url(settings.database_url))
    return replace(make_desk(store, rules, bell.ring), database=database)


def _metrics(settings: Settings, health: Health, refusals: Refusals) -> Metrics:
    database = sqlite_file(settings.database_url)
    return Metrics(
        health=health,
        refusals=refusals,
        token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
        disk=database.parent if database else None,
    )


def api_routes(settings: Settings, desk: Desk) -> Sequence[BaseRoute]:
    """The routes of the REST API; none without a token."""
    if settings.api_token is None:
        return ()
    from responder.web.api.routes import routes  # noqa: PLC0415  (only who has a token needs it)

    return routes(desk, settings.api_token.get_secret_value())


def _uvicorn_config(settings: Settings, app: App, refusals: Refusals) -> uvicorn.Config:
    shares = Shares(most=CONNECTIONS, per_client=PER_CLIENT, exempt=[*settings.trusted_proxies, *settings.allowed_ips])
    protocol = partial(LeavingProtocol, shares=shares, refusals=refusals)
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=cast("type[asyncio.Protocol]", protocol),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        limit_concurrency=ALL_BUSY,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=FINISH_S,
    )
