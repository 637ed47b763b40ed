"""The table of all commands, each loaded when it is called."""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from responder.cli.terminal.output import say
from responder.version import full_version

COMMANDS = {
    "Service": {
        "service.init": {
            "init": "Make the files of a new installation: rules with tests, settings with secrets, a sample. "
            "Overwrites nothing.",
        },
        "service.commands": {
            "run": "Start everything on this machine: web, worker, Redis and database. The way to start.",
            "web": "Take messages in. Any number may run, on a shared PostgreSQL and Redis.",
            "worker": "Handle messages, send replies, call webhooks. "
            "Any number may run, on a shared PostgreSQL and Redis.",
            "mail": "Take messages in from the mailbox that the gateway writes to. "
            "`run` does it by itself where RESPONDER_IMAP_URL is set.",
            "migrate": "Bring the database to the version that this program needs. `run` does it by itself.",
        },
        "service.text": {
            "text": "Send the running service a text, exactly as the gateway does by its webhook or by mail, "
            "and show what it answers.",
        },
        "service.backup": {
            "backup": "Write all that this installation needs into one file, also while it runs.",
            "restore": "Bring a backup back where no installation is, and tell whether it is whole.",
        },
        "doctor.command": {
            "doctor": "Check settings, rules, database, Redis, workers and the running service, and say what to do.",
        },
    },
    "Rules": {
        "rules.file": {
            "check": "Check a rules file: all mistakes and warnings at once, each with its place and remedy.",
            "describe": "Tell a rules file in plain words, as Markdown, for the people who don't read YAML.",
            "schema": "Print the JSON Schema of rules.yaml, for editors: they complete and check while you type.",
        },
        "rules.test": {
            "test": "Try the examples and tests of a rules file, as the service would decide them. "
            "Sends nothing, keeps nothing.",
        },
        "rules.explain": {
            "explain": "Tell what a text would do and why, with what is known of its sender. "
            "Sends nothing, keeps nothing.",
        },
        "rules.versions": {
            "rules": "Which rules were in force, and who changed them; back to older ones, and pauses.",
        },
        "rules.replay": {
            "replay": "Run stored messages through another rules file, and print only what would change. "
            "Sends nothing, keeps nothing.",
        },
    },
    "Records": {
        "records.messages": {"messages": "What came in, and what was decided about it."},
        "records.subscribers": {"subscribers": "Who is on which list."},
        "records.consent": {"consent": "What people agreed to, with proof."},
        "records.appointments": {"appointments": "Appointments that people answer for."},
        "records.deliveries": {"deliveries": "Replies and webhook calls, and what became of them."},
        "records.handoffs": {"handoffs": "Texts that a person should look at."},
        "records.webhooks": {"webhooks": "Systems that are called, and how to try one."},
    },
}
"""Every command with its help, by the panel of the help and by the module whose ``app`` holds it."""


class LazyCommand(TyperCommand):
    """A command as ``--help`` lists it; its module is imported only when it is called."""

    def __init__(self, name: str, module: str, help_: str, panel: str) -> None:
        super().__init__(name, help=help_, rich_help_panel=panel)
        self.module = module

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  (the signature is the library's)
        """The context of the real command, which is the one that then runs."""
        group = get_group(import_module(f"responder.cli.{self.module}").app)
        command = group.commands.get(str(self.name), group)
        command.help = self.help
        return command.make_context(*args, **extra)


def create_app() -> TyperGroup:
    """All commands."""
    app = typer.Typer(name="responder", no_args_is_help=True)
    app.callback()(_start)
    group = get_group(app)
    for panel, modules in COMMANDS.items():
        for module, commands in modules.items():
            for name, help_ in commands.items():
                group.add_command(LazyCommand(name, module, help_, panel))
    return group


def _print_version(is_given: bool) -> None:  # noqa: FBT001  (the signature is the library's)
    if is_given:
        say(f"responder {full_version()}")
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
