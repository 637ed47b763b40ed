"""responder appointments import: what a file would do, what it did, and what will not happen because of it."""

import sys
from collections.abc import Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.records.csv_file import NOTHING_CHANGED, DryRun, SkipWrong, tell_reading, with_progress
from responder.cli.terminal.output import for_people, one_line, progress, say
from responder.cli.terminal.session import with_desk
from responder.core.appointments.booking import FILE_FIELDS, Booking, Change
from responder.core.operations.records import AppointmentRecord
from responder.core.sms.durations import counted
from responder.desk.appointments import read_day
from responder.desk.desk import Desk
from responder.desk.files import Preview, import_appointments, preview_appointments, read_booking_file
from responder.errors import ConfigurationError
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
