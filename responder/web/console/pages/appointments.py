"""Appointments: the board of a day, with counts, a status set by hand, and a calendar for other programs."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.reasons import reason_of
from responder.core.operations.front_desk import Board, BoardEntry, HandOffRecord
from responder.desk.appointments import (
    appointment_history,
    read_board,
    send_reminder_now,
    set_appointment_status,
    show_appointment,
)
from responder.desk.desk import DeskError, Missing
from responder.desk.handoffs import list_handoffs
from responder.desk.people import open_questions
from responder.web.console.frame.files import as_csv, as_lines, bring_in, each_of, read_file
from responder.web.console.frame.visits import Visit, acts, for_anybody, pages

LASTS = timedelta(minutes=30)  # nobody tells us how long an appointment lasts
LINE = 73  # bytes of a line before it is folded
STRIP = range(-1, 6)  # days beside the one that is shown
CALENDAR_DAYS = range(-1, 15)
MOST_WAITING = 500  # hand-offs that are looked through


def calendar_key(secret: bytes) -> str:
    return hmac.digest(secret, b"console calendar", hashlib.sha256).hex()[:40]


def calendar_of(entries: Iterable[BoardEntry], now: datetime, say: Callable[[str], str]) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//responder//console//EN"]
    for entry in entries:
        one = entry.appointment
        named = " · ".join(filter(None, (say(str(entry.standing)), one.name, one.service)))
        lines += [
            "BEGIN:VEVENT",
            f"UID:{hashlib.sha256(one.id.encode()).hexdigest()[:32]}@responder",
            f"DTSTAMP:{_stamp(now)}",
            f"DTSTART:{_stamp(one.starts_at)}",
            f"DTEND:{_stamp(one.starts_at + LASTS)}",
            f"SUMMARY:{_escaped(named)}",
            *([f"LOCATION:{_escaped(one.location)}"] if one.location else []),
            "END:VEVENT",
        ]
    return "".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    r"""A text as a value of a calendar.

    >>> _escaped("Room 3; left, then\nup")
    'Room 3\\; left\\, then\\nup'
    """
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(plain, written)
    return text


def _folded(line: str) -> str:
    """A line in parts of at most so many bytes, each but the first after a blank."""
    parts, data = [], line.encode()
    while len(data) > LINE:
        end = LINE
        while data[end] & 0xC0 == 0x80:  # never within a character
            end -= 1
        parts.append(data[:end])
        data = data[end:]
    return b"\r\n ".join([*parts, data]).decode() + "\r\n"


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(
    visit: Visit, status: int = 200, *, changing: str = "", note: str = "", wrong: str = "", wrong_file: str = ""
) -> Response:
    board = await read_board(visit.desk, visit.request.query_params.get("day") or "today")
    shown = board.begin.astimezone(visit.zone).date()
    strip = await _strip(visit, shown)
    return await visit.page(
        "appointments.html",
        status,
        board=board,
        shown=shown,
        before=shown - timedelta(days=1),
        after=shown + timedelta(days=1),
        strip=strip,
        coming=next((day for day, count, _ in strip if count and day > shown), None),
        today=visit.now.astimezone(visit.zone).date(),
        handoffs=await _waiting(visit),
        asked=await open_questions(visit.desk, {entry.appointment.originator for entry in board.entries}),
        statuses=[str(one) for one in AppointmentStatus],
        changing=changing,
        note_typed=note,
        wrong=wrong,
        wrong_file=wrong_file,
        calendar=f"/calendar/{calendar_key(visit.desk.secret)}.ics",
    )


async def _strip(visit: Visit, shown: date) -> list[tuple[date, int, int]]:
    """Days around the one that is shown, with how many come and how many have not answered."""
    strip = []
    for offset in STRIP:
        board = await read_board(visit.desk, (shown + timedelta(days=offset)).isoformat())
        strip.append((shown + timedelta(days=offset), len(board.entries), _open(board)))
    return strip


async def _waiting(visit: Visit) -> Mapping[str, HandOffRecord]:
    """The newest open hand-off of each number: what its text said stands beside the appointment."""
    found = await list_handoffs(visit.desk).page(limit=MOST_WAITING, newest_first=True)
    return {record.originator: record for record in reversed(found.items)}


def _open(board: Board) -> int:
    return sum(entry.appointment.status is AppointmentStatus.SCHEDULED for entry in board.entries)


async def show_one(visit: Visit) -> Response:
    """The page of one appointment: how it stands, and its history."""
    return await _page_of_one(visit)


async def _page_of_one(visit: Visit, status: int = 200, *, wrong: str = "") -> Response:
    record = await show_appointment(visit.desk, visit.request.path_params["id"])
    history = await appointment_history(visit.desk, record.appointment.id)
    return await visit.page(
        "appointment.html",
        status,
        appointment=record.appointment,
        history=history,
        statuses=[str(one) for one in AppointmentStatus],
        wrong=wrong,
    )


async def remind(visit: Visit) -> Response:
    """Let the reminder of an appointment leave now."""
    identifier = visit.request.path_params["id"]
    try:
        await send_reminder_now(visit.desk, identifier, operator=visit.operator)
    except Missing:
        raise
    except DeskError as error:
        return await _page_of_one(visit, 422, wrong=reason_of(error))
    return visit.go(f"/appointments/{quote(identifier)}", visit.say("It leaves within seconds."))


async def import_bookings(visit: Visit) -> Response:
    """Bring in a file of appointments, or say what would become of it."""
    form = await read_file(visit)
    if not form.body:
        return await _page(visit, 422, wrong_file=visit.say("Choose a file first."))
    return await bring_in(visit, form, "appointments", "/appointments")


async def set_status(visit: Visit) -> Response:
    form, identifier = await visit.form(), visit.request.path_params["id"]
    note = form.get("note", "").strip()
    try:
        status = AppointmentStatus(form.get("status", ""))
        record = await set_appointment_status(visit.desk, identifier, status, operator=visit.operator, note=note)
    except (DeskError, ValueError) as error:
        return await _page(visit, 422, changing=identifier, note=note, wrong=reason_of(error))
    visit.console.lookout.forget()
    day = record.appointment.starts_at.astimezone(visit.zone).date()
    return visit.go(f"/appointments?day={day.isoformat()}", visit.say("Done."))


async def give_lines(visit: Visit) -> Response:
    """The day's board as the command prints it."""
    return as_lines(each_of((await read_board(visit.desk, _day(visit))).entries))


