"""The process that serves the console, at a door that the web process has opened and asks at."""

import logging

import uvicorn
from starlette.types import ASGIApp

from responder.core.rules.rules import Rules
from responder.jobs import ArqBell, connect
from responder.processes.children import watch_parent
from responder.processes.memory import collect_rarely
from responder.processes.tasks import Beside
from responder.settings.model import Settings
from responder.web.console.console import make_console
from responder.web.health import REDIS_TIMEOUT_S, make_health
from responder.web.leaving import Server
from responder.web.relay import AsAsked
from responder.wiring import make_desk, open_rules, open_store, redis_url, watch_secret

PAGES_FINISH_S = 5  # for pages that are being written when the process stops
KEPT_S = 75  # longer than web keeps a connection that it does not use

logger = logging.getLogger(__name__)


async def serve_console(settings: Settings, door: int) -> None:
    """Serve until stopped; ConfigurationError, RulesError or StorageError says why it cannot start."""

    def stop() -> None:
        server.should_exit = True

    async with open_store(settings) as store:
        in_force = await open_rules(settings, store, decides=False)

        async def rules() -> Rules:
            return in_force.rules()

        redis = connect(redis_url(settings), timeout_s=REDIS_TIMEOUT_S)
        bell = ArqBell(redis)
        desk = make_desk(store, rules, bell.ring)
        health = make_health(settings, store, in_force.status, redis.ping)
        console, feed = make_console(settings, desk, in_force.rules, health)
        server, beside = Server(_config(console, door), feed.close), Beside(stop)
        collect_rarely()
        watch_parent(stop)
        beside.start(bell.run(), in_force.watch(), watch_secret(store))
        logger.info("console starts")
        await server.serve()
        await feed.end()
        await beside.end()
        await bell.close()
    beside.raise_death()


def _config(console: ASGIApp, door: int) -> uvicorn.Config:
    return uvicorn.Config(
        AsAsked(console),
        fd=door,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEPT_S,
        timeout_graceful_shutdown=PAGES_FINISH_S,
    )
