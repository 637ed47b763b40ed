"""responder appointments: imported from another system, listed, shown with their history, and exported."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.records.csv_file import CsvFile, read_file
from responder.cli.records.csv_imports import read_bookings
from responder.cli.terminal.options import AsJson, Limit
from responder.cli.terminal.output import Column, echo_json, moment, one_line, progress, say
from responder.cli.terminal.session import print_list, rules_of_file, with_store
from responder.core.appointments.booking import FIELDS, Local, day_bounds
from responder.core.appointments.reminders import ReminderPlan
from responder.core.contact.effects import AppointmentStatus
from responder.core.operations.records import AppointmentEvent, AppointmentRecord
from responder.core.rules.webhooks import Event
from responder.core.sms.address import number_from
from responder.core.sms.timestamps import iso
from responder.errors import ResponderError
from responder.store.appointments.bookings import Means
from responder.store.appointments.importing import BookingImports
from responder.store.appointments.rows import Change
from responder.store.base.history import read_history
from responder.store.base.listing import Listing, read_all
from responder.store.reading.records import find_appointment, list_appointments
from responder.wiring import Store, utc_now

Day = Annotated[
    str | None,
    typer.Option(metavar="DAY", help="Only those of this day, such as 2026-12-01, in the zone of the rules file."),
]
OfStatus = Annotated[AppointmentStatus | None, typer.Option(help="Only those with this status.")]
OfNumber = Annotated[str | None, typer.Option(metavar="NUMBER", help="Only those of this telephone number.")]
EXPORTED = (*FIELDS[:-1], "status", "updated_at", "asked_at")
LOST = "'responder appointments list' has the ids"
NO_SUCH_APPOINTMENTS = "no appointments like that: leave out a filter"
NO_APPOINTMENTS = "no appointments yet: bring them in with  responder appointments import FILE.csv"

app = typer.Typer(no_args_is_help=True)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="id,originator,starts_at,name,service,location,language,asked_at")
    ],
) -> None:
    """Bring in appointments from a CSV file: all of its lines, or none.

    A line whose id is known changes that appointment; one that is moved has to be confirmed anew.
    Times without an offset are in the zone of the rules file, numbers without a plus in its country.
    """
    with_store(partial(_import, file=file))


async def _import(store: Store, *, file: Path) -> None:
    rules = await rules_of_file()
    bookings = read_bookings(await read_file(file), str(file), Local(zone=rules.zone, country=rules.country))
    with progress("importing", len(bookings)) as advance:
        times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
        tell = rules.webhooks_for(Event.APPOINTMENT_CHANGED)
        means = Means(times=times, tell=tell)
        counts = await BookingImports(database=store.database, means=means, clock=utc_now).put(bookings, advance)
    summary = ", ".join(f"{counts.get(change, 0)} {change}" for change in Change)
    say(f"{file}: {len(bookings)} appointments, {summary}")


@app.command("list")
def list_(
    *, day: Day = None, status: OfStatus = None, number: OfNumber = None, limit: Limit = None, as_json: AsJson = False
) -> None:
    """List appointments by their start, the latest at the end."""
    columns: list[Column[AppointmentRecord]] = [
        Column(title="id", value=lambda record: record.appointment.id),
        Column(title="number", value=lambda record: record.appointment.originator),
        Column(title="starts", value=lambda record: moment(record.appointment.starts_at)),
        Column(title="status", value=lambda record: record.appointment.status),
        Column(title="name", value=lambda record: record.appointment.name, wide=True),
        Column(title="service", value=lambda record: record.appointment.service, wide=True),
    ]
    empty = NO_SUCH_APPOINTMENTS if day or status or number else NO_APPOINTMENTS
    print_list(_listing(day, status, number), columns, limit=limit, as_json=as_json, empty=empty)


def _listing(day: str | None, status: AppointmentStatus | None, number: str | None) -> Listing[AppointmentRecord]:
    """The appointments that the options select; days and numbers are read by the rules file."""
    if not day and not number:
        return list_appointments(status=status)
    rules = asyncio.run(rules_of_file())
    try:
        begin, end = day_bounds(day, rules.zone) if day else (None, None)
        originator = number_from(number, rules.country) if number else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return list_appointments(originator=originator, status=status, begin=begin, end=end)


@app.command("show")
def show(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id of the appointment.")],
    *,
    history: Annotated[bool, typer.Option("--history", help="Only what became of it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one appointment, and what became of it: who or what changed it, when, and by which message."""
    with_store(partial(_show_history if history else _show, identifier=identifier, as_json=as_json))


async def _show(store: Store, *, identifier: str, as_json: bool) -> None:
    record = await find_appointment(store.database, identifier)
    if record is None:
        gone = "it was deleted, and --history tells when" if await read_history(store.database, identifier) else LOST
        raise ResponderError(f"no appointment has the id {identifier!r}: {gone}")
    if as_json:
        echo_json(record.as_json())
        return
    for name, value in record.as_json().items():
        say(f"{name:<12}{one_line(str(value))}".rstrip())
    _print_history(await read_history(store.database, identifier))


async def _show_history(store: Store, *, identifier: str, as_json: bool) -> None:
    history = await read_history(store.database, identifier)
    if not history:
        raise ResponderError(f"no appointment has the id {identifier!r}: {LOST}")
    if as_json:
        for event in history:
            echo_json(event.as_json())
    else:
        _print_history(history)


def _print_history(history: Sequence[AppointmentEvent]) -> None:
    for number, event in enumerate(history):
        say(f"{'' if number else 'history':<12}{one_line(_event_line(event))}")


def _event_line(event: AppointmentEvent) -> str:
    is_change = event.new_status and event.old_status != event.new_status
    change = f"{event.old_status or 'none'} to {event.new_status}" if is_change else ""
    key = f"message {event.message_key}" if event.message_key else ""
    return "  ".join(filter(None, (moment(event.at), event.what, f"by {event.by}", change, event.detail, key)))


@app.command("export")
def export(*, day: Day = None, status: OfStatus = None, number: OfNumber = None) -> None:
    """Print appointments as CSV with their status, in the columns of the import and those of a record."""
    with_store(partial(_export, listing=_listing(day, status, number)))


async def _export(store: Store, *, listing: Listing[AppointmentRecord]) -> None:
    file = CsvFile(sys.stdout, EXPORTED)
    async for record in read_all(store.database, listing):
        file.add({**record.as_json(), "asked_at": iso(record.appointment.asked_at)})
