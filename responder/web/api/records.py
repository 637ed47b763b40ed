"""Appointments, messages, deliveries, hand-offs and events over HTTP: each function looks or acts at the desk."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from responder.core.appointments.booking import (
    FIELDS,
    LONGEST,
    Booking,
    Change,
    Local,
    problems,
    read_booking,
    tidy,
)
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.core.operations.records import AppointmentRecord
from responder.core.sms.address import canonical
from responder.core.sms.text import clean
from responder.desk.appointments import (
    list_appointments,
    put_appointment,
    remove_appointment,
    set_appointment_status,
    show_appointment,
)
from responder.desk.deliveries import list_deliveries, read_events, retry_delivery, show_delivery
from responder.desk.desk import LONGEST_NOTE, Invalid
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
    APPOINTMENT_FILTERS,
    DELIVERY_FILTERS,
    MESSAGE_FILTERS,
    Typed,
    appointment_filter,
    delivery_filter,
    message_filter,
    read_one_of,
    read_text,
)
from responder.web.api.call import PAGE, PAGING, Answer, Call, answer_page, answer_record, finish, read_limit

LONGEST_TEXT = 2000  # characters of a text that a person writes or fills in
OPEN, DONE, ALL = "open", "done", "all"
UNLIKE_AN_ID = "holds a character that cannot be kept, or blanks at an end"
GIVEN = tuple(name for name in FIELDS if name != "id")


async def many_messages(call: Call) -> Answer:
    typed = Typed(call.query, (*MESSAGE_FILTERS, *PAGING), blanks=False)
    only = message_filter(typed, await call.local(), call.now())
    return await answer_page(call, typed, "messages", lambda: list_messages(call.desk, only))


async def one_message(call: Call) -> Answer:
    return answer_record(await show_message(call.desk, call.path["key"]))


async def again_message(call: Call) -> Answer:
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
    typed = Typed(call.query, (*DELIVERY_FILTERS, *PAGING), blanks=False)
    only = delivery_filter(typed, call.now())
    return await answer_page(call, typed, "deliveries", lambda: list_deliveries(call.desk, only))


async def one_delivery(call: Call) -> Answer:
    return answer_record(await show_delivery(call.desk, clean(call.path["key"])))


async def again_delivery(call: Call) -> Answer:
    typed = Typed(call.body(), ("operator",))
    operator = call.operator(typed)
    finish(typed)
    key = clean(call.path["key"])
    await retry_delivery(call.desk, key, operator=operator, expected=call.expects)
    return answer_record(await show_delivery(call.desk, key))


async def many_handoffs(call: Call) -> Answer:
    typed = Typed(call.query, ("status", "all", *PAGING), blanks=False)
    status = typed.read("status", read_one_of((OPEN, DONE, ALL)))
    every = typed.flag("all") or status in (DONE, ALL)
    return await answer_page(
        call, typed, "handoffs", lambda: list_handoffs(call.desk, every=every, is_done=status == DONE)
    )


async def one_handoff(call: Call) -> Answer:
    return answer_record(await show_handoff(call.desk, call.path["key"]))


async def reply_to_handoff(call: Call) -> Answer:
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
    typed = Typed(call.body(), ("note", "opt_out", "operator"))
    note = typed.read("note", read_text(LONGEST_NOTE)) or ""
    opts_out, operator = typed.flag("opt_out"), call.operator(typed)
    finish(typed)
    closed, _ = await close_handoff(
        call.desk, call.path["key"], operator=operator, note=note, opts_out=opts_out, expected=call.expects
    )
    return answer_record(closed)


async def many_events(call: Call) -> Answer:
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


async def many_appointments(call: Call) -> Answer:
    typed = Typed(call.query, (*APPOINTMENT_FILTERS, *PAGING), blanks=False)
    only = await asyncio.to_thread(appointment_filter, typed, await call.local(), call.now())
    return await answer_page(call, typed, "appointments", lambda: list_appointments(call.desk, only))


async def one_appointment(call: Call) -> Answer:
    return answer_appointment(await show_appointment(call.desk, tidy(call.path["id"])))


async def book(call: Call) -> Answer:
    by_header = Typed({}, ())
    operator = call.operator(by_header)
    finish(by_header)
    booking = await asyncio.to_thread(_booking, call.path["id"], call.body(), await call.local())
    record, made = await put_appointment(call.desk, booking, by=operator, expected=_expectation(call))
    return answer_appointment(record, status=201 if made is Change.NEW else 200)


async def forget(call: Call) -> Answer:
    identifier = call.path["id"]
    if len(identifier) > LONGEST["id"] or tidy(identifier) != identifier:
        raise Invalid(f"id: {UNLIKE_AN_ID}, and no more than {LONGEST['id']} characters are kept")
    typed = Typed(call.query, ("operator",), blanks=False)
    operator = call.operator(typed)
    finish(typed)
    await remove_appointment(call.desk, identifier, by=operator, expected=_expectation(call))
    return Answer(status=204)


async def set_status(call: Call) -> Answer:
    typed = Typed(call.body(), ("status", "note", "operator"))
    status = typed.needed("status", read_one_of(tuple(AppointmentStatus)))
    note, operator = typed.read("note", read_text(LONGEST_NOTE)) or "", call.operator(typed)
    finish(typed)
    record = await set_appointment_status(
        call.desk,
        tidy(call.path["id"]),
        status or AppointmentStatus.SCHEDULED,
        operator=operator,
        note=note,
        expected=_expectation(call),
    )
    return answer_appointment(record)


def answer_appointment(record: AppointmentRecord, *, status: int = 200) -> Answer:
    """An appointment with its ETag."""
    return Answer(content=record.as_json(), status=status, etag=record.etag)


def _expectation(call: Call) -> Callable[[Appointment | None], bool]:
    """A check of an appointment against the headers ``If-Match`` and ``If-None-Match``."""
    return lambda before: call.expects(AppointmentRecord(appointment=before) if before else None)


def _booking(identifier: str, body: Mapping[str, Any], local: Local) -> Booking:
    """The booking that a body makes. Raises Invalid with all that is wrong."""
    errors = [
        f"{name[: LONGEST['id']]}: is no field that can be put, leave it out" for name in body if name not in FIELDS
    ]
    errors += [f"{name}: expected a text" for name in FIELDS if not isinstance(body.get(name, ""), str | None)]
    if body.get("id", identifier) != identifier:
        errors.append("id: is not the one of the address")
    if tidy(identifier) != identifier:
        errors.append(f"id: {UNLIKE_AN_ID}")
    texts = {name: value for name in GIVEN if isinstance(value := body.get(name), str)}
    row = {"id": identifier, **{name: tidy(texts.get(name, "")) for name in GIVEN}}
    told = {error.partition(":")[0] for error in errors}
    errors += [found for found in problems(row, local) if found.partition(":")[0] not in told]
    if errors:
        raise Invalid(*errors)
    return read_booking(row, local)


async def same_appointment(call: Call, _subject: str) -> Answer:
    """The appointment that a repeated request is about."""
    return answer_appointment(await show_appointment(call.desk, tidy(call.path["id"])))
