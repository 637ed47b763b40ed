"""A program that ends when we do, even if we are killed, though it knows nothing of us."""

import asyncio
import os
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

END_LIMIT_S = 2.0

# The shell becomes the program and leaves a guard behind. The guard reads from a socket to us that closes when we are
# gone, for whatever reason. Then it kills its process group: the program and itself. The same socket tells us when the
# guard is gone, and a pipe that the program alone holds tells when the program is. Both work under every event loop,
# while their ways to wait for a child differ.
SCRIPT = """exec 3<&0 4>&1 </dev/null >&2
(trap '' INT TERM HUP; exec 4>&-; read -r nothing <&3; kill -KILL 0) &
exec "$@" 3<&-"""


class Guarded:
    """A running program, with a line to its guard and a pipe that it alone holds."""

    def __init__(self, program: subprocess.Popen[bytes], *, line: socket.socket, sign: int) -> None:
        self._program = program
        self._line = line
        self._sign = sign
        self._is_closed = False
        self._unguarded = asyncio.Event()
        self._ended = asyncio.Event()
        self._changed = asyncio.Event()
        self._notice(line.fileno(), self._unguarded)
        self._notice(sign, self._ended)

    @classmethod
    def begin(cls, command: list[str], log: Path) -> Self:
        """Start a program without our environment, its output appended to the log. The running loop watches it."""
        with ExitStack() as ours, ExitStack() as theirs:
            line, guards_end = socket.socketpair()  # no process inherits our ends, so they close with this one
            ours.enter_context(line)
            theirs.enter_context(guards_end)
            sign, programs_end = os.pipe()
            ours.callback(os.close, sign)
            theirs.callback(os.close, programs_end)
            out = theirs.enter_context(log.open("ab"))
            program = subprocess.Popen(  # noqa: S603  (our own words, and a binary that the operator installed)
                ["/bin/sh", "-c", SCRIPT, "guarded", *command],
                stdin=guards_end.fileno(),
                stdout=programs_end,
                stderr=out,
                env={},
                start_new_session=True,  # so that Ctrl-C does not reach it while others still need it
            )
            ours.pop_all()
        return cls(program, line=line, sign=sign)

    @property
    def pid(self) -> int:
        return self._program.pid

    @property
    def is_running(self) -> bool:
        return self._program.poll() is None

    async def wait(self) -> None:
        """Return when the program has ended, or its guard has, so that it would outlive us."""
        await self._changed.wait()

    async def end(self) -> None:
        """Kill the program, by its guard or else ourselves, and return when it is gone."""
        if self._is_closed:
            return
        self._is_closed = True
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._line.fileno())
        self._line.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), 0 if self._unguarded.is_set() else END_LIMIT_S)
        self._program.kill()
        self._program.wait()  # at once: it has ended, or cannot refuse to
        loop.remove_reader(self._sign)
        os.close(self._sign)

    def _notice(self, end: int, event: asyncio.Event) -> None:
        """Set the event when the other side of our end closes; nobody ever writes there."""
        loop = asyncio.get_running_loop()

        def closed() -> None:
            loop.remove_reader(end)
            event.set()
            self._changed.set()

        loop.add_reader(end, closed)
