"""Long work as the commands do it: in a child process with less priority, one at a time."""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from responder.processes.children import PROGRAM
from responder.settings.environment import PROGRESS_FD, environment_without_parent

LONGEST_S = 60.0
NICE = 10
LARGEST_ANSWER = 4 * 1024 * 1024
PIPE_SIZE = 65_536
PROGRESS = re.compile(rb"(\d+) (\d+)\n")
Hears = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a command answered; ``code`` is 0 if all is well, 1 if the answer is no."""

    code: int
    lines: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines as records, where the command printed some."""
        found = []
        for line in self.lines:
            with suppress(ValueError):
                found.append(json.loads(line))
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What a command said last, None if it has not said anything yet, and whether it is just being asked anew."""

    answer: Answer | None
    age_s: float
    is_asked_anew: bool


class Commands:
    """Runs commands, one at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._kept: dict[tuple[str, ...], tuple[float, Answer]] = {}
        self._asking: dict[tuple[str, ...], asyncio.Task[None]] = {}

    async def kept(self, *arguments: str, good_for_s: float, patience_s: float = 0.0) -> Kept:
        """What a command that only looks said last; what is too old is asked anew, and waited for only so long."""
        kept = self._kept.get(arguments)
        if kept is None or time.monotonic() - kept[0] >= good_for_s:
            asking = self._asking.get(arguments) or self._ask_anew(arguments)
            await asyncio.wait([asking], timeout=patience_s)
        at, answer = self._kept.get(arguments, (time.monotonic(), None))
        return Kept(answer=answer, age_s=time.monotonic() - at, is_asked_anew=arguments in self._asking)

    def _ask_anew(self, arguments: tuple[str, ...]) -> asyncio.Task[None]:
        self._asking[arguments] = asyncio.create_task(self._ask(arguments))
        return self._asking[arguments]

    async def _ask(self, arguments: tuple[str, ...]) -> None:
        try:
            answer = await self.run(*arguments)
            self._kept[arguments] = (time.monotonic(), answer)
        finally:
            del self._asking[arguments]

    async def run(
        self, *arguments: str, operator: str = "", longest_s: float = LONGEST_S, hears: Hears | None = None
    ) -> Answer:
        """Run a command for somebody and give its answer; one that takes too long, or whose reader left, is ended.

        ``hears`` is told how much is done, and of how much.
        """
        async with self._turn, _listening(hears) as listener:
            told_by = {PROGRESS_FD: str(listener)} if listener is not None else {}
            process = await asyncio.create_subprocess_exec(
                *(*PROGRAM, *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment_without_parent() | ({"LOGNAME": operator} if operator else {}) | told_by,
                preexec_fn=_be_nice,
                pass_fds=() if listener is None else (listener,),
            )
            try:
                async with asyncio.timeout(longest_s):
                    told, errors = await process.communicate()
            except TimeoutError:
                return Answer(code=1, lines=(), errors=(f"it took longer than {longest_s:.0f} s and was ended",))
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return Answer(code=process.returncode or 0, lines=_lines(told), errors=_lines(errors))


@asynccontextmanager
async def _listening(hears: Hears | None) -> AsyncIterator[int | None]:
    """A pipe into which a child says how far it is; None where nobody wants to hear it."""
    if hears is None:
        yield None
        return
    loop, (reader, writer) = asyncio.get_running_loop(), os.pipe()
    os.set_blocking(reader, False)
    loop.add_reader(reader, _hear, reader, hears)
    try:
        yield writer
    finally:
        loop.remove_reader(reader)
        _hear(reader, hears)
        os.close(reader)
        os.close(writer)


def _hear(reader: int, hears: Hears) -> None:
    with suppress(BlockingIOError):
        if found := PROGRESS.findall(os.read(reader, PIPE_SIZE)):
            hears(int(found[-1][0]), int(found[-1][1]))


def _be_nice() -> None:
    os.nice(NICE)


def _lines(told: bytes) -> tuple[str, ...]:
    return tuple(told[:LARGEST_ANSWER].decode("utf-8", "replace").splitlines())
