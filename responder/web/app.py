"""The application: routes, and what runs beside them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from responder.tasks import end
from responder.web.delivery import DeliveryWebhook
from responder.web.health import Health
from responder.web.metrics import Metrics
from responder.web.sms import SmsWebhook
from responder.web.tallies import Tallies

Background = Callable[[], Coroutine[Any, Any, None]]


def create_app(
    *,
    sms: SmsWebhook,
    delivery: DeliveryWebhook,
    health: Health,
    background: Sequence[Background],
    close: Callable[[], Awaitable[None]],
    api: Sequence[Route] = (),
) -> Starlette:
    """The web side; ``api`` are the routes of the REST API, ``background`` runs for as long as it does, and ``close`` ends what is left."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run()) for run in background]
        yield
        await close()
        await end(tasks)

    routes = [
        Route("/webhook/sms", sms),
        Route("/webhook/sms/{token:path}", sms),
        Route("/webhook/delivery", delivery),
        Route("/webhook/delivery/{token:path}", delivery),
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", Metrics(health, Tallies(health.database, health.clock)).__call__),
        *api,
    ]
    return Starlette(routes=routes, lifespan=lifespan)
