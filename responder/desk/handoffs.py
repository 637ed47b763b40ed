"""What waits for a person, and what the person does about it."""

from collections.abc import Callable, Sequence

from responder.core.contact.reasons import because
from responder.core.operations.front_desk import Closed, HandOffRecord, Said
from responder.core.outbound.gateway import Job
from responder.core.rules.sections import Event
from responder.core.sms.address import is_dialable
from responder.core.sms.text import clean, size
from responder.desk.desk import Desk, Invalid, Records, Refused, check_note, only_one, refusals, require, whatever
from responder.store.base.locking import Check, looked_at
from responder.store.handoffs import closing, handoffs

MAX_SEGMENTS, MOST_SEGMENTS = 3, 10
Seen = Callable[[HandOffRecord | None], bool]


def list_handoffs(
    desk: Desk, *, every: bool = False, is_done: bool = False, originator: str | None = None
) -> Records[HandOffRecord]:
    """The hand-offs that are open, all of them, or only those that are done; of a number or of anybody."""
    return Records(desk=desk, listing=handoffs.list_handoffs(every=every, is_done=is_done, originator=originator))


async def show_handoff(desk: Desk, beginning: str) -> HandOffRecord:
    """The hand-off whose key begins so. Raises Missing and Refused."""
    return only_one(await handoffs.find_handoffs(desk.database, beginning), beginning, "hand-off")


async def read_conversation(desk: Desk, record: HandOffRecord) -> Sequence[Said]:
    """What was said since a hand-off was opened, both ways, by time."""
    return await handoffs.said_since(desk.database, record)


async def close_handoff(
    desk: Desk, beginning: str, *, operator: str, note: str = "", opts_out: bool = False, expected: Seen = whatever
) -> tuple[HandOffRecord, Closed]:
    """Close a hand-off, as a STOP if it was one, and tell what follows.

    Raises Missing, Refused, Invalid and Overtaken.
    """
    check_note(note)
    key = (await show_handoff(desk, beginning)).key
    closes = closing.Closing(
        operator=operator, note=clean(note), opts_out=opts_out, notify=await desk.hearers(Event.HANDOFF_CLOSED)
    )
    notify = await desk.hearers(Event.CONSENT_CHANGED) if opts_out else ()
    with refusals():
        closed = await closing.close(
            desk.database, desk.secret, key, closes, now=desk.clock(), notify=notify, check=_check(key, expected)
        )
    desk.ring(Job.WEBHOOKS)
    return await show_handoff(desk, key), closed


async def take_handoff(desk: Desk, beginning: str, *, operator: str, takes_over: bool) -> None:
    """Have a hand-off in hand, unless somebody else has it who is not relieved. Raises Missing and Refused."""
    key = (await show_handoff(desk, beginning)).key
    await closing.take(desk.database, key, operator, desk.clock(), takes_over=takes_over)


async def let_go_of_handoff(desk: Desk, beginning: str, *, operator: str) -> None:
    """Have a hand-off in hand no more. Raises Missing and Refused."""
    await closing.let_go(desk.database, (await show_handoff(desk, beginning)).key, operator)


async def answer_handoff(
    desk: Desk, beginning: str, text: str, *, operator: str, max_segments: int = MAX_SEGMENTS, expected: Seen = whatever
) -> tuple[HandOffRecord, str, bool]:
    """Write to the number of a hand-off; gives the key of the text, and whether it is new.

    Raises Missing, Refused, Invalid and Overtaken.
    """
    written = clean(text).strip()
    check_length(written, max_segments)
    record = await show_handoff(desk, beginning)
    await _check_ends(desk, record)
    answer = closing.Answer(operator=operator, text=written)
    with refusals():
        step_key, is_new = await closing.answer(
            desk.database, desk.secret, record.key, answer, desk.clock(), _check(record.key, expected)
        )
    desk.ring(Job.REPLIES)
    return record, step_key, is_new


def _check(key: str, expected: Seen) -> Check:
    return looked_at(
        lambda connection: handoffs.handoff_now(connection, key), lambda present: require(expected, present)
    )


def check_length(text: str, max_segments: int) -> None:
    """Raise Invalid if a text is empty, or takes more segments than it may."""
    if not text:
        raise Invalid(because("text_empty"))
    length = size(text)
    if length.segments > max_segments:
        longer = because("or_more_segments", count=length.segments) if length.segments <= MOST_SEGMENTS else ""
        how = {"count": length.segments, "encoding": str(length.encoding), "units": length.units}
        raise Invalid(because("text_too_long", **how, most=max_segments, longer=longer))


async def _check_ends(desk: Desk, record: HandOffRecord) -> None:
    """Raise Refused unless the number can be answered by text."""
    if not is_dialable(record.originator):
        reason = because("not_answerable", originator=record.originator) if record.originator else because("nobody")
        raise Refused(because("of_handoff", key=record.key, reason=reason))
    if record.originator in {record.destination, *(await desk.rules()).own_numbers}:
        reason = because("number_of_ours", originator=record.originator)
        raise Refused(because("of_handoff", key=record.key, reason=reason))
