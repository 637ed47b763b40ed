"""responder schema: the JSON Schema of rules.yaml."""

import typer

from responder.cli.terminal.options import RULES
from responder.cli.terminal.output import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema", rich_help_panel=RULES)(schema)


def schema() -> None:
    """Print the JSON Schema of rules.yaml, for editors: they complete and check while you type."""
    import json

    from responder.rulefile.describe.schema import rules_schema

    say(json.dumps(rules_schema(), indent=2, ensure_ascii=False))
