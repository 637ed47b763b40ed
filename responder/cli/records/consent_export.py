"""responder consent export and verify: the ledger written with a signature, and held against what was written."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from responder.cli.records.csv_file import CsvFile, open_export
from responder.cli.terminal.options import AsJson, InUtc
from responder.cli.terminal.output import echo_json, for_csv, say
from responder.cli.terminal.session import with_desk
from responder.core.operations.pages import ConsentFilter
from responder.core.operations.records import CONSENT, CONSENT_DETAILS
from responder.core.sms.times import counted
from responder.desk.consent import list_consent, verify_ledger
from responder.desk.desk import Desk
from responder.errors import ConfigurationError

KINDS = (".csv", ".jsonl")
SIGNED = b"consent-export:"  # begins what is signed, so that the signature cannot serve for anything else
NO_CONSENT = (
    "no consent is recorded yet: a text such as the one of a rule with 'subscribe', or STOP, makes the first event"
)


def export_ledger(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="FILE.csv or FILE.jsonl; without it, JSON Lines are printed.")
    ] = None,
    *,
    name: Annotated[
        str | None, typer.Option("--list", metavar="NAME", help="Only events of this list, and of all lists.")
    ] = None,
    in_utc: InUtc = False,
    as_json: AsJson = False,  # noqa: ARG001  (what is printed is JSON Lines in any case)
) -> None:
    """Write the consent events, and beside them FILE.sig: a signature under the secret of the installation."""
    if file and file.suffix not in KINDS:
        raise typer.BadParameter(f"{file.name!r} ends neither with .csv nor with .jsonl")
    with_desk(partial(_export, file=file, name=name, in_utc=in_utc))


async def _export(desk: Desk, *, file: Path | None, name: str | None, in_utc: bool) -> None:
    records = list_consent(desk, ConsentFilter(list=name)).every()
    if file is None:
        async for record in records:
            echo_json(record.as_json())
        return
    events = [record.as_json() async for record in records]
    zone = None if in_utc or file.suffix != ".csv" else await desk.zone()
    beside = _write_signed(file, events, desk.secret, zone)
    say(f"{file}: {counted(len(events), 'event')}, signed in {beside.name}")


def _write_signed(file: Path, events: Sequence[Mapping[str, Any]], secret: bytes, zone: tzinfo | None) -> Path:
    """Write the events and, in a file beside theirs, a signature; the name of that file."""
    with open_export(file) as target:
        if file.suffix == ".csv":
            CsvFile(target, (*CONSENT, *CONSENT_DETAILS)).add_all(for_csv(event, zone) for event in events)
        else:
            target.writelines(json.dumps(event) + "\n" for event in events)
    beside = _signature_of(file)
    with open_export(beside) as target:
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


def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="An exported file, to hold against its FILE.sig.")
    ] = None,
    *,
    after: Annotated[
        str | None, typer.Option(metavar="HEAD", help="Only from the head on that a verification gave.")
    ] = None,
) -> None:
    """Check that no consent event was changed, removed, put in or cut off; exit 1 if one was."""
    if file and after:
        raise typer.BadParameter("--after is for the ledger itself, not for a file")
    with_desk(partial(_verify_file, file=file) if file else partial(_verify, after=after))


async def _verify(desk: Desk, *, after: str | None) -> None:
    verdict = await verify_ledger(desk, after)
    for fault in verdict.faults:
        say(f"event {fault.seq}: {fault.what}", err=True)
    if verdict.faults:
        remedy = "keep this database, and compare it with your backups"
        say(f"the consent ledger is not as it was written: {remedy}", err=True)
        raise typer.Exit(1)
    if not verdict.events:
        say(NO_CONSENT)
        return
    begun = f" from {after.partition(':')[0]} on" if after else ""
    say(f"{counted(verdict.events, 'event')}{begun}, the chain is whole\nhead: {verdict.head}")


async def _verify_file(desk: Desk, *, file: Path) -> None:
    _check_signed(file, desk.secret)
    say(f"{file}: is as it was exported")
