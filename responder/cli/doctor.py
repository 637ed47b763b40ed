"""responder doctor: what is wrong with an installation, and what to do about it."""

import asyncio

import typer

from responder.cli.options import SERVICE, AsJson
from responder.cli.output import echo_json, one_line

SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", rich_help_panel=SERVICE)(doctor)


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, rules, database, Redis, workers and the running service, and say what to do."""
    if asyncio.run(_examine(as_json=as_json)):
        raise typer.Exit(1)


async def _examine(*, as_json: bool) -> bool:
    """Print each finding as it comes, and tell whether one is an error."""
    from responder.cli.checks import Level, examine

    has_error = False
    async for finding in examine():
        has_error = has_error or finding.level is Level.ERROR
        if as_json:
            echo_json(finding.as_json())
        else:
            typer.echo(f"{SIGNS[finding.level]} {finding.check:<11}{one_line(finding.text)}")
    return has_error
