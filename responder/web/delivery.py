"""POST /webhook/delivery[/TOKEN]: reports are committed with what they change, and messages among them taken in like any other."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime

from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from responder.core.gateway import Events, Gateway
from responder.core.ports import Clock
from responder.errors import StorageError
from responder.intake import Intake
from responder.store.reports import SqlReports
from responder.web.forms import read_form
from responder.web.sms import NOT_ALLOWED, NOT_FOUND, TOO_LARGE, UNAVAILABLE, Gate, answer, read_body

logger = logging.getLogger(__name__)


class DeliveryWebhook:
    """The endpoint of delivery reports, as a bare ASGI application."""

    def __init__(self, *, gateway: Gateway, reports: SqlReports, intake: Intake, gate: Gate, clock: Clock) -> None:
        self._gateway = gateway
        self._reports = reports
        self._intake = intake
        self._gate = gate
        self._clock = clock
        self._ok = answer(200, gateway.ack)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for part in await self._answer_to(scope, receive):
            await send(part)

    async def _answer_to(self, scope: Scope, receive: Receive) -> Sequence[AsgiMessage]:
        began_at, received_at = time.monotonic(), self._clock()
        client = scope.get("client")
        if not self._gate.lets_in(scope["path_params"].get("token", ""), client[0] if client else ""):
            return NOT_FOUND
        if scope["method"] != "POST":
            return NOT_ALLOWED
        try:
            body = await read_body(receive)
        except ConnectionError:
            return ()
        if body is None:
            return TOO_LARGE
        content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        events = self._gateway.read_events(read_form(body, content_type.decode("latin-1")), body, received_at)
        try:
            await self._take(events, began_at, received_at)
        except StorageError as error:
            logger.error("reports refused, the gateway may send them again reason=%s", error)  # noqa: TRY400
            return UNAVAILABLE
        return self._ok

    async def _take(self, events: Events, began_at: float, now: datetime) -> None:
        """Commit all of it. Raises StorageError, and what was committed by then does no harm when it comes again."""
        if events.unread:
            logger.warning("events that are neither a report with an id nor a text were left out count=%d", events.unread)
        for key, status in await self._reports.add(events.reports, now):
            logger.info("report settled key=%s status=%s", key, status)
        await asyncio.gather(*(self._intake.take(message, began_at) for message in events.inbound))
