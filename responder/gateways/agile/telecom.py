"""The gateway as the rest of responder knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from responder.core.contact.effects import Step
from responder.core.outbound.gateway import POST, Answer, Call, Events, MailTrust, Posted, Response, Sample, Taken
from responder.core.sms.message import Channel, Inbound
from responder.gateways.agile.answers import credit_url, read_credit, read_response
from responder.gateways.agile.events import read_events
from responder.gateways.agile.inbound import form_of, read_message
from responder.gateways.agile.mailbox import SENDERS, AgileMailReader
from responder.gateways.agile.outbound import Api, body_of, send_url

FORM = (b"content-type", b"application/x-www-form-urlencoded")


@dataclass(frozen=True, kw_only=True, slots=True)
class AgileTelecom:
    """Agile Telecom. Without an API key replies are simulated; without a sender they come from the number texted.

    ``url`` is the address of the API, or the beginning of it; None is the vendor's own.
    """

    name = "agile"
    methods = POST
    ack = Answer(body=b"+OK")

    secret: bytes = field(repr=False)
    zone: ZoneInfo
    api_key: str | None = field(default=None, repr=False)
    api: Api = Api.UNIVERSAL
    url: str | None = None
    sender: str | None = None

    def trusts(self, posted: Posted) -> bool:
        """Always: the vendor signs nothing, so the token and the addresses allowed are all there is."""
        del posted
        return True

    def read_inbound(self, posted: Posted) -> Events:
        """The message in a form; one without originator or destination is malformed."""
        return Events(inbound=(self.read_message(posted.form, posted.body, posted.received_at, Channel.WEBHOOK),))

    def read_reports(self, posted: Posted) -> Events:
        """The delivery reports in a request, and the messages that came with them."""
        events = read_events(posted, self.zone)
        inbound = (
            self.read_message(form, posted.body, posted.received_at, Channel.WEBHOOK) for form in events.messages
        )
        return Events(reports=events.reports, inbound=tuple(inbound), unread=events.unread)

    def read_message(self, form: Mapping[str, str], raw: bytes, received_at: datetime, channel: Channel) -> Inbound:
        """The message in the fields of a form, however they came."""
        return read_message(form, raw, received_at, channel, gateway=self.name, key_secret=self.secret, zone=self.zone)

    def sample(self, sample: Sample) -> Posted:
        """The form by which the gateway would hand in a text."""
        form = form_of(sample, self.zone)
        return Posted(body=urlencode(form).encode(), form=form, headers=(FORM,), received_at=sample.sent_at)

    def mail_reader(self, trust: MailTrust) -> AgileMailReader:
        """The reader of the gateway's mails."""
        return AgileMailReader(
            gateway=self,
            secret=self.secret,
            senders=trust.senders or SENDERS,
            needs_signature=trust.needs_signature,
            receiver=trust.receiver,
            footer=trust.footer,
        )

    def build_outbound(self, step: Step) -> Call | None:
        """The call that sends a reply; None while replies are simulated."""
        if self.api_key is None:
            return None
        headers = {"content-type": "application/json", "x-api-key": self.api_key}
        body = body_of(self.api, step, self.sender or step.sender)
        return Call(url=send_url(self.api, self.url), headers=headers, body=body)

    def read_response(self, response: Response) -> Taken:
        """What the gateway says of a message it took; an error says what became of it."""
        return read_response(response)

    def build_credit(self) -> Call | None:
        """The call that asks for the credit left; None without a key."""
        if self.api_key is None:
            return None
        headers = {"accept": "application/json", "x-api-key": self.api_key}
        return Call(url=credit_url(self.api, self.url), headers=headers)

    def read_credit(self, response: Response) -> Decimal:
        """The credit that is left, in euros."""
        return read_credit(response)
