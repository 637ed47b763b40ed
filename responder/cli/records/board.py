"""responder appointments board, reminders and set: the front desk's day, and what a person says about it."""

from datetime import tzinfo
from typing import Annotated

import typer

from responder.cli.terminal.options import AsJson, Day, Limit
from responder.cli.terminal.output import Column, each_of, echo_json, moment, print_records, say
from responder.cli.terminal.session import at_desk, operator_name, print_list
from responder.core.contact.effects import AppointmentStatus
from responder.core.operations.front_desk import Board, BoardEntry, ReminderRecord, ReminderStatus
from responder.core.sms.times import counted
from responder.desk.appointments import TODAY, list_reminders, read_board, send_reminder_now, set_appointment_status
from responder.desk.desk import Desk, Records

LIST_OF_IDS = "responder appointments list"
NO_BOARD = "no appointments on this day: 'responder appointments list' has those of every day"
NO_REMINDERS = "no reminders like that: they are planned by 'reminders' under 'appointments' in the rules file"
BoardDay = Annotated[str, typer.Option(metavar="DAY", help="Today, tomorrow, or a date such as 2026-12-01.")]
AppointmentId = Annotated[str, typer.Argument(metavar="ID", help="The id of the appointment.")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="What was said; kept in the history of the appointment.")]

reminders_app = typer.Typer(invoke_without_command=True)


@at_desk()
async def board(desk: Desk, *, day: BoardDay = TODAY, as_json: AsJson = False) -> None:
    """Show how the appointments of a day stand: what needs a person first, and how many there are of each.

    A STOP, an unclear answer and another day come first; then who cancelled, is silent, was never reminded, confirmed.
    """
    found = await read_board(desk, day)
    if as_json:
        for entry in found.entries:
            echo_json(entry.as_json())
        return
    zone = await desk.zone()
    await print_records(each_of(found.entries), _columns(zone), as_json=False, empty=NO_BOARD, zone=zone)
    if found.entries:
        say(_counts(found, zone))


def _columns(zone: tzinfo) -> list[Column[BoardEntry]]:
    return [
        Column(title="time", value=lambda entry: entry.appointment.starts_at.astimezone(zone).strftime("%H:%M")),
        Column(title="name", value=lambda entry: entry.appointment.name, wide=True),
        Column(title="service", value=lambda entry: entry.appointment.service, wide=True),
        Column(title="status", value=lambda entry: entry.standing),
        Column(title="number", value=lambda entry: entry.appointment.originator),
        Column(title="id", value=lambda entry: entry.appointment.id),
    ]


def _counts(found: Board, zone: tzinfo) -> str:
    standings = ", ".join(f"{count} {standing}" for standing, count in found.counts.items() if count)
    day = found.begin.astimezone(zone).strftime("%Y-%m-%d")
    return f"\n{day}: {counted(len(found.entries), 'appointment')}: {standings}"


@at_desk(LIST_OF_IDS)
async def set_(
    desk: Desk, identifier: AppointmentId, status: AppointmentStatus, *, note: Note = "", as_json: AsJson = False
) -> None:
    """Set the status of an appointment, as after a call: it ends the reminders, and webhooks are told."""
    record = await set_appointment_status(desk, identifier, status, operator=operator_name(), note=note)
    if as_json:
        echo_json(record.as_json())
        return
    one = record.appointment
    of = f" of {one.name}" if one.name else ""
    say(f"appointment {one.id}{of} on {moment(one.starts_at, await desk.zone())} is {one.status} now")


@reminders_app.callback()
def reminders(
    context: typer.Context,
    *,
    day: Day = None,
    status: Annotated[ReminderStatus | None, typer.Option(help="Only those that are due, sent or dropped.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List reminders by when they are due: what became of each, and why one was dropped.

    ``send-now ID`` lets the reminder of an appointment leave at once.
    """
    if context.invoked_subcommand:
        return
    columns: list[Column[ReminderRecord]] = [
        Column(title="due", value=lambda record: record.due_at),
        Column(title="appointment", value=lambda record: record.appointment),
        Column(title="starts", value=lambda record: record.starts_at),
        Column(title="name", value=lambda record: record.name, wide=True),
        Column(title="number", value=lambda record: record.originator),
        Column(title="reminder", value=lambda record: record.reminder),
        Column(title="status", value=lambda record: record.status),
        Column(title="why, or what became of it", value=lambda record: record.reason or record.fate, wide=True),
    ]

    async def chosen(desk: Desk) -> Records[ReminderRecord]:
        return await list_reminders(desk, day=day, status=status)

    print_list(chosen, columns, limit=limit, as_json=as_json, empty=NO_REMINDERS, whole=day is not None)


@reminders_app.command("send-now")
@at_desk(LIST_OF_IDS)
async def send_now(desk: Desk, identifier: AppointmentId) -> None:
    """Let the reminder of an appointment leave now that is late, was dropped, or would be the next."""
    name = await send_reminder_now(desk, identifier, operator=operator_name())
    say(f"the reminder {name} before appointment {identifier} leaves now: a running worker sends it within seconds")
