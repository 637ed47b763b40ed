"""responder init: the files of a new installation, ready to run."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.terminal.installation import command_name
from responder.cli.terminal.output import aligned, say
from responder.rulefile.describe.schema import rules_schema
from responder.settings.environment import system_environment
from responder.settings.model import load_settings
from responder.starting import (
    APPOINTMENTS,
    EDITOR,
    RULES,
    SCHEMA,
    SETTINGS,
    NewFile,
    Pack,
    PackLanguage,
    language_of,
    lay_down,
    made_secrets,
    pack_files,
)

PURPOSES = {
    RULES: "what is answered, with notes for who reads it, and tests",
    SETTINGS: "the settings, with secrets made just now, for you alone",
    APPOINTMENTS: "a sample: its numbers are nobody's",
    EDITOR: "Visual Studio Code completes and checks the rules while you type",
    SCHEMA: "what it goes by, without network",
}
TRY = {
    Pack.CLINIC: {PackLanguage.EN: "yes", PackLanguage.IT: "sì"},
    Pack.NEWSLETTER: {PackLanguage.EN: "news on", PackLanguage.IT: "news on"},
    Pack.SHOP: {PackLanguage.EN: "are you open?", PackLanguage.IT: "siete aperti?"},
    Pack.EVENT: {PackLanguage.EN: "coming", PackLanguage.IT: "partecipo"},
}
"""A text that the rules of each pack are for."""

app = typer.Typer()


@app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to; without it, here.")] = Path(),
    *,
    pack: Annotated[Pack, typer.Option("--pack", help="What the number is for.")] = Pack.NEWSLETTER,
    language: Annotated[
        PackLanguage | None, typer.Option("--language", help="Of replies and notes; without it, that of the system.")
    ] = None,
) -> None:
    chosen = language or language_of(system_environment())
    settings = made_secrets() | {"gateway_key": load_settings({}).provider.needed_to_send}
    schema = json.dumps(rules_schema(), indent=1, ensure_ascii=False) + "\n"
    files = pack_files(pack, chosen, datetime.now(UTC).astimezone().date(), settings, schema)
    lay_down(folder, files)
    say("\n".join(_summary(folder, pack, chosen, files)))


def _summary(folder: Path, pack: Pack, language: PackLanguage, files: list[NewFile]) -> list[str]:
    """What was made, how the password is seen, and three commands to type next."""
    is_here = folder.resolve() == Path.cwd()
    command = command_name(is_here=is_here)
    is_with_appointments = any(file.name == APPOINTMENTS for file in files)
    middle = ["appointments", "import", APPOINTMENTS] if is_with_appointments else ["test", "--coverage-min", "100"]
    following = [
        (f"{command} run", "starts it; Ctrl-C ends it"),
        (f"{command} {shlex.join(middle)}", "in another terminal, in this folder too"),
        (f"{command} text {shlex.quote(TRY[pack][language])}", "as a phone would"),
    ]
    enter = [] if is_here else [f"  cd {shlex.quote(str(folder))}"]
    return [
        f"{folder.resolve()}: pack {pack}, language {language}",
        *(f"  {line}" for line in aligned([(file.name, PURPOSES[file.name]) for file in files])),
        "",
        f"The console at http://127.0.0.1:8000 asks for a password:  grep ADMIN_PASSWORD {SETTINGS}",
        "",
        "Type next:",
        *enter,
        *(f"  {line}" for line in aligned([(typed, f"# {why}") for typed, why in following])),
    ]
