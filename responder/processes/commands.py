"""Long work as the commands do it: in a child process with less priority, one at a time."""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from responder.settings.environment import environment_without_parent

LONGEST_S = 60.0
NICE = 10
LARGEST_ANSWER = 4 * 1024 * 1024


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


class Commands:
    """Runs commands, one at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._kept: dict[tuple[str, ...], tuple[float, Answer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def kept(self, *arguments: str, good_for_s: float) -> tuple[Answer, float]:
        """What a command that only looks said, and how many seconds ago; after a while it is asked anew.

        Whoever asks then hears the older answer at once, and the next one the new one; only the first has to wait.
        """
        if arguments not in self._kept:
            await self._ask(arguments)
        at, answer = self._kept[arguments]
        age_s = time.monotonic() - at
        if age_s >= good_for_s and not self._asking.locked():
            task = asyncio.create_task(self._ask(arguments))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return answer, age_s

    async def _ask(self, arguments: tuple[str, ...]) -> None:
        async with self._asking:
            answer = await self.run(*arguments)
            self._kept[arguments] = (time.monotonic(), answer)

    async def run(self, *arguments: str, operator: str = "", longest_s: float = LONGEST_S) -> Answer:
        """Run a command for somebody and give its answer; one that takes too long, or whose reader left, is ended."""
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "responder", *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment_without_parent() | ({"LOGNAME": operator} if operator else {}),
                preexec_fn=_be_nice,
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


def _be_nice() -> None:
    os.nice(NICE)


def _lines(told: bytes) -> tuple[str, ...]:
    return tuple(told[:LARGEST_ANSWER].decode("utf-8", "replace").splitlines())
