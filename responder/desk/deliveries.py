"""Replies and webhook calls with their fate, the webhooks, and all that happened, in order and for thirty days."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from responder import core
from responder.core.contact.effects import StepKind
from responder.core.contact.reasons import because
from responder.core.operations.pages import EVERY_DELIVERY, DeliveryFilter, Page
from responder.core.operations.records import DeliveryRecord
from responder.core.outbound.events import EventRecord
from responder.core.outbound.fates import Endpoint
from responder.core.outbound.gateway import Job
from responder.core.rules.rules import Webhook
from responder.core.sms.times import iso
from responder.desk.desk import LARGEST_PAGE, Desk, Invalid, Missing, Records, Refused, require, whatever
from responder.store.base.locking import looked_at
from responder.store.outbound.calls import retry_calls
from responder.store.outbound.holds import read_endpoints
from responder.store.outbound.replies import SqlSteps
from responder.store.reading import events, records

SHORTEST_BEGINNING = 8  # letters of a key that name a delivery together with its number
LARGEST_SEQ = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFilter:
    """Which webhook calls that were given up: those to one webhook, or queued in a time."""

    to: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_deliveries(desk: Desk, only: DeliveryFilter = EVERY_DELIVERY) -> Records[DeliveryRecord]:
    """Replies and webhook calls, in the order in which they were queued."""
    return Records(desk=desk, listing=records.list_deliveries(only))


async def show_delivery(desk: Desk, key: str) -> DeliveryRecord:
    """The delivery with this key, or with its beginning and its number as a list shows it. Raises Missing, Refused."""
    found = await records.find_delivery(desk.database, key)
    if found is not None:
        return found
    beginning, _, number = key.partition("-")
    is_short = len(beginning) >= SHORTEST_BEGINNING and number.isascii() and number.isdigit()
    several = await records.find_deliveries(desk.database, beginning.lower(), number) if is_short else []
    if len(several) > 1:
        raise Refused(because("several_deliveries", key=key))
    if not several:
        raise Missing(because("no_such_delivery", key=key))
    return several[0]


async def retry_delivery(
    desk: Desk, key: str, *, operator: str, expected: Callable[[DeliveryRecord | None], bool] = whatever
) -> DeliveryRecord:
    """Queue what was given up or is uncertain again, and give it as it was. Raises Missing, Refused and Overtaken."""
    delivery = await show_delivery(desk, key)
    check = looked_at(
        lambda connection: records.delivery_now(connection, delivery.key), lambda present: require(expected, present)
    )
    steps = SqlSteps(desk.database, desk.secret)
    if await steps.retry(delivery.key, desk.clock(), operator=operator, check=check):
        desk.ring(Job.REPLIES if delivery.kind is StepKind.REPLY else Job.WEBHOOKS)
        return delivery
    if not delivery.text:
        raise Refused(because("of_delivery", key=key, reason=because("text_gone")))
    reason = because("delivery_is", status=str(delivery.status))
    raise Refused(because("of_delivery", key=key, reason=reason))


async def retry_webhook_calls(desk: Desk, only: CallFilter, *, operator: str) -> int:
    """Queue the webhook calls again that were given up, and tell how many."""
    count = await retry_calls(
        desk.database, desk.clock(), to=only.to, since=only.since, until=only.until, operator=operator
    )
    desk.ring(Job.WEBHOOKS)
    return count


async def count_troubled_deliveries(desk: Desk) -> dict[str, int]:
    """How many deliveries there are of each status that needs a look."""
    counts = await SqlSteps(desk.database, desk.secret).count_troubled()
    return {str(status): count for status, count in counts.items()}


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
    written = files(core).joinpath("outbound", "webhook_bodies.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(written)
    return schema
