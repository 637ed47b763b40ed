"""/api/v1/appointments: the system that makes appointments puts, reads, lists and deletes them here."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from responder.core.appointments.booking import (
    FIELDS,
    LONGEST,
    Booking,
    Change,
    Local,
    day_bounds,
    problems,
    read_booking,
    tidy,
)
from responder.core.appointments.reminders import ReminderPlan
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.core.operations.filters import AppointmentFilter
from responder.core.operations.records import AppointmentRecord
from responder.core.outbound.gateway import LARGEST_BODY, Clock
from responder.core.rules.rules import Rules
from responder.core.rules.webhooks import Event
from responder.core.sms.address import number_from
from responder.errors import StorageError
from responder.store.appointments.bookings import API, Conflict, delete_appointment, put_bookings
from responder.store.base.database import Database
from responder.store.base.listing import find_place, read_part
from responder.store.reading.records import find_appointment, list_appointments

UNLIKE_AN_ID = "holds a character that cannot be kept, or blanks at an end"
DOCUMENT: Mapping[str, Any] = json.loads(files(__package__).joinpath("openapi.json").read_text("utf-8"))
FILTERS: Mapping[str, Any] = {
    parameter["name"]: parameter["schema"]
    for parameter in DOCUMENT["paths"]["/api/v1/appointments"]["get"]["parameters"]
}
PAGE, LARGEST_PAGE = FILTERS["limit"]["default"], FILTERS["limit"]["maximum"]  # appointments in one answer
GIVEN = tuple(name for name in FIELDS if name != "id")
Handle = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """A request that cannot be carried out, with the status and all that is wrong with it."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class AppointmentApi:
    """The appointments over HTTP; ``rules`` gives the file whose zone, country and reminders count."""

    database: Database
    rules: Callable[[], Rules]
    clock: Clock

    async def one(self, request: Request) -> Response:
        """PUT, GET and DELETE of one appointment."""
        identifier = request.path_params["id"]
        if request.method == "PUT":
            return await self._put(identifier, request)
        if request.method == "DELETE":
            if len(identifier) > LONGEST["id"] or tidy(identifier) != identifier:
                raise Refused(422, f"id: {UNLIKE_AN_ID}, and no more than {LONGEST['id']} characters are kept")
            await delete_appointment(
                self.database, identifier, self.clock(), by=API, expected=_expectation(request), tell=self._webhooks()
            )
            return Response(status_code=204)
        return _answer(await self._find(identifier), 200)

    async def _put(self, identifier: str, request: Request) -> Response:
        row = _row(identifier, await _body(request))
        rules = self.rules()
        booking = await asyncio.to_thread(_booking, row, Local(zone=rules.zone, country=rules.country))
        times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
        expected, tell = _expectation(request), self._webhooks()
        counts = await put_bookings(
            self.database, [booking], self.clock(), times=times, by=API, expected=expected, tell=tell
        )
        return _answer(await self._find(identifier), 201 if counts.get(Change.NEW) else 200)

    def _webhooks(self) -> Collection[str]:
        """The webhooks to notify of changed appointments."""
        return self.rules().webhooks_for(Event.APPOINTMENT_CHANGED)

    async def _find(self, identifier: str) -> AppointmentRecord:
        record = await find_appointment(self.database, identifier)
        if record is None:
            raise Refused(404, f"no appointment has the id {identifier!r}")
        return record

    async def many(self, request: Request) -> Response:
        """GET of the appointments by their start, a page at a time."""
        rules = self.rules()
        if unknown := sorted(request.query_params.keys() - FILTERS.keys()):
            raise Refused(422, f"unknown parameter {unknown[0]!r}: expected {', '.join(sorted(FILTERS))}")
        query = await asyncio.to_thread(_query, request.query_params, Local(zone=rules.zone, country=rules.country))
        after = request.query_params.get("after")
        limit = _limit(request.query_params.get("limit", str(PAGE)))
        listing = list_appointments(AppointmentFilter(**query))
        place = None
        if after is not None:
            await self._find(after)
            place = await find_place(self.database, listing, after)
        part = await read_part(self.database, listing, place, limit)
        following = part.records[-1].appointment.id if part.end else None
        return JSONResponse({"appointments": [record.as_json() for record in part.records], "next": following})

    async def document(self, _request: Request) -> Response:
        """What the API offers, as OpenAPI."""
        return JSONResponse(DOCUMENT)


