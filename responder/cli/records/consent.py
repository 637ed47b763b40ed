"""responder consent: what a number agreed to and when, with the proof that nothing of it was changed."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from responder.cli.records.csv_file import CsvFile
from responder.cli.terminal.options import AsJson, AsOf
from responder.cli.terminal.output import aligned, echo_json, one_line, say
from responder.cli.terminal.session import operator_name, read_number, with_desk
from responder.core.operations.filters import ConsentFilter
from responder.core.operations.records import CONSENT, CONSENT_DETAILS, ConsentRecord
from responder.desk.consent import erase_number, list_consent, show_consent, verify_ledger
from responder.desk.desk import Desk
from responder.desk.people import everything_about
from responder.errors import ConfigurationError
from responder.processes.data_dir import open_private

KINDS = (".csv", ".jsonl")
SIGNED = b"consent-export:"  # begins what is signed, so that the signature cannot serve for anything else
NO_CONSENT = (
    "no consent is recorded yet: a text such as the one of a rule with 'subscribe', or STOP, makes the first event"
)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number, such as +393301234567.")]
Everything = Annotated[
    bool,
    typer.Option(
        "--everything",
        help="With --json, all that is known and not the consent events alone; 'record' says what a line is.",
    ),
]

SHOWN_FIELDS: Mapping[str, Sequence[str]] = {
    "lists": ("list", "status", "since", "language"),
    "standing": ("list", "status", "since"),
    "appointments": ("id", "starts_at", "status", "name", "service", "location"),
    "messages": ("received_at", "status", "rule", "text"),
    "deliveries": ("kind", "to", "status", "text", "last_error"),
}
"""What is shown of each kind of record, in this order; of any other kind everything is."""

app = typer.Typer(no_args_is_help=True)


@app.command("show")
def show(number: Number, *, as_of: AsOf = None, everything: Everything = False, as_json: AsJson = False) -> None:
    """Show all that is known of a number.

    That is its consent events, fields, lists, appointments, messages, hand-offs and deliveries.

    With --json, the consent events, a line each.

    --as-of leaves out what was recorded later, and says how the number stood then.
    """
    if everything and (as_of or not as_json):
        reason = "since the past of the ledger alone is kept"
        raise typer.BadParameter(f"--everything goes with --json, and not with --as-of, {reason}")
    if everything:
        with_desk(partial(_print_everything, number=number))
    else:
        with_desk(partial(_show, number=number, as_of=as_of, as_json=as_json))


async def _print_everything(desk: Desk, *, number: str) -> None:
    originator = await read_number(number)
    consent = list_consent(desk, ConsentFilter(originator=originator))
    for title, records in {"consent": consent, **everything_about(desk, originator)}.items():
        async for record in records.every():
            echo_json({"record": title} | record.as_json())


async def _show(desk: Desk, *, number: str, as_of: datetime | None, as_json: bool) -> None:
    originator = await read_number(number)
    events, stood = await show_consent(desk, originator, as_of=as_of)
    if as_json:
        for event in events:
            echo_json(event.as_json())
        return
    say(f"{originator}{f' as of {as_of:%Y-%m-%d %H:%M} UTC' if as_of else ''}")
    _print_section("consent", [_event_line(event) for event in events])
    if as_of is None:
        for title, records in everything_about(desk, originator).items():
            _print_section(title, _lines(title, [record.as_json() async for record in records.every()]))
    else:
        _print_section("stood then", _lines("standing", stood))


def _event_line(event: ConsentRecord) -> str:
    fields = event.as_json()
    by = fields.get("operator") or fields["channel"]
    parts = [
        fields["event"],
        fields["list"] or "everything",
        f"by {by}",
        fields["text"] and f'"{fields["text"]}"',
        fields.get("reason"),
    ]
    return f"{fields['seq']:>6}  {fields['at']}  {', '.join(part for part in parts if part)}"


def _print_section(title: str, lines: list[str]) -> None:
    say(f"\n{title}: {len(lines) or 'none'}")
    for line in lines:
        say(f"  {one_line(line)}")


def _lines(kind: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The records of a kind, a line each, in aligned columns if SHOWN_FIELDS has the kind.

    >>> _lines("lists", [{"list": "news", "status": "subscribed", "since": "2026-11-23T12:00:00Z", "language": None}])
    ['news  subscribed  2026-11-23T12:00:00Z']
    """
    if kind not in SHOWN_FIELDS:
        return [", ".join(_named_values(record)) for record in records]
    rows = [[one_line(str(record[name] or "")) for name in SHOWN_FIELDS[kind]] for record in records]
    return list(aligned(rows)) if rows else []


