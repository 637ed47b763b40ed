"""What frames every page: the newest texts, what waits for whom, what is wrong, and until when a visit counts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from responder.core.operations.overview import Counts, FeedLine, Pulse
from responder.core.operations.records import MessageRecord
from responder.core.outbound.retry import Endpoint
from responder.core.rules.alerts import Alert
from responder.desk.desk import Desk
from responder.store.consent.installation import Installation
from responder.store.operations.alerts import read_open
from responder.store.outbound.endpoints import read_endpoints
from responder.store.outbound.reports import Deliveries, read_deliveries
from responder.store.reading import overview


async def newest_lines(desk: Desk, limit: int) -> Sequence[FeedLine]:
    """The newest messages with all that left because of them, newest first."""
    return await overview.read_newest(desk.database, limit)


async def lines_of(desk: Desk, messages: Sequence[MessageRecord]) -> Sequence[FeedLine]:
    """These messages with all that left because of them."""
    return await overview.read_lines(desk.database, messages)


async def silences(desk: Desk, keys: Sequence[str]) -> Mapping[str, str]:
    """Why those of these messages that were handled and not answered got no reply, by their keys."""
    return await overview.read_silences(desk.database, keys)


async def waiting_counts(desk: Desk) -> Counts:
    """What waits for a person, for another try, for a rule, for an answer; the last two of today."""
    zone = (await desk.rules()).zone
    today = desk.clock().astimezone(zone).date()
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (today, today + timedelta(days=1)))
    return await overview.count_waiting(desk.database, begin, end)


async def open_alerts(desk: Desk) -> Sequence[Alert]:
    """What needs a person, as the workers see it, oldest first."""
    return await read_open(desk.database)


async def pulse(desk: Desk) -> Pulse:
    """What changes whenever hand-offs or appointments do."""
    return await overview.read_pulse(desk.database)


async def given_up_by_reason(desk: Desk) -> Sequence[tuple[str, int]]:
    """Why deliveries were given up, the most frequent heading first, with one reason that stands for all of them."""
    return await overview.count_reasons(desk.database)


async def webhook_states(desk: Desk) -> Sequence[Endpoint]:
    """The webhooks of the rules file that have failed, as they stand now."""
    known = (await desk.rules()).webhooks
    return [one for one in (await read_endpoints(desk.database)).values() if one.name in known]


async def delivered_since(desk: Desk, since: datetime) -> Mapping[str, Deliveries]:
    """How the replies fare that were handed over since a moment, by the API that took them."""
    return await read_deliveries(desk.database, since)


async def read_epoch(desk: Desk) -> str:
    """The epoch that visits have to be of: whoever signs out everywhere begins a new one."""
    return await Installation(desk.database).epoch()


async def end_all_visits(desk: Desk) -> None:
    """End the visits of everybody."""
    await Installation(desk.database).begin_epoch()
