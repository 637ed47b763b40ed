"""The commands that serve (run, web, worker, mail), and migrate, which prepares for them."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from contextlib import closing, suppress
from functools import partial
from importlib import import_module
from threading import Thread
from typing import Any, TypeVar

from responder.cli.service.running import CONSOLE, console_at, prepare, run_everything
from responder.cli.terminal.output import say
from responder.logs import set_up_logs
from responder.processes.children import Patience, Supervisor
from responder.processes.forked import Door, Family, fork, show_as
from responder.processes.memory import collect_nothing, keep_what_is_loaded, use_few_arenas
from responder.rulefile.watching import load_watching
from responder.settings.environment import console_door, console_fd, environment
from responder.settings.model import Settings, load_settings, unknown_settings
from responder.settings.urls import mask_url
from responder.version import full_version
from responder.wiring import migrate_database

T = TypeVar("T")


def run() -> None:
    settings = _settings("run")
    asking = Thread(target=full_version, daemon=True)  # in a checkout Git is asked: once for all parts, beside the rest
    asking.start()
    with suppress(KeyboardInterrupt):
        prepared = _complete(prepare(settings))
        door = Door(CONSOLE)
        family = _fork([*prepared.parts, CONSOLE], asking)
        if family.name is None:
            with closing(door):
                _complete(run_everything(settings, prepared, family.children, door))
            return
        if family.name != CONSOLE:
            door.shut()
        START[family.name]()


def web() -> None:
    if (number := console_fd()) is not None:
        _console(number)
        return
    from responder.web.server import serve  # noqa: PLC0415  (each process loads its own part alone)

    settings = _settings("web")
    if path := console_door():
        _serve(serve(settings, path))
        return
    with closing(Door(CONSOLE)) as door:
        _serve(serve(settings, door.path, Supervisor([console_at(door, {})], Patience())))


def _console(door: int) -> None:
    from responder.web.console_server import serve_console  # noqa: PLC0415  (likewise)

    show_as(CONSOLE)
    _serve(serve_console(_settings(CONSOLE), door))


def worker() -> None:
    from responder.worker.serve import serve  # noqa: PLC0415  (each process loads its own part alone)

    settings = _settings("worker")
    full_version()  # in a checkout Git is asked: before there is work that waits for the answer
    _serve(serve(settings))


def mail() -> None:
    from responder.mail.serve import serve  # noqa: PLC0415  (each process loads its own part alone)

    _serve(serve(_settings("mail")))


def migrate() -> None:
    settings = _settings("migrate")
    version = asyncio.run(migrate_database(settings))
    say(f"{mask_url(settings.database_url)}: version {version}")


START = {"run": run, "web": web, "worker": worker, "mail": mail, CONSOLE: web}
MODULES = {"web": "responder.web.server", "worker": "responder.worker.serve", "mail": "responder.mail.serve"}


def _fork(parts: Sequence[str], beside: Thread) -> Family:
    """Fork the parts where that is safe, with what they share loaded; elsewhere each starts as a program of its own.

    The thread has ended by then.
    """
    if sys.platform != "linux":
        keep_what_is_loaded()
        return Family(children={})
    import_module("responder.jobs")
    beside.join()
    return fork(parts, {part: partial(_load, part) for part in MODULES})


def _load(part: str) -> None:
    """Load what a part alone needs; that takes the time in which the database is made ready."""
    collect_nothing()
    import_module(MODULES[part])
    load_watching()
    if part == "worker":
        from responder.clients.connections import authorities  # noqa: PLC0415  (each process loads its own part alone)

        authorities()
    keep_what_is_loaded()


def _settings(role: str) -> Settings:
    use_few_arenas()
    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format, role=role)
    for sentence in unknown_settings(environment()):
        say(sentence, err=True)
    return settings


def _serve(work: Coroutine[Any, Any, None]) -> None:
    """Run until stopped; Ctrl-C is a way to stop, not a fault."""
    keep_what_is_loaded()
    with suppress(KeyboardInterrupt):
        _complete(work)


def _complete(work: Coroutine[Any, Any, T]) -> T:
    """Run work on the fastest loop that this system has."""
    found: list[T] = []

    async def find() -> None:
        found.append(
            await work
        )  # not returned: at its end asyncio writes out what a task gave, all the rules there are

    if sys.platform == "win32":
        asyncio.run(find())
    else:
        import uvloop  # noqa: PLC0415  (it does not exist on Windows)

        uvloop.run(find())
    return found[0]