def routes(api: AppointmentApi, token: str) -> Sequence[Route]:
    """The routes, open to whoever shows the token."""
    return [
        Route("/api/v1/openapi.json", guarded(api.document, token), methods=["GET"]),
        Route("/api/v1/appointments", guarded(api.many, token), methods=["GET"]),
        Route("/api/v1/appointments/{id:path}", guarded(api.one, token), methods=["GET", "PUT", "DELETE"]),
    ]


def guarded(handle: Handle, token: str) -> Handle:
    """The handler for whoever shows the token, and 404 for others; what it refuses, it says as JSON."""
    expected = f"Bearer {token}".encode()

    async def answer(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), expected):
            return PlainTextResponse("not found\n", status_code=404)
        try:
            return await handle(request)
        except Refused as refused:
            return _errors(refused.status, *refused.errors)
        except Conflict:
            return _errors(412, "the appointment is not as If-Match or If-None-Match says: get it again")
        except StorageError:
            return _errors(503, "the database is not available, try again later")
        except ClientDisconnect:
            return Response(status_code=400)

    return answer


def _errors(status: int, *errors: str) -> Response:
    return JSONResponse({"errors": list(errors)}, status_code=status)


def _answer(record: AppointmentRecord, status: int) -> Response:
    return JSONResponse(record.as_json(), status_code=status, headers={"etag": record.etag})


def _expectation(request: Request) -> Callable[[Appointment | None], bool]:
    """A check of an appointment against the headers ``If-Match`` and ``If-None-Match``."""
    expected, excluded = (_etags(request.headers.get(name)) for name in ("if-match", "if-none-match"))

    def holds(before: Appointment | None) -> bool:
        names = {"*", AppointmentRecord(appointment=before).etag} if before else set()
        return (expected is None or bool(names & expected)) and not (excluded is not None and names & excluded)

    return holds


def _etags(header: str | None) -> set[str] | None:
    return None if header is None else {part.strip() for part in header.split(",")}


async def _body(request: Request) -> Mapping[str, Any]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise Refused(413, "the body is larger than 64 KiB")
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(read, dict):
        raise Refused(422, "the body has to be an object with the fields of an appointment")
    return read


def _row(identifier: str, body: Mapping[str, Any]) -> Mapping[str, str]:
    """The fields of a booking as texts."""
    errors = [f"{name}: is no field that can be put, leave it out" for name in body if name not in FIELDS]
    errors += [f"{name}: expected a text" for name in FIELDS if not isinstance(body.get(name, ""), str | None)]
    if body.get("id", identifier) != identifier:
        errors.append("id: is not the one of the address")
    if tidy(identifier) != identifier:
        errors.append(f"id: {UNLIKE_AN_ID}")
    if errors:
        raise Refused(422, *sorted(errors))
    return {"id": identifier, **{name: tidy(body.get(name) or "") for name in GIVEN}}


def _booking(row: Mapping[str, str], local: Local) -> Booking:
    if found := problems(row, local):
        raise Refused(422, *found)
    return read_booking(row, local)


def _query(typed: Mapping[str, str], local: Local) -> dict[str, Any]:
    """The filters of a list. Raises Refused if one of them is wrong."""
    query: dict[str, Any] = {}
    try:
        if "number" in typed:
            query["originator"] = number_from(typed["number"], local.country)
        if "day" in typed:
            query["begin"], query["end"] = day_bounds(typed["day"], local.zone)
        if "status" in typed:
            query["status"] = AppointmentStatus(typed["status"])
    except ValueError as error:
        raise Refused(422, str(error)) from None
    return query


def _limit(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 5 and 1 <= int(typed) <= LARGEST_PAGE):
        raise Refused(422, f"limit: expected a number from 1 to {LARGEST_PAGE}")
    return int(typed)
