"""responder describe and schema: a rules file in plain words, and what may stand in one."""

import json
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.terminal.mistakes import load_or_exit
from responder.cli.terminal.output import say
from responder.rulefile.describe.document import described
from responder.rulefile.describe.schema import rules_schema
from responder.rulefile.reading.places import placed_sources
from responder.settings.model import load_settings

app = typer.Typer()


@app.command("describe")
def describe(
    rules: Annotated[
        Path | None, typer.Argument(metavar="RULES", help="The rules file; without it that of RESPONDER_RULES.")
    ] = None,
) -> None:
    path = rules or load_settings().rules
    of_file = load_or_exit(path, as_json=False)
    say(described(of_file, placed_sources(of_file)), nl=False)


@app.command("schema")
def schema() -> None:
    say(json.dumps(rules_schema(), indent=2, ensure_ascii=False))
