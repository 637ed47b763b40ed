"""Impact: what a draft would have answered otherwise in the last 30 days, in a child process, one at a time."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from responder.desk.editing.workspace import laid_out
from responder.processes.commands import Answer, Commands

SINCE = "30d"
LONGEST_S = 1800.0
MOST_RUNS = 20  # runs, of as many operators


@dataclass(kw_only=True, slots=True)
class Impact:
    """One run: what it is about, how far it is, and what it found."""

    path: Path
    text: str
    done: int = 0
    total: int = 0
    answer: Answer | None = None
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)
    was_cancelled: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, or waits for its turn."""
        return self.task is not None and not self.task.done()

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Texts that would be answered otherwise, by what changes."""
        return self.answer.records if self.answer else []

    @property
    def changed(self) -> int:
        """How many texts would be answered otherwise."""
        return sum(group["count"] for group in self.groups)

    def hear(self, done: int, total: int) -> None:
        """Heed how far it is."""
        self.done, self.total = done, total


class Impacts:
    """The runs of all operators, each with at most one; they wait for each other."""

    def __init__(self, commands: Commands, longest_s: float = LONGEST_S) -> None:
        self._commands = commands
        self._longest_s = longest_s
        self._runs: dict[str, Impact] = {}

    def of(self, operator: str) -> Impact | None:
        """The run of an operator; None if none was asked for."""
        return self._runs.get(operator)

    async def start(self, operator: str, path: Path, text: str) -> Impact:
        """Begin a run in place of the operator's one before."""
        await self.cancel(operator)
        self._runs.pop(operator, None)
        while len(self._runs) >= MOST_RUNS and (ended := self._oldest_ended()) is not None:
            del self._runs[ended]
        run = self._runs[operator] = Impact(path=path, text=text)
        run.task = asyncio.create_task(self._run(run))
        return run

    def _oldest_ended(self) -> str | None:
        return next((operator for operator, run in self._runs.items() if not run.is_running), None)

    async def cancel(self, operator: str) -> None:
        """End an operator's run, with its process."""
        run = self._runs.get(operator)
        if run and run.task and run.is_running:
            run.was_cancelled = True
            run.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run.task

    async def cancel_all(self) -> None:
        """End the runs of everybody."""
        for operator in list(self._runs):
            await self.cancel(operator)

    async def _run(self, run: Impact) -> None:
        with laid_out(run.path, run.text) as candidate:
            command = ("replay", "--rules", str(candidate.path), "--since", SINCE, "--json")
            run.answer = await self._commands.run(*command, longest_s=self._longest_s, hears=run.hear)
