"""The gateway as the rest of responder knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from responder.core.contact.effects import Step
from responder.core.outbound.gateway import Call, Events, Response, Taken
from responder.core.sms.message import Channel, Inbound
from responder.gateways.agile.answers import read_response
from responder.gateways.agile.credit import credit_url, read_credit
from responder.gateways.agile.events import read_events
from responder.gateways.agile.inbound import read_inbound
from responder.gateways.agile.outbound import Api, body_of, send_url


@dataclass(frozen=True, kw_only=True, slots=True)
class AgileTelecom:
    """Agile Telecom; without an API key its replies are simulated, without a sender they come from the number that was texted.

    ``url`` is the address of the API, or the beginning of it; None is the vendor's own.
    """

    name = "agile"
    ack = b"+OK"

    secret: bytes = field(repr=False)
    zone: ZoneInfo
    api_key: str | None = field(default=None, repr=False)
    api: Api = Api.UNIVERSAL
    url: str | None = None
    sender: str | None = None

    def read_inbound(self, form: Mapping[str, str], raw: bytes, received_at: datetime, channel: Channel) -> Inbound:
        """The message in a form; one without originator or destination comes back as malformed."""
        return read_inbound(form, raw, received_at, channel, gateway=self.name, key_secret=self.secret, zone=self.zone)

    def read_events(self, form: Mapping[str, str], raw: bytes, received_at: datetime) -> Events:
        """The delivery reports in a request, and the messages that came with them."""
        events = read_events(form, raw, received_at, self.zone)
        inbound = tuple(self.read_inbound(fields, raw, received_at, Channel.WEBHOOK) for fields in events.messages)
        return Events(reports=events.reports, inbound=inbound, unread=events.unread)

    def build_outbound(self, step: Step) -> Call | None:
        """The call that sends a reply; None while replies are simulated."""
        if self.api_key is None:
            return None
        headers = {"content-type": "application/json", "x-api-key": self.api_key}
        return Call(
            url=send_url(self.api, self.url), headers=headers, body=body_of(self.api, step, self.sender or step.sender)
        )

    def read_response(self, response: Response) -> Taken:
        """What the gateway says of a message that it took; an error says what became of it, in our words and never in its contents."""
        return read_response(response)

    def build_credit(self) -> Call | None:
        """The question how much credit is left; None without a key."""
        if self.api_key is None:
            return None
        return Call(
            url=credit_url(self.api, self.url), headers={"accept": "application/json", "x-api-key": self.api_key}
        )

    def read_credit(self, response: Response) -> Decimal:
        """The credit that is left, in euros."""
        return read_credit(response)
