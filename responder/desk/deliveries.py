"""Replies and webhook calls, what became of them, and another try for what was given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from responder.core.contact.effects import StepKind
from responder.core.operations.filters import EVERY_DELIVERY, DeliveryFilter
from responder.core.operations.records import DeliveryRecord
from responder.core.outbound.gateway import Job
from responder.desk.desk import Desk, Missing, Records, Refused, require, whatever
from responder.store.base.locking import looked_at
from responder.store.outbound.calls import retry_calls
from responder.store.outbound.replies import SqlSteps
from responder.store.reading import records

SHORTEST_BEGINNING = 8  # letters of a key that name a delivery together with its number


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
        raise Refused(f"several deliveries have keys like {key!r}: type more of it")
    if not several:
        raise Missing(f"no delivery has the key {key!r}")
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
        raise Refused(f"delivery {key}: its text is gone, since it was kept long enough or its number was erased")
    raise Refused(f"delivery {key}: it is {delivery.status}, only dead, failed and uncertain ones are tried again")


async def retry_webhook_calls(desk: Desk, only: CallFilter, *, operator: str) -> int:
    """Queue the webhook calls again that were given up, and tell how many."""
    count = await retry_calls(
        desk.database, desk.clock(), to=only.to, since=only.since, until=only.until, operator=operator
    )
    desk.ring(Job.WEBHOOKS)
    return count


async def count_deliveries(desk: Desk) -> dict[str, int]:
    """How many deliveries there are of each status."""
    counts = await SqlSteps(desk.database, desk.secret).counts()
    return {str(status): count for status, count in counts.items()}
