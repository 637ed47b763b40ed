"""What the REST API offers, as OpenAPI 3.1; every limit is stated here or taken from where it is decided."""

from collections.abc import Mapping
from typing import Any

from responder.core.appointments.booking import LONGEST
from responder.core.contact.effects import AppointmentStatus

PAGE, LARGEST_PAGE = 100, 1000  # appointments in one answer
WRONG: Mapping[str, str] = {
    "400": "The body is not JSON.",
    "404": "There is no such appointment, or the token is wrong.",
    "412": "The appointment is not as If-Match or If-None-Match says.",
    "413": "The body is larger than 64 KiB.",
    "422": "A field or filter is wrong; each is told.",
    "503": "The database is not available, or the rules file has mistakes.",
}


def _text(description: str, longest: int | None = None, example: str = "") -> dict[str, Any]:
    limits = {"maxLength": longest} if longest else {}
    return {"type": "string", "description": description, **limits, **({"examples": [example]} if example else {})}


def _filled(description: str, example: str) -> dict[str, Any]:
    return {**_text(description, example=example), "minLength": 1}


def _details() -> dict[str, Any]:
    told = {
        "name": "Who comes.",
        "service": "What for.",
        "location": "Where.",
        "language": "The language to write in, such as it.",
    }
    return {name: _text(description, LONGEST[name]) for name, description in told.items()}


BOOKING: Mapping[str, Any] = {
    "type": "object",
    "required": ["originator", "starts_at"],
    "additionalProperties": False,
    "properties": {
        "id": _text("The id of the address, if given.", LONGEST["id"]),
        "originator": _filled(
            "The telephone number; without a plus, one of the country of the rules file.", example="+393301234567"
        ),
        "starts_at": _filled(
            "When it starts, in ISO 8601; without an offset, in the zone of the rules file.", example="2026-12-01T09:00"
        ),
        **{name: {**value, "type": ["string", "null"]} for name, value in _details().items()},
        "asked_at": {
            **_text("When the originator was asked about it, if another system asked."),
            "type": ["string", "null"],
        },
    },
}
_APPOINTMENT = {
    "id": _text("The id that the other system gave it.", LONGEST["id"]),
    "originator": _text("The telephone number, in E.164."),
    "starts_at": _text("When it starts, in UTC."),
    **_details(),
    "status": {"type": "string", "enum": [str(status) for status in AppointmentStatus]},
    "updated_at": _text("When it last changed, in UTC."),
}
APPOINTMENT: Mapping[str, Any] = {"type": "object", "required": list(_APPOINTMENT), "properties": _APPOINTMENT}
ERRORS: Mapping[str, Any] = {
    "type": "object",
    "required": ["errors"],
    "properties": {"errors": {"type": "array", "items": {"type": "string"}}},
}
ETAG = {"ETag": {"description": "The name of this state, for If-Match.", "schema": {"type": "string"}}}
ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST["id"]},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "Only if the appointment still has this ETag.",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "`*`: only if there is none yet.",
}


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _wrong(*codes: str) -> dict[str, Any]:
    plain = {"text/plain": {"schema": {"type": "string"}}}
    return {
        code: {"description": WRONG[code], "content": {**_content("Errors"), **(plain if code == "404" else {})}}
        for code in codes
    }


def _one(description: str) -> dict[str, Any]:
    return {"description": description, "headers": ETAG, "content": _content("Appointment")}


def _filter(name: str, description: str, **schema: object) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string", **schema}}


LIST: dict[str, Any] = {
    "summary": "The appointments by their start, a page at a time.",
    "parameters": [
        _filter("day", "Of this day in the zone of the rules file.", examples=["2026-12-01"]),
        _filter("status", "With this status.", enum=[str(status) for status in AppointmentStatus]),
        _filter("number", "Of this number."),
        _filter("after", "After the appointment with this id: `next` of the page before."),
        {
            "name": "limit",
            "in": "query",
            "description": "At most this many.",
            "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE},
        },
    ],
    "responses": {"200": {"description": "A page.", "content": _content("Page")}, **_wrong("404", "422", "503")},
}
DOCUMENT: Mapping[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "responder", "version": "1", "description": "Appointments that people answer for by text."},
    "security": [{"token": []}],
    "paths": {
        "/api/v1/appointments": {"get": LIST},
        "/api/v1/appointments/{id}": {
            "parameters": [ID],
            "get": {
                "summary": "One appointment.",
                "responses": {"200": _one("The appointment."), **_wrong("404", "503")},
            },
            "put": {
                "summary": "Make or change an appointment; the same again changes nothing."
                " A moved one has to be answered anew.",
                "parameters": [IF_MATCH, IF_NONE_MATCH],
                "requestBody": {"required": True, "content": _content("Booking")},
                "responses": {
                    "200": _one("It was there."),
                    "201": _one("It is new."),
                    **_wrong("400", "404", "412", "413", "422", "503"),
                },
            },
            "delete": {
                "summary": "Forget an appointment that will not be, and its reminders; its history stays.",
                "parameters": [IF_MATCH],
                "responses": {
                    "204": {"description": "It is not there any more."},
                    **_wrong("404", "412", "422", "503"),
                },
            },
        },
    },
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Booking": BOOKING,
            "Appointment": APPOINTMENT,
            "Errors": ERRORS,
            "Page": {
                "type": "object",
                "required": ["appointments", "next"],
                "properties": {
                    "appointments": {"type": "array", "items": {"$ref": "#/components/schemas/Appointment"}},
                    "next": {
                        "type": ["string", "null"],
                        "description": "The `after` of the next page; null at the end.",
                    },
                },
            },
        },
    },
}
