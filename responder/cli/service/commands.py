"""The commands that serve (run, web, worker, mail), and migrate, which prepares for them."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import typer

from responder.cli.service.running import run_everything
from responder.cli.terminal.output import say
from responder.logs import set_up_logs
from responder.settings.database_url import mask_url
from responder.settings.environment import environment
from responder.settings.model import Settings, load_settings, unknown_settings
from responder.wiring import migrate_database

app = typer.Typer()


@app.command("run")
def run() -> None:
    _serve(run_everything(_settings("run")))


@app.command("web")
def web() -> None:
    from responder.web.server import serve  # noqa: PLC0415  (each process loads its own part alone)

    _serve(serve(_settings("web")))


@app.command("worker")
def worker() -> None:
    from responder.worker.serve import serve  # noqa: PLC0415  (each process loads its own part alone)

    _serve(serve(_settings("worker")))


@app.command("mail")
def mail() -> None:
    from responder.mail.serve import serve  # noqa: PLC0415  (each process loads its own part alone)

    _serve(serve(_settings("mail")))


@app.command("migrate")
def migrate() -> None:
    settings = _settings("migrate")
    version = asyncio.run(migrate_database(settings))
    say(f"{mask_url(settings.database_url)}: version {version}")


def _settings(role: str) -> Settings:
    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format, role=role)
    for sentence in unknown_settings(environment()):
        say(sentence, err=True)
    return settings


def _serve(work: Coroutine[Any, Any, None]) -> None:
    """Run until stopped; Ctrl-C is a way to stop, not a fault."""
    with suppress(KeyboardInterrupt):
        if sys.platform == "win32":
            asyncio.run(work)
        else:
            import uvloop  # noqa: PLC0415  (it does not exist on Windows)

            uvloop.run(work)