async def give_csv(visit: Visit) -> Response:
    """The day's board as a table."""
    return as_csv(each_of((await read_board(visit.desk, _day(visit))).entries), "appointments")


def _day(visit: Visit) -> str:
    return visit.request.query_params.get("day") or "today"


async def give_calendar(visit: Visit) -> Response:
    """The days around today as a calendar, at a secret address and without a number."""
    if not secrets.compare_digest(visit.request.path_params["key"].encode(), calendar_key(visit.desk.secret).encode()):
        return PlainTextResponse("not found\n", status_code=404)
    today = visit.now.astimezone(visit.zone).date()
    boards = [await read_board(visit.desk, (today + timedelta(days=offset)).isoformat()) for offset in CALENDAR_DAYS]
    entries = [entry for board in boards for entry in board.entries]
    text = calendar_of(entries, visit.now.astimezone(UTC), visit.say)
    return Response(text, media_type="text/calendar; charset=utf-8")


routes: Sequence[Route] = (
    *pages("/appointments", show),
    *pages("/appointments.json", give_lines),
    *pages("/appointments.csv", give_csv),
    *acts("/appointments/import", import_bookings),
    *pages("/appointments/{id:path}", show_one),
    *acts("/appointments/{id:path}/remind", remind),
    *acts("/appointments/{id:path}/status", set_status),
    *for_anybody("/calendar/{key}.ics", give_calendar),
)
