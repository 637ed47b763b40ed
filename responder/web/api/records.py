"""Messages, deliveries, hand-offs, events and lists over HTTP: each function looks or acts at the desk."""

from responder.core.sms.address import canonical
from responder.core.sms.text import clean
from responder.desk.deliveries import list_deliveries, read_events, retry_delivery, show_delivery
from responder.desk.desk import LONGEST_NOTE
from responder.desk.handoffs import (
    MAX_SEGMENTS,
    MOST_SEGMENTS,
    answer_handoff,
    close_handoff,
    list_handoffs,
    show_handoff,
)
from responder.desk.messages import list_messages, retry_message, show_message
from responder.desk.requests import (
    DELIVERY_FILTERS,
    MESSAGE_FILTERS,
    Typed,
    delivery_filter,
    message_filter,
    read_one_of,
    read_text,
)
from responder.web.api.call import PAGE, PAGING, Answer, Call, answer_page, answer_record, finish, read_limit

LONGEST_TEXT = 2000  # characters of a text that a person writes or fills in
OPEN, DONE, ALL = "open", "done", "all"


async def many_messages(call: Call) -> Answer:
    """GET of messages."""
    typed = Typed(call.query, (*MESSAGE_FILTERS, *PAGING), blanks=False)
    only = message_filter(typed, await call.local(), call.now())
    return await answer_page(call, typed, "messages", lambda: list_messages(call.desk, only))


async def one_message(call: Call) -> Answer:
    """GET of a message, with its explanation."""
    return answer_record(await show_message(call.desk, call.path["key"]))


async def again_message(call: Call) -> Answer:
    """POST: let a message be received again."""
    typed = Typed(call.body(), ("originator", "destination", "text", "operator"))
    operator = call.operator(typed)
    ends = {name: typed.read(name, read_text()) for name in ("originator", "destination")}
    text = typed.read("text", read_text(LONGEST_TEXT))
    finish(typed)
    given = {name: canonical(end) if end else None for name, end in ends.items()}
    found = await retry_message(
        call.desk, call.path["key"], **given, text=text, operator=operator, expected=call.expects
    )
    return answer_record(found)


async def many_deliveries(call: Call) -> Answer:
    """GET of deliveries."""
    typed = Typed(call.query, (*DELIVERY_FILTERS, *PAGING), blanks=False)
    only = delivery_filter(typed, call.now())
    return await answer_page(call, typed, "deliveries", lambda: list_deliveries(call.desk, only))


async def one_delivery(call: Call) -> Answer:
    """GET of a delivery."""
    return answer_record(await show_delivery(call.desk, clean(call.path["key"])))


async def again_delivery(call: Call) -> Answer:
    """POST: queue a delivery again."""
    typed = Typed(call.body(), ("operator",))
    operator = call.operator(typed)
    finish(typed)
    key = clean(call.path["key"])
    await retry_delivery(call.desk, key, operator=operator, expected=call.expects)
    return answer_record(await show_delivery(call.desk, key))


async def many_handoffs(call: Call) -> Answer:
    """GET of hand-offs."""
    typed = Typed(call.query, ("status", "all", *PAGING), blanks=False)
    status = typed.read("status", read_one_of((OPEN, DONE, ALL)))
    every = typed.flag("all") or status in (DONE, ALL)
    return await answer_page(
        call, typed, "handoffs", lambda: list_handoffs(call.desk, every=every, is_done=status == DONE)
    )


async def one_handoff(call: Call) -> Answer:
    """GET of a hand-off."""
    return answer_record(await show_handoff(call.desk, call.path["key"]))


async def reply_to_handoff(call: Call) -> Answer:
    """POST: write to the number of a hand-off."""
    typed = Typed(call.body(), ("text", "max_segments", "operator"))
    text = typed.needed("text", read_text(LONGEST_TEXT)) or ""
    most = call.body().get("max_segments", MAX_SEGMENTS)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST_SEGMENTS:
        typed.errors.append(f"max_segments: expected a number from 1 to {MOST_SEGMENTS}")
    operator = call.operator(typed)
    finish(typed)
    _, key, is_new = await answer_handoff(
        call.desk, call.path["key"], text, operator=operator, max_segments=most, expected=call.expects
    )
    return answer_record(await show_delivery(call.desk, key), status=201 if is_new else 200)


async def close_one_handoff(call: Call) -> Answer:
    """POST: close a hand-off, as a STOP if it was one."""
    typed = Typed(call.body(), ("note", "opt_out", "operator"))
    note = typed.read("note", read_text(LONGEST_NOTE)) or ""
    opts_out, operator = typed.flag("opt_out"), call.operator(typed)
    finish(typed)
    closed, _ = await close_handoff(
        call.desk, call.path["key"], operator=operator, note=note, opts_out=opts_out, expected=call.expects
    )
    return answer_record(closed)


async def many_events(call: Call) -> Answer:
    """GET of what happened, in order."""
    typed = Typed(call.query, ("after", "limit"), blanks=False)
    limit = typed.read("limit", read_limit) or PAGE
    finish(typed)
    page = await read_events(call.desk, limit=limit, after=call.query.get("after"))
    return Answer(content={"events": [event.as_json() for event in page.items], "next": page.next})


async def same_message(call: Call, _subject: str) -> Answer:
    """The message that a repeated request is about."""
    return await one_message(call)


async def same_delivery(call: Call, _subject: str) -> Answer:
    """The delivery that a repeated request is about."""
    return await one_delivery(call)


async def same_reply(call: Call, key: str) -> Answer:
    """The text that a repeated request has written."""
    return answer_record(await show_delivery(call.desk, key))


async def same_handoff(call: Call, _subject: str) -> Answer:
    """The hand-off that a repeated request is about."""
    return await one_handoff(call)
