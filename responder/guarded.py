"""A process that ends when we do, even if we are killed, though it has never heard of us."""

import asyncio
import os
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path
from typing import Self

END_LIMIT_S = 2.0

# The shell becomes the program, so that its end is seen as that of our own child. The guard it leaves behind waits for the pipe to
# close, which happens when we are gone, however that came; then it kills its process group, which is the program and itself.
SCRIPT = """exec 3<&0 </dev/null
(trap '' INT TERM HUP; read -r nothing <&3; kill -KILL 0) &
exec "$@" 3<&-"""


class Guarded:
    """A running program, its guard, and our end of the pipe between us."""

    def __init__(self, process: Process, pipe: int) -> None:
        self.process = process
        self._pipe: int | None = pipe
        self._unguarded = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe, self._lose_guard)  # a pipe that nobody reads any more wakes its writer

    @classmethod
    async def begin(cls, command: list[str], log: Path) -> Self:
        """Start a program with nothing of our environment, its output at the end of the log."""
        reading, writing = os.pipe()  # no process inherits the writing end, so it closes with this one
        try:
            with log.open("ab") as out:
                process = await asyncio.create_subprocess_exec(
                    "/bin/sh", "-c", SCRIPT, "guarded", *command, stdin=reading, stdout=out, stderr=out, env={}, start_new_session=True
                )  # in a session of its own, Ctrl-C does not reach it while others still need it
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return cls(process, writing)

    async def wait(self) -> None:
        """Return when the program has ended, or its guard has, so that it would outlive us."""
        ends = [asyncio.ensure_future(self.process.wait()), asyncio.ensure_future(self._unguarded.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def end(self) -> None:
        """Kill the program, by its guard or else ourselves, and return when it is gone."""
        self._close_pipe()
        try:
            await asyncio.wait_for(self.process.wait(), END_LIMIT_S if not self._unguarded.is_set() else 0)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def _lose_guard(self) -> None:
        if self._pipe is not None:
            asyncio.get_running_loop().remove_reader(self._pipe)
        self._unguarded.set()

    def _close_pipe(self) -> None:
        if self._pipe is not None:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = None
