"""responder appointments: imported from another system, listed, shown with their history, and exported."""

import contextlib
import sys
from collections.abc import Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.records.board import board, reminders_app, set_
from responder.cli.records.csv_file import (
    NOTHING_CHANGED,
    CsvFile,
    DryRun,
    SkipWrong,
    for_excel,
    open_export,
    tell_reading,
    with_progress,
)
from responder.cli.terminal.options import AsJson, Day, ExportFile, ForExcel, InUtc, Limit
from responder.cli.terminal.output import Column, echo_json, for_csv, for_people, moment, one_line, progress, say
from responder.cli.terminal.session import at_desk, print_list, read_number, with_desk
from responder.core.appointments.booking import FILE_FIELDS, Booking, Change
from responder.core.contact.effects import AppointmentStatus
from responder.core.operations.pages import AppointmentFilter
from responder.core.operations.records import AppointmentEvent, AppointmentRecord
from responder.core.sms.times import counted, iso
from responder.desk.appointments import appointment_history, list_appointments, read_day, show_appointment
from responder.desk.desk import Desk, Missing, Records
from responder.desk.files import Preview, import_appointments, preview_appointments, read_booking_file
from responder.errors import ConfigurationError, ResponderError
from responder.spreadsheets.reading import Reading, read_bytes

MOST_NAMED = 100  # lines, and appointments that are cancelled
CompleteFor = Annotated[
    str | None,
    typer.Option(
        "--complete-for",
        metavar="DAY",
        help="The file has every appointment of this day: those to come that it has not are shown, then cancelled.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Cancel what --complete-for finds without asking, for scripts.")]
OfStatus = Annotated[AppointmentStatus | None, typer.Option(help="Only those with this status.")]
OfNumber = Annotated[str | None, typer.Option(metavar="NUMBER", help="Only those of this telephone number.")]
LOST = "'responder appointments list' has the ids"
NO_SUCH_APPOINTMENTS = "no appointments like that: leave out a filter"
NO_APPOINTMENTS = "no appointments yet: bring them in with  responder appointments import FILE.csv"

app = typer.Typer(no_args_is_help=True)


def import_appointment_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=",".join(FILE_FIELDS))],
    *,
    dry_run: DryRun = False,
    skip_wrong: SkipWrong = False,
    complete_for: CompleteFor = None,
    yes: Yes = False,
) -> None:
    """Bring in appointments from a CSV, .xlsx or .ods file: all of its lines, or none.

    A line whose id is known changes that appointment; one that is moved has to be confirmed anew.
    Times without an offset are in the zone of the rules file, numbers without a plus in its country.
    """
    if complete_for and skip_wrong:
        raise typer.BadParameter("--complete-for needs every line of the file: mend the wrong ones, or leave it out")
    work = partial(_import, file=file, dry_run=dry_run, skip_wrong=skip_wrong, complete_for=complete_for, yes=yes)
    with_desk(work)


async def _import(
    desk: Desk, *, file: Path, dry_run: bool, skip_wrong: bool, complete_for: str | None, yes: bool
) -> None:
    reading = await read_booking_file(desk, await read_bytes(file), str(file), follow=with_progress)
    tell_reading(reading, dry_run=dry_run, skip_wrong=skip_wrong)
    day = await read_day(desk, complete_for) if complete_for else None
    preview = await preview_appointments(desk, reading.values, day)
    _tell_older(reading, preview)
    _show_missing(preview.missing, file, await desk.zone())
    if dry_run:
        _summarise(file, reading, preview, len(preview.missing), dry_run=True)
        return
    if preview.missing and not yes:
        _ask(len(preview.missing))
    with progress("importing", len(reading.values) + len(preview.missing)) as advance:
        await import_appointments(desk, reading.values, advance, cancel=preview.missing)
    _summarise(file, reading, preview, len(preview.missing), dry_run=False)


def _summarise(file: Path, reading: Reading[Booking], preview: Preview, cancelled: int, *, dry_run: bool) -> None:
    kinds = [change for change in Change if change is not Change.OLDER or preview.counts.get(change)]
    summary = ", ".join(f"{preview.counts.get(change, 0)} {change}" for change in kinds)
    more = f", {cancelled} cancelled" if cancelled else ""
    say(f"{file}: {counted(len(reading.values), 'appointment')}, {summary}{more}{NOTHING_CHANGED if dry_run else ''}")
    if preview.begun:
        has, these = ("has", "it") if preview.begun == 1 else ("have", "these")
        say(f"{file}: {preview.begun} of them {has} begun already: nobody is reminded of {these}", err=True)
    for name, count in preview.late.items():
        what = "1 reminder is" if count == 1 else f"{count} reminders are"
        say(f"{file}: {what} too late to leave ({name} before): call, or import earlier", err=True)


def _tell_older(reading: Reading[Booking], preview: Preview) -> None:
    older = [line for line, change in zip(reading.lines, preview.changes, strict=True) if change is Change.OLDER]
    for line in older[:MOST_NAMED]:
        say(f"{reading.file}:{line}: left as it is, it was changed here after this line was written", err=True)
    if len(older) > MOST_NAMED:
        say(f"{reading.file}: and {len(older) - MOST_NAMED} more are left as they are", err=True)


def _show_missing(missing: Sequence[AppointmentRecord], file: Path, zone: tzinfo) -> None:
    for record in missing[:MOST_NAMED]:
        fields = for_people(record.as_json(), zone)
        shown = "  ".join(str(fields[name]) for name in ("id", "starts_at", "status", "name"))
        say(f"not in {file}, to be cancelled: {one_line(shown).rstrip()}", err=True)
    if len(missing) > MOST_NAMED:
        say(f"not in {file}, to be cancelled: and {len(missing) - MOST_NAMED} more", err=True)


def _ask(count: int) -> None:
    """Go on only if somebody says so. Raises ConfigurationError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise ConfigurationError("nothing was imported: say --yes if these are to be cancelled")
    typer.confirm(
        f"Cancel {'this appointment' if count == 1 else f'these {count} appointments'}?", abort=True, err=True
    )


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
