"""The commands that serve: run, web, worker, mail, migrate."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer

from responder.cli.terminal.output import say

if TYPE_CHECKING:
    from responder.settings.model import Settings

SERVICE = "Service"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (run, web, worker, mail, migrate):
        app.command(rich_help_panel=SERVICE)(command)


def run() -> None:
    """Start everything on this machine: web, worker, Redis and database. The way to start."""
    from responder.cli.service.running import run_everything

    _serve(run_everything(_settings()))


def web() -> None:
    """Take messages in. Any number may run, on a shared PostgreSQL and Redis."""
    from responder.web.server import serve

    _serve(serve(_settings()))


def worker() -> None:
    """Handle messages, send replies, call webhooks. Any number may run, on a shared PostgreSQL and Redis."""
    from responder.worker.serve import serve

    _serve(serve(_settings()))


def mail() -> None:
    """Take messages in from the mailbox that the gateway writes to. `run` does it by itself where RESPONDER_IMAP_URL is set."""
    from responder.mail.serve import serve

    _serve(serve(_settings()))


def migrate() -> None:
    """Bring the database to the version that this program needs. `run` does it by itself."""
    from responder.settings.database_url import mask_url
    from responder.wiring import migrate_database

    settings = _settings()
    version = asyncio.run(migrate_database(settings))
    say(f"{mask_url(settings.database_url)}: version {version}")


def _settings() -> "Settings":
    from responder.logs import set_up_logs
    from responder.settings.model import environment, load_settings, unknown_settings

    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format)
    for sentence in unknown_settings(environment()):
        say(sentence, err=True)
    return settings


def _serve(work: Coroutine[Any, Any, None]) -> None:
    """Run until told to stop; Ctrl-C is a way to say so, not a fault."""
    with suppress(KeyboardInterrupt):
        if sys.platform == "win32":
            asyncio.run(work)
        else:
            import uvloop

            uvloop.run(work)
