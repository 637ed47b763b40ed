"""POST /webhook/delivery[/TOKEN]: reports are committed with what they change, and messages among them taken in like any other."""

import asyncio
import logging

from responder.core.gateway import Gateway
from responder.core.ports import Clock
from responder.intake import Intake
from responder.store.reports import SqlReports
from responder.web.gate import Gate
from responder.web.posted import FormEndpoint, Posted

logger = logging.getLogger(__name__)


class DeliveryWebhook(FormEndpoint):
    """The endpoint of delivery reports."""

    what = "reports"

    def __init__(self, *, gateway: Gateway, reports: SqlReports, intake: Intake, gate: Gate, clock: Clock) -> None:
        super().__init__(gate=gate, clock=clock, ack=gateway.ack)
        self._gateway = gateway
        self._reports = reports
        self._intake = intake

    async def take(self, posted: Posted) -> None:
        """Commit the reports, with the fates that they tell, and the messages. Raises StorageError."""
        events = self._gateway.read_events(posted.form, posted.body, posted.received_at)
        if events.unread:
            logger.warning(
                "events that are neither a report with an id nor a text were left out count=%d", events.unread
            )
        for key, status in await self._reports.add(events.reports, posted.received_at):
            logger.info("report settled key=%s status=%s", key, status)
        await asyncio.gather(*(self._intake.take(message, posted.began_at) for message in events.inbound))
