"""What happened, in order and for thirty days, and the webhooks that hear of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from responder import core
from responder.core.operations.pages import Page
from responder.core.outbound.events import EventRecord
from responder.core.outbound.retry import Endpoint
from responder.core.rules.rules import Webhook
from responder.core.sms.timestamps import iso
from responder.desk.desk import LARGEST_PAGE, Desk, Invalid
from responder.store.outbound.endpoints import read_endpoints
from responder.store.reading import events

LARGEST_SEQ = 2**63 - 1


async def read_events(desk: Desk, *, limit: int, after: str | None = None) -> Page[EventRecord]:
    """So many events after the one with this number, from the oldest that is kept. Raises Invalid."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise Invalid(f"limit: expected a number from 1 to {LARGEST_PAGE}")
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= len(str(LARGEST_SEQ))):
        raise Invalid("after: expected the number of an event")
    found, has_more = await events.read_events(desk.database, min(int(after or 0), LARGEST_SEQ), limit)
    return Page(items=tuple(found), next=str(found[-1].seq) if has_more else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookRecord:
    """A webhook of the rules file, and how its endpoint fares."""

    webhook: Webhook
    endpoint: Endpoint

    @property
    def status(self) -> str:
        """Whether it is called."""
        if self.endpoint.disabled_at:
            return "switched off"
        return "failing" if self.endpoint.failures else "fine"

    def as_json(self) -> dict[str, Any]:
        """Its fields; the secret is not among them."""
        return {
            "name": self.webhook.name,
            "url": self.webhook.url,
            "events": sorted(map(str, self.webhook.events)),
            "signed": bool(self.webhook.secrets),
            "status": self.status,
            "failing_since": iso(self.endpoint.failing_since),
            "disabled_at": iso(self.endpoint.disabled_at),
            "reason": self.endpoint.reason,
        }


async def list_webhooks(desk: Desk) -> Sequence[WebhookRecord]:
    """The webhooks of the rules in force; another URL under the same name starts afresh."""
    stored = await read_endpoints(desk.database)
    named = sorted((await desk.rules()).webhooks.values(), key=lambda webhook: webhook.name)
    fresh = {webhook.name: Endpoint(name=webhook.name, address=webhook.address) for webhook in named}
    return [
        WebhookRecord(webhook=webhook, endpoint=old if old and old.address == webhook.address else fresh[webhook.name])
        for webhook, old in ((webhook, stored.get(webhook.name)) for webhook in named)
    ]


def webhook_bodies() -> Mapping[str, Any]:
    """The JSON Schema of what webhooks are sent."""
    written = files(core).joinpath("outbound", "webhook_bodies.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(written)
    return schema
