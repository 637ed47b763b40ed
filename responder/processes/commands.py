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
