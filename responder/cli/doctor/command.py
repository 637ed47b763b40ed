"""responder doctor: what is wrong with an installation, and what to do about it."""

import asyncio

import typer

from responder.cli.doctor.checks import examine
from responder.cli.doctor.findings import Finding, Level
from responder.cli.terminal.options import AsJson
from responder.cli.terminal.output import echo_json, one_line, say

SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


app = typer.Typer()


@app.command("doctor")
def doctor(*, as_json: AsJson = False) -> None:
    if asyncio.run(_examine(as_json=as_json)):
        raise typer.Exit(1)


async def _examine(*, as_json: bool) -> bool:
    """Print each finding as it comes, and tell whether one is an error. Raises BrokenPipeError when whoever reads has had enough."""
    has_error = False
    broken: BrokenPipeError | None = None
    async for finding in examine():  # to its end in any case: a check that is cut off leaves its connections open
        has_error = has_error or finding.level is Level.ERROR
        try:
            if broken is None:
                _print(finding, as_json=as_json)
        except BrokenPipeError as error:
            broken = error
    if broken:
        raise broken
    return has_error


def _print(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        echo_json(finding.as_json())
    else:
        say(f"{SIGNS[finding.level]} {finding.check:<11}{one_line(finding.text)}")
