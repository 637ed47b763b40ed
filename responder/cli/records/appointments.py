"""responder appointments: imported from another system, listed, shown with their history, and exported."""

import contextlib
import sys
from collections.abc import Sequence
from datetime import tzinfo
from functools import partial
from typing import Annotated

import typer

from responder.cli.records.appointment_files import import_appointment_file
from responder.cli.records.board import board, reminders_app, set_
from responder.cli.records.csv_file import CsvFile, for_excel, open_export
from responder.cli.terminal.options import AsJson, Day, ExportFile, ForExcel, InUtc, Limit
from responder.cli.terminal.output import Column, echo_json, for_csv, for_people, moment, one_line, say
from responder.cli.terminal.session import at_desk, print_list, read_number
from responder.core.appointments.booking import FILE_FIELDS
from responder.core.contact.effects import AppointmentStatus
from responder.core.operations.pages import AppointmentFilter
from responder.core.operations.records import AppointmentEvent, AppointmentRecord
from responder.core.sms.durations import counted
from responder.core.sms.timestamps import iso
from responder.desk.appointments import appointment_history, list_appointments, read_day, show_appointment
from responder.desk.desk import Desk, Missing, Records
from responder.errors import ResponderError

OfStatus = Annotated[AppointmentStatus | None, typer.Option(help="Only those with this status.")]
OfNumber = Annotated[str | None, typer.Option(metavar="NUMBER", help="Only those of this telephone number.")]
LOST = "'responder appointments list' has the ids"
NO_SUCH_APPOINTMENTS = "no appointments like that: leave out a filter"
NO_APPOINTMENTS = "no appointments yet: bring them in with  responder appointments import FILE.csv"

app = typer.Typer(no_args_is_help=True)
app.command("set")(set_)
app.command("board")(board)
app.add_typer(reminders_app, name="reminders")
app.command("import")(import_appointment_file)


@app.command("list")
def list_(
    *, day: Day = None, status: OfStatus = None, number: OfNumber = None, limit: Limit = None, as_json: AsJson = False
) -> None:
    """List appointments by their start, the latest at the end."""
    columns: list[Column[AppointmentRecord]] = [
        Column(title="id", value=lambda record: record.appointment.id),
        Column(title="number", value=lambda record: record.appointment.originator),
        Column(title="starts", value=lambda record: record.appointment.starts_at),
        Column(title="status", value=lambda record: record.appointment.status),
        Column(title="name", value=lambda record: record.appointment.name, wide=True),
        Column(title="service", value=lambda record: record.appointment.service, wide=True),
    ]
    empty = NO_SUCH_APPOINTMENTS if day or status or number else NO_APPOINTMENTS
    chosen = partial(_chosen, day=day, status=status, number=number)
    print_list(chosen, columns, limit=limit, as_json=as_json, empty=empty, whole=day is not None)


async def _chosen(
    desk: Desk, *, day: str | None, status: AppointmentStatus | None, number: str | None
) -> Records[AppointmentRecord]:
    """The appointments that the options select."""
    if not day and not number:
        return list_appointments(desk, AppointmentFilter(status=status))
    begin, end = await read_day(desk, day) if day else (None, None)
    originator = await read_number(desk, number) if number else None
    return list_appointments(desk, AppointmentFilter(originator=originator, status=status, begin=begin, end=end))


@app.command("show")
@at_desk()
async def show(
    desk: Desk,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id of the appointment.")],
    *,
    history: Annotated[bool, typer.Option("--history", help="Only what became of it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one appointment, and what became of it: who or what changed it, when, and by which message."""
    events = await appointment_history(desk, identifier)
    if history:
        await _show_history(desk, identifier, events, as_json=as_json)
        return
    try:
        record = await show_appointment(desk, identifier)
    except Missing as missing:
        gone = "it was deleted, and --history tells when" if events else LOST
        raise ResponderError(f"{missing}: {gone}") from None
    if as_json:
        echo_json(record.as_json())
        return
    zone = await desk.zone()
    for name, value in for_people(record.as_json(), zone).items():
        say(f"{name:<12}{one_line(str(value))}".rstrip())
    _print_history(events, zone)


async def _show_history(desk: Desk, identifier: str, history: Sequence[AppointmentEvent], *, as_json: bool) -> None:
    if not history:
        raise ResponderError(f"no appointment has the id {identifier!r}: {LOST}")
    if as_json:
        for event in history:
            echo_json(event.as_json())
    else:
        _print_history(history, await desk.zone())


def _print_history(history: Sequence[AppointmentEvent], zone: tzinfo) -> None:
    for number, event in enumerate(history):
        say(f"{'' if number else 'history':<12}{one_line(_event_line(event, zone))}")


def _event_line(event: AppointmentEvent, zone: tzinfo) -> str:
    is_change = event.new_status and event.old_status != event.new_status
    change = f"{event.old_status or 'none'} to {event.new_status}" if is_change else ""
    key = f"message {event.message_key}" if event.message_key else ""
    return "  ".join(filter(None, (moment(event.at, zone), event.what, f"by {event.by}", change, event.detail, key)))


@app.command("export")
@at_desk()
async def export(
    desk: Desk,
    file: ExportFile = None,
    *,
    day: Day = None,
    status: OfStatus = None,
    number: OfNumber = None,
    in_utc: InUtc = False,
    excel: ForExcel = False,
) -> None:
    """Write appointments as CSV with their status, in the columns of the import and those of a record."""
    zone = None if in_utc else await desk.zone()
    country = (await desk.rules()).country if excel else None
    count = 0
    with open_export(file) if file else contextlib.nullcontext(sys.stdout) as target:
        written = CsvFile(target, FILE_FIELDS, separator=for_excel(target, country) if country else ",")
        async for record in (await _chosen(desk, day=day, status=status, number=number)).every():
            count += 1
            written.add(for_csv({**record.as_json(), "asked_at": iso(record.appointment.asked_at)}, zone))
    if file:
        say(f"{file}: {counted(count, 'appointment')}")
