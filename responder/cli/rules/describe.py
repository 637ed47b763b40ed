"""responder describe: a rules file in plain words."""

from pathlib import Path
from typing import Annotated

import typer

from responder.cli.terminal.options import RULES
from responder.cli.terminal.output import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("describe", rich_help_panel=RULES)(describe)


def describe(
    rules: Annotated[
        Path | None, typer.Argument(metavar="RULES", help="The rules file; without it that of RESPONDER_RULES.")
    ] = None,
) -> None:
    """Tell a rules file in plain words, as Markdown, for the people who don't read YAML."""
    from responder.cli.terminal.mistakes import load_or_exit
    from responder.rulefile.describe.document import described
    from responder.rulefile.reading.places import placed_sources
    from responder.settings.model import load_settings

    path = rules or load_settings().rules
    of_file = load_or_exit(path, as_json=False)
    say(described(of_file, placed_sources(of_file)), nl=False)