def _named_values(record: Mapping[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _named_values(value)
        elif value is not None:
            yield f"{name} {one_line(str(value))}"


@app.command("export")
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="FILE.csv or FILE.jsonl; without it, JSON Lines are printed.")
    ] = None,
    *,
    name: Annotated[
        str | None, typer.Option("--list", metavar="NAME", help="Only events of this list, and of all lists.")
    ] = None,
    as_json: AsJson = False,  # noqa: ARG001  (what is printed is JSON Lines in any case)
) -> None:
    """Write the consent events, and beside them FILE.sig: a signature under the secret of the installation."""
    if file and file.suffix not in KINDS:
        raise typer.BadParameter(f"{file.name!r} ends neither with .csv nor with .jsonl")
    with_desk(partial(_export, file=file, name=name))


async def _export(desk: Desk, *, file: Path | None, name: str | None) -> None:
    records = list_consent(desk, ConsentFilter(list=name)).every()
    if file is None:
        async for record in records:
            echo_json(record.as_json())
        return
    events = [record.as_json() async for record in records]
    beside = _write_signed(file, events, desk.secret)
    say(f"{file}: {len(events)} events, signed in {beside.name}")


def _write_signed(file: Path, events: Sequence[Mapping[str, Any]], secret: bytes) -> Path:
    """Write the events and, in a file beside theirs, a signature; the name of that file."""
    with open_private(file) as target:
        if file.suffix == ".csv":
            CsvFile(target, (*CONSENT, *CONSENT_DETAILS)).add_all(events)
        else:
            target.writelines(json.dumps(event) + "\n" for event in events)
    beside = _signature_of(file)
    with open_private(beside) as target:
        target.write(f"hmac-sha256 {_sign(file, secret)}\n")
    return beside


def _check_signed(file: Path, secret: bytes) -> None:
    """Raise ConfigurationError unless the file is as it was written."""
    beside = _signature_of(file)
    try:
        signature, expected = beside.read_text(encoding="ascii").split()[-1], _sign(file, secret)
    except (OSError, UnicodeError, IndexError):
        raise ConfigurationError(f"{file}: it or {beside.name} cannot be read, export both again") from None
    if not hmac.compare_digest(signature, expected):
        raise ConfigurationError(
            f"{file}: does not fit {beside.name}: it was changed, or comes from another installation"
        )


def _sign(file: Path, secret: bytes) -> str:
    return hmac.digest(secret, SIGNED + file.read_bytes(), hashlib.sha256).hex()


def _signature_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.sig")


@app.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="An exported file, to hold against its FILE.sig.")
    ] = None,
) -> None:
    """Check that no consent event was changed, removed, put in or cut off; exit 1 if one was."""
    with_desk(partial(_verify_file, file=file) if file else _verify)


async def _verify(desk: Desk) -> None:
    verdict = await verify_ledger(desk)
    for fault in verdict.faults:
        say(f"event {fault.seq}: {fault.what}", err=True)
    if verdict.faults:
        remedy = "keep this database, and compare it with your backups"
        say(f"the consent ledger is not as it was written: {remedy}", err=True)
        raise typer.Exit(1)
    say(f"{verdict.events} events, the chain is whole" if verdict.events else NO_CONSENT)


async def _verify_file(desk: Desk, *, file: Path) -> None:
    _check_signed(file, desk.secret)
    say(f"{file}: is as it was exported")


@app.command("erase")
def erase(
    number: Number,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a number and its texts from every table.

    A keyed hash stays, so that it is not texted again before its own START.
    """
    if not yes:
        typer.confirm(f"Erase {number} with all its messages, appointments and lists for good?", abort=True, err=True)
    with_desk(partial(_erase, number=number))


async def _erase(desk: Desk, *, number: str) -> None:
    found = await erase_number(desk, await read_number(number), operator=operator_name())
    say(f"erased from {found} rows; whoever has this number now is texted only after a START")
