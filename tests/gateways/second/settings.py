"""A second gateway, as small as one can be: JSON with an HMAC in a header, and messages that have names."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from responder.core.contact.effects import Step
from responder.core.outbound.fates import Report, Reported
from responder.core.outbound.gateway import (
    POST,
    Answer,
    Call,
    Events,
    MailReader,
    MailTrust,
    Posted,
    Response,
    Sample,
    Taken,
)
from responder.core.sms.message import Channel, Inbound
from responder.errors import PermanentError, TransientError
from responder.gateways import GatewaySettings, make_inbound
from responder.settings.types import ApiKey, Endpoint

SIGNATURE = "x-signature"


@dataclass(frozen=True, kw_only=True, slots=True)
class Second:
    """The gateway."""

    name = "second"
    methods = POST
    ack = Answer(body=b'{"ok": true}', status=202, content_type="application/json")

    secret: bytes = field(repr=False)
    key: str = field(repr=False)
    url: str
    sender: str

    def trusts(self, posted: Posted) -> bool:
        return hmac.compare_digest(posted.header(SIGNATURE).encode(), self._signature(posted.body).encode())

    def read_inbound(self, posted: Posted) -> Events:
        events = json.loads(posted.body)["events"]
        texts = tuple(self._message(event, posted) for event in events if event["type"] == "message")
        reports = tuple(self._report(event, posted.received_at) for event in events if event["type"] == "report")
        return Events(inbound=texts, reports=reports, unread=len(events) - len(texts) - len(reports))

    read_reports = read_inbound

    def sample(self, sample: Sample) -> Posted:
        ends = {"from": sample.originator, "to": sample.destination}
        at = sample.sent_at.timestamp()
        event = {"type": "message", "id": f"sample-{at}", **ends, "text": sample.text, "at": at}
        return self.posted(event, received_at=sample.sent_at)

    def posted(self, *events: Mapping[str, Any], received_at: datetime) -> Posted:
        body = json.dumps({"events": events}).encode()
        headers = ((SIGNATURE.encode(), self._signature(body).encode()), (b"content-type", b"application/json"))
        return Posted(body=body, headers=headers, received_at=received_at)

    def mail_reader(self, trust: MailTrust) -> MailReader | None:
        del trust
        return None

    def build_outbound(self, step: Step) -> Call | None:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        body = {"id": step.key, "from": self.sender or step.sender, "to": step.to, "text": step.content}
        return Call(url=f"{self.url}/messages", headers=headers, body=json.dumps(body).encode())

    def read_response(self, response: Response) -> Taken:
        if response.status == 429:
            raise TransientError("too many requests")
        if response.status != 201:
            raise PermanentError(f"the gateway refused the message (HTTP {response.status})")
        return Taken(gateway_id=json.loads(response.body)["id"])

    def build_credit(self) -> Call | None:
        return None

    def read_credit(self, response: Response) -> Decimal:
        raise PermanentError("there is no credit to ask for")

    def _signature(self, body: bytes) -> str:
        return hmac.new(self.key.encode(), body, hashlib.sha256).hexdigest()

    def _message(self, event: Mapping[str, Any], posted: Posted) -> Inbound:
        return make_inbound(
            {"originator": event["from"], "destination": event["to"], "text": event["text"]},
            key_secret=self.secret,
            gateway=self.name,
            channel=Channel.WEBHOOK,
            raw=posted.body,
            sent_at=datetime.fromtimestamp(event["at"], UTC),
            received_at=posted.received_at,
            name=event["id"],
        )

    def _report(self, event: Mapping[str, Any], received_at: datetime) -> Report:
        reported = Reported.DELIVERED if event["status"] == "ok" else Reported.FAILED
        return Report(ids=(event["id"],), reported=reported, word=event["status"], received_at=received_at)


class SecondSettings(GatewaySettings):
    """Its settings."""

    needed_to_send: ClassVar[str] = "RESPONDER_SECOND_KEY"

    second_key: ApiKey = Field(description="The key.")
    second_url: Endpoint = Field("https://api.example.com", description="The address of the API.")

    @property
    def sends(self) -> bool:
        return True

    def make(self, *, secret: bytes, zone: ZoneInfo, sender: str | None) -> Second:
        del zone
        key = self.second_key.get_secret_value()
        return Second(secret=secret, key=key, url=self.second_url, sender=sender or "")


SETTINGS = SecondSettings
