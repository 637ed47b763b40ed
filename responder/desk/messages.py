"""What came in, what was decided about it, and another try; and what frames every page: the newest, what waits."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from responder.core.operations.messages import Counts, Explanation, FeedLine, Pulse
from responder.core.operations.pages import EVERY_MESSAGE, MessageFilter
from responder.core.operations.records import MessageRecord
from responder.core.outbound.fates import Endpoint
from responder.core.outbound.gateway import Job
from responder.core.rehearsal.conversation import as_test
from responder.core.rules.sections import Alert
from responder.desk.desk import Desk, Records, only_one, refusals, require, whatever
from responder.store.base.locking import looked_at
from responder.store.consent.installation import Installation
from responder.store.operations.alerts import read_open
from responder.store.outbound.holds import read_endpoints
from responder.store.outbound.reports import Deliveries, read_deliveries
from responder.store.reading import failed_messages, overview, records
from responder.store.reading.contacts_then import Beginning, read_past


def list_messages(desk: Desk, only: MessageFilter = EVERY_MESSAGE) -> Records[MessageRecord]:
    """The messages, by arrival."""
    return Records(desk=desk, listing=records.list_messages(only))


async def show_message(desk: Desk, beginning: str) -> Explanation:
    """The message whose key begins so, with its explanation. Raises Missing and Refused."""
    return only_one(await records.find_messages(desk.database, beginning), beginning, "message")


async def read_raw(desk: Desk, key: str) -> bytes:
    """What came in for the message with this key, as it came."""
    return await records.raw_of(desk.database, key)


async def message_as_test(desk: Desk, key: str) -> str | None:
    """The message as a test of the rules file; None where what was known then cannot be written down."""
    (line,) = await overview.read_lines(desk.database, [(await show_message(desk, key)).message])
    begin = Beginning(at=line.message.received_at, seq=line.seq)
    (known,) = await read_past(desk.database, [line.message.originator], begin)
    came = line.message
    return as_test(known, came.text, came.rule, to=came.destination, at=came.received_at)


async def retry_message(
    desk: Desk,
    beginning: str,
    *,
    originator: str | None = None,
    destination: str | None = None,
    text: str | None = None,
    operator: str,
    expected: Callable[[Explanation | None], bool] = whatever,
) -> Explanation:
    """Let a failed message be received again, or a malformed one with what it lacks.

    Raises Missing, Refused and Overtaken.
    """
    key = (await show_message(desk, beginning)).message.key
    with refusals():
        await failed_messages.receive_again(
            desk.database,
            key,
            originator=originator,
            destination=destination,
            text=text,
            operator=operator,
            check=looked_at(
                lambda connection: records.message_now(connection, key), lambda present: require(expected, present)
            ),
        )
    desk.ring(Job.HANDLE)
    return await show_message(desk, key)


async def retry_failed_messages(desk: Desk, *, operator: str) -> AsyncIterator[MessageRecord]:
    """Let all failed messages be received again that still have their text, and give them as they are then."""
    async for one in failed_messages.receive_failed_again(desk.database, operator):
        yield one
    desk.ring(Job.HANDLE)


async def newest_lines(desk: Desk, limit: int) -> Sequence[FeedLine]:
    """The newest messages with all that left because of them, newest first."""
    return await overview.read_newest(desk.database, limit)


async def lines_of(desk: Desk, messages: Sequence[MessageRecord]) -> Sequence[FeedLine]:
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
