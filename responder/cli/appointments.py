"""responder appointments: brought in from another system, listed, shown."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from responder.cli.options import RECORDS, AsJson, Limit
from responder.cli.output import Column, echo_json, moment, one_line, progress, tracked

if TYPE_CHECKING:
    from responder.core.booking import Booking, Local
    from responder.wiring import Store

EMPTY = "no appointments yet: bring them in with  responder appointments import FILE.csv"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("import")(import_)
    group.command("list")(list_)
    group.command("show")(show)
    app.add_typer(group, name="appointments", help="Appointments that people answer for.", rich_help_panel=RECORDS)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="id,originator,starts_at,name,service,location,language,asked_at")],
) -> None:
    """Bring in appointments from a CSV file: all of its lines, or none.

    A line whose id is known changes that appointment; one that is moved has to be confirmed anew. Times without an offset are in the
    zone of the rules file, numbers without a plus in its country.
    """
    from responder.cli.session import with_store

    with_store(partial(_import, file=file))


async def _import(store: "Store", *, file: Path) -> None:
    from responder.core.booking import Local
    from responder.core.reminding import ReminderPlan
    from responder.settings import load_settings
    from responder.store.appointments import Change, put_bookings
    from responder.wiring import read_rules_in_force, utc_now

    rules = await read_rules_in_force(load_settings())
    bookings = await _read(file, Local(zone=rules.zone, country=rules.country))
    with progress("importing", len(bookings)) as advance:
        times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
        counts = await put_bookings(store.database, bookings, utc_now(), advance, times=times)
    told = ", ".join(f"{counts.get(change, 0)} {change}" for change in Change)
    typer.echo(f"{file}: {len(bookings)} appointments, {told}")


async def _read(file: Path, local: "Local") -> "list[Booking]":
    from responder.cli.appointment_file import read_bookings
    from responder.errors import ConfigurationError

    try:
        data = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror}), check its name") from None
    with progress("reading", data.count(b"\n")) as advance:
        return read_bookings(data, str(file), local, lambda lines: tracked(lines, advance))


def list_(*, limit: Limit = None, as_json: AsJson = False) -> None:
    """List appointments by their start, the latest at the end."""
    from responder.cli.listing import print_list
    from responder.core.records import AppointmentRecord
    from responder.store.records import list_appointments

    columns: list[Column[AppointmentRecord]] = [
        Column(title="id", value=lambda record: record.appointment.id),
        Column(title="number", value=lambda record: record.appointment.originator),
        Column(title="starts", value=lambda record: moment(record.appointment.starts_at)),
        Column(title="status", value=lambda record: record.appointment.status),
        Column(title="name", value=lambda record: record.appointment.name, wide=True),
        Column(title="service", value=lambda record: record.appointment.service, wide=True),
    ]
    print_list(list_appointments(), columns, limit=limit, as_json=as_json, empty=EMPTY)


def show(identifier: Annotated[str, typer.Argument(metavar="ID", help="The id of the appointment.")], *, as_json: AsJson = False) -> None:
    """Show one appointment."""
    from responder.cli.session import with_store

    with_store(partial(_show, identifier=identifier, as_json=as_json))


async def _show(store: "Store", *, identifier: str, as_json: bool) -> None:
    from responder.errors import ResponderError
    from responder.store.records import find_appointment

    record = await find_appointment(store.database, identifier)
    if record is None:
        raise ResponderError(f"no appointment has the id {identifier!r}: 'responder appointments list' has the ids")
    if as_json:
        echo_json(record.as_json())
        return
    for name, value in record.as_json().items():
        typer.echo(f"{name:<12}{one_line(str(value))}".rstrip())
