"""What is ready before anybody asks for it: children, forked before there is a loop, and doors that outlive them."""

import asyncio
import errno
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from setproctitle import setproctitle

from responder.errors import ConfigurationError
from responder.processes.memory import keep_what_is_loaded
from responder.settings.environment import inherit

LONGEST_WORD = 65_536  # bytes of what a child is told before it begins
KNOCKING = 128  # connections that the system keeps while nobody serves


@dataclass(frozen=True, kw_only=True, slots=True)
class Forked:
    """A process that waits for its word to begin, and knows by the same line when we are gone."""

    pid: int
    line: int

    def begin(self, env: Mapping[str, str]) -> None:
        """Let it go on, with these variables on top of its environment."""
        with suppress(BrokenPipeError):  # it is dead already: wait tells
            os.write(self.line, json.dumps(dict(env)).encode())

    def dismiss(self) -> None:
        """Let a child that was never let begin end, and return when it has."""
        os.close(self.line)
        os.waitpid(self.pid, 0)

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Return its exit status when it has ended; below 0 by a signal."""
        _, status = await asyncio.to_thread(os.waitpid, self.pid, 0)
        os.close(self.line)
        return os.waitstatus_to_exitcode(status)


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Who we are after forking: a child by its name, or the parent of all."""

    name: str | None = None
    children: Mapping[str, Forked]


def fork(names: Sequence[str], beforehand: Mapping[str, Callable[[], object]] | None = None) -> Family:
    """Fork a child for each name. Returns in the parent at once, and in a child when it is let begin.

    Until then a child does what it can beforehand. One that is never let begin ends here.
    """
    keep_what_is_loaded()
    children: dict[str, Forked] = {}
    for name in names:
        reading, writing = os.pipe()
        if pid := os.fork():
            os.close(reading)
            children[name] = Forked(pid=pid, line=writing)
            continue
        for line in (writing, *(child.line for child in children.values())):
            os.close(line)
        show_as(name)
        if beforehand and name in beforehand:
            beforehand[name]()
        _wait(reading)
        return Family(name=name, children={})
    return Family(children=children)


def show_as(name: str) -> None:
    """Let lists of processes show this one as the command that it carries out."""
    setproctitle(f"{sys.executable} -m responder {name}")


def _wait(line: int) -> None:
    """Wait for the word to begin; end if whoever would say it is gone."""
    try:
        word = os.read(line, LONGEST_WORD)
    except KeyboardInterrupt:
        word = b""
    if not word:
        os._exit(0)
    inherit(json.loads(word), line)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


async def wait_for_port(host: str, port: int, limit_s: float = 0.0) -> None:
    """Wait until web's port is free; ConfigurationError if it stays taken."""
    gives_up_at = time.monotonic() + limit_s
    while _is_taken(host, port):
        if time.monotonic() >= gives_up_at:
            taken = f"RESPONDER_PORT: {port} is taken on {host}, by another responder or another program"
            raise ConfigurationError(f"{taken}: end that one, or set another port")
        await asyncio.sleep(0.1)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


class Door:
    """A socket in a folder of its own, which outlives the processes that serve at it one after the other.

    Raises ConfigurationError, with the remedy, if there is no place for it.
    """

    def __init__(self, name: str) -> None:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="responder-"))
        except OSError as error:
            raise ConfigurationError(f"no temporary folder can be written ({error.strerror}): set TMPDIR") from None
        self.path = str(self._folder / name)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen(KNOCKING)
        self.number = self._socket.fileno()

    async def knocked(self) -> None:
        loop, has_knocked = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.number, has_knocked.set)
        try:
            await has_knocked.wait()
        finally:
            loop.remove_reader(self.number)

    def shut(self) -> None:
        """Have nothing to do with it any more; when the last process has shut it, all who wait are turned away."""
        self._socket.close()

    def close(self) -> None:
        """Shut it and leave nothing behind."""
        self.shut()
        shutil.rmtree(self._folder, ignore_errors=True)
