"""POST /webhook/sms[/TOKEN]: a form becomes a message."""

from responder.core.gateway import Gateway
from responder.core.message import Channel
from responder.core.ports import Clock
from responder.intake import Intake
from responder.web.gate import Gate
from responder.web.posted import FormEndpoint, Posted


class SmsWebhook(FormEndpoint):
    """The endpoint of messages."""

    what = "message"

    def __init__(self, *, gateway: Gateway, intake: Intake, gate: Gate, clock: Clock) -> None:
        super().__init__(gate=gate, clock=clock, ack=gateway.ack)
        self._gateway = gateway
        self._intake = intake

    async def take(self, posted: Posted) -> None:
        """Commit the message. Raises StorageError."""
        message = self._gateway.read_inbound(posted.form, posted.body, posted.received_at, Channel.WEBHOOK)
        await self._intake.take(message, posted.began_at)
