"""responder describe and schema: a rules file in plain words, and what may stand in one."""

import json

import typer

from responder.cli.terminal.mistakes import load_or_exit
from responder.cli.terminal.options import RulesFile
from responder.cli.terminal.output import say
from responder.rulefile.describe.document import described
from responder.rulefile.describe.schema import rules_schema
from responder.rulefile.reading.places import placed_sources
from responder.settings.model import load_settings

app = typer.Typer()


@app.command("describe")
def describe(
    rules: RulesFile = None,
) -> None:
    loaded = load_or_exit(rules or load_settings().rules, as_json=False)
    say(described(loaded, placed_sources(loaded)), nl=False)


@app.command("schema")
def schema() -> None:
    say(json.dumps(rules_schema(), indent=2, ensure_ascii=False))
