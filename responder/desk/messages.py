"""What came in, what was decided about it, and another try for what could not be handled."""

from collections.abc import AsyncIterator, Callable

from responder.core.operations.explanations import Explanation
from responder.core.operations.pages import EVERY_MESSAGE, MessageFilter
from responder.core.operations.records import MessageRecord
from responder.core.outbound.gateway import Job
from responder.core.rehearsal.conversation import as_test
from responder.desk.desk import Desk, Records, only_one, refusals, require, whatever
from responder.store.base.locking import looked_at
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
