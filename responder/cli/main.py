"""The command ``responder``: all groups of commands, and the one place where their errors are told."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from responder.cli.doctor import command as doctor
from responder.cli.records import appointments, consent, deliveries, handoffs, messages, subscribers
from responder.cli.rules import check, describe, explain, replay, schema, test
from responder.cli.service import commands as service
from responder.cli.service import text
from responder.cli.terminal.output import say
from responder.errors import ResponderError, StorageError
from responder.processes.data_dir import keep_private

GROUPS = (
    service,
    text,
    doctor,
    check,
    test,
    explain,
    replay,
    describe,
    schema,
    messages,
    subscribers,
    consent,
    appointments,
    deliveries,
    handoffs,
)
FAILED = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; what responder itself says has gone wrong is told without a traceback."""
    if arguments is None:  # typed in a shell: this process is its own
        keep_private()
    try:
        create_app()(arguments, prog_name="responder")
    except StorageError as error:
        say(f"the database cannot be used ({error}): 'responder doctor' says what to do", err=True)
        sys.exit(FAILED)
    except ResponderError as error:
        say(str(error), err=True)
        sys.exit(FAILED)


def create_app() -> typer.Typer:
    """All commands."""
    app = typer.Typer(name="responder", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_start)
    for group in GROUPS:
        group.register(app)
    return app


def _print_version(wanted: bool) -> None:  # noqa: FBT001  (the signature is the library's)
    if wanted:
        from importlib.metadata import version

        say(f"responder {version('sms-responder')}")
        raise typer.Exit


def _start(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """Answer inbound SMS as rules.yaml says.

    Begin with 'responder run', then send it a text from another terminal: responder text "News ON"
    """
