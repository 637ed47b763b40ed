"""Children that are forked before there is a loop or a thread: they share what was imported once."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from setproctitle import setproctitle

from responder.processes.memory import keep_what_is_loaded
from responder.settings.inherited import inherit

LONGEST_WORD = 65_536  # bytes of what a child is told before it begins


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
