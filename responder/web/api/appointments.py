"""Appointments over HTTP: the system that makes them puts, reads, lists and deletes them."""

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
from responder.desk.appointments import (
    list_appointments,
    put_appointment,
    remove_appointment,
    set_appointment_status,
    show_appointment,
)
from responder.desk.desk import LONGEST_NOTE, Invalid
from responder.desk.requests import APPOINTMENT_FILTERS, Typed, appointment_filter, read_one_of, read_text
from responder.web.api.call import PAGING, Answer, Call, answer_page, finish

UNLIKE_AN_ID = "holds a character that cannot be kept, or blanks at an end"
GIVEN = tuple(name for name in FIELDS if name != "id")


async def many_appointments(call: Call) -> Answer:
    """GET of appointments, by their start."""
    typed = Typed(call.query, (*APPOINTMENT_FILTERS, *PAGING), blanks=False)
    only = await asyncio.to_thread(appointment_filter, typed, await call.local(), call.now())
    return await answer_page(call, typed, "appointments", lambda: list_appointments(call.desk, only))


async def one_appointment(call: Call) -> Answer:
    """GET of an appointment."""
    return answer_appointment(await show_appointment(call.desk, tidy(call.path["id"])))


async def book(call: Call) -> Answer:
    """PUT of an appointment."""
    by_header = Typed({}, ())
    operator = call.operator(by_header)
    finish(by_header)
    booking = await asyncio.to_thread(_booking, call.path["id"], call.body(), await call.local())
    record, made = await put_appointment(call.desk, booking, by=operator, expected=_expectation(call))
    return answer_appointment(record, status=201 if made is Change.NEW else 200)


async def forget(call: Call) -> Answer:
    """DELETE of an appointment."""
    identifier = call.path["id"]
    if len(identifier) > LONGEST["id"] or tidy(identifier) != identifier:
        raise Invalid(f"id: {UNLIKE_AN_ID}, and no more than {LONGEST['id']} characters are kept")
    typed = Typed(call.query, ("operator",), blanks=False)
    operator = call.operator(typed)
    finish(typed)
    await remove_appointment(call.desk, identifier, by=operator, expected=_expectation(call))
    return Answer(status=204)


async def set_status(call: Call) -> Answer:
    """POST: set what a person was told, by telephone say."""
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
