"""responder backup and restore: all that an installation needs in one file, and the way back."""

import asyncio
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.terminal.installation import command_name, missing_file
from responder.cli.terminal.output import moment, progress, say
from responder.core.sms.times import counted
from responder.errors import ConfigurationError
from responder.keeping.archive import is_sealed
from responder.keeping.backup import NO_SQLITE, Restoration, make_backup, restore
from responder.keeping.envelope import NoBackup
from responder.keeping.placing import Places
from responder.settings.environment import secret_in
from responder.settings.model import Settings, load_settings
from responder.settings.urls import sqlite_file
from responder.version import full_version
from responder.wiring import open_database, utc_now

DATA = Path("data") / "responder.db"
PASSPHRASE = "RESPONDER_BACKUP_PASSPHRASE"  # noqa: S105  (the name of the setting)
SHORTEST = 8  # characters

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help=f"A file with the passphrase alone; or set {PASSPHRASE}."),
]

app = typer.Typer()


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; in a folder, one named by the time.")],
    *,
    passphrase_file: PassphraseFile = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the passphrase.")] = False,
) -> None:
    settings = load_settings()
    if (path := sqlite_file(settings.database_url)) is None:
        raise ConfigurationError(NO_SQLITE)
    if missing_file(settings):
        raise ConfigurationError(f"{path}: there is no database yet, so there is nothing to back up")
    passphrase = _passphrase(settings, passphrase_file)
    if ask and passphrase is None:
        passphrase = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    asyncio.run(_backup(settings, file, _long_enough(passphrase)))


async def _backup(settings: Settings, file: Path, passphrase: str | None) -> None:
    async with open_database(settings) as database:
        place, manifest = await make_backup(
            settings,
            database,
            file,
            passphrase=passphrase,
            now=utc_now(),
            made_by=f"responder {full_version()}",
            progress=progress,
        )
    size, rows = max(place.stat().st_size // 1000, 1), sum(manifest.counts.values())
    say(f"{place}: {size:,} kB, {rows:,} rows, {counted(len(manifest.parts), 'file')}")
    if not manifest.rules:
        say(f"{settings.rules}: is not there, so the backup has no rules file, only the versions that were in force")
    if passphrase is None:
        say(f"not encrypted: it holds numbers, texts and the secret. {PASSPHRASE} or --ask encrypts it")
    say("settings (.env) are not in it: keep a copy of them elsewhere")


@app.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What 'responder backup' made.")],
    *,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="FOLDER", help="The folder of the installation; without it, as the settings say."
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    send_queued: Annotated[
        bool,
        typer.Option(
            "--send-queued",
            help="Let texts leave that waited then: only if the old installation was stopped before the backup.",
        ),
    ] = False,
) -> None:
    settings = load_settings()
    try:
        passphrase = _asked(_passphrase(settings, passphrase_file)) if is_sealed(file) else None
    except NoBackup as error:
        raise NoBackup(f"{file}: {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror})") from error
    restored = asyncio.run(
        restore(
            file,
            _places(settings, into),
            passphrase=passphrase,
            now=utc_now(),
            sends_queued=send_queued,
            progress=progress,
        )
    )
    say("\n".join(_report(restored, into)))
    if restored.verdict.faults:
        raise typer.Exit(1)


def _places(settings: Settings, into: Path | None) -> Places:
    if into is not None:
        return Places(rules=into / "rules.yaml", database=into / DATA)
    path = sqlite_file(settings.database_url)
    if path is None:
        raise ConfigurationError(
            "RESPONDER_DATABASE_URL is a PostgreSQL, and a backup of responder holds an SQLite database: "
            "unset it, or restore into a folder with --into FOLDER"
        )
    secret = settings.secret.get_secret_value() if settings.secret else None
    return Places(rules=settings.rules, database=path, secret=secret)


def _passphrase(settings: Settings, file: Path | None) -> str | None:
    if file is None:
        return settings.backup_passphrase.get_secret_value() if settings.backup_passphrase else None
    try:
        return secret_in(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"--passphrase-file {file}: expected a file with the passphrase ({reason})") from None


def _asked(passphrase: str | None) -> str:
    """The passphrase, asked for on a terminal if it is not given."""
    if passphrase is not None:
        return passphrase
    if not sys.stdin.isatty():
        raise ConfigurationError(f"it is encrypted: give its passphrase by {PASSPHRASE} or --passphrase-file FILE")
    return str(typer.prompt("Passphrase", hide_input=True, err=True))


def _long_enough(passphrase: str | None) -> str | None:
    if passphrase is not None and len(passphrase) < SHORTEST:
        raise ConfigurationError(f"the passphrase has fewer than {SHORTEST} characters: take a longer one")
    return passphrase


def _report(restored: Restoration, into: Path | None) -> Iterator[str]:
    """What was compared, what was held back, and what to do next."""
    manifest, verdict = restored.manifest, restored.verdict
    made_at = moment(manifest.made_at)
    yield f"backup of {made_at}, by {manifest.made_by}"
    yield f"✓ files      {len(manifest.parts)}, each with the hash that it was made with"
    yield f"✓ database   {sum(manifest.counts.values()):,} rows in {len(manifest.counts)} tables, as many as then"
    if verdict.faults:
        reason = f"the chain was broken before the backup: {verdict.faults[0].what}"
        yield f"✗ consent    {counted(verdict.events, 'event')}, and {reason}"
    else:
        yield f"✓ consent    {counted(verdict.events, 'event')}, the chain is whole"
    yield from _on_their_way(restored)
    for file in restored.beside:
        yield f"! rules      {file}: lies beside the one that is there, which stays: compare them"
    if restored.secret:
        yield f"! secret     {restored.secret}: set RESPONDER_SECRET_FILE={restored.secret}"
    yield f"! since      whatever came after {made_at} is missing, STOPs too: enter those that you know of"
    yield ""
    enter = f"copy your .env into {into}, then  cd {shlex.quote(str(into))} && " if into else ""
    yield f"Next: {enter}{command_name(is_here=into is None)} doctor"


def _on_their_way(restored: Restoration) -> Iterator[str]:
    """What becomes of that which was on its way when the backup was made."""
    settled = restored.settled
    see = "see 'responder deliveries list --status uncertain', and 'deliveries retry KEY' sends one"
    if uncertain := settled.cut_short + settled.held:
        reason = "waited or were being sent, and may have left since, so they are uncertain"
        yield f"! replies    {uncertain} {reason}: {see}"
    if settled.leaving:
        yield f"! replies    {settled.leaving} that waited leave at the next start"
    if settled.reminders:
        see = "'responder appointments reminders' has them"
        yield f"! reminders  {settled.reminders} were due since, and are dropped: {see}"
    if settled.unhandled:
        yield f"! texts      {settled.unhandled} were not handled yet: the next start does, and may answer them again"
    if settled.calls:
        yield f"! webhooks   {settled.calls} calls are made again, with the same ids"
