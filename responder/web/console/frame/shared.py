"""What all pages of the console share, and their long work, which child processes do."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from responder.core.operations.drafts import digest_of
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.desk.editing.rules_file import RulesFile
from responder.desk.editing.workspace import laid_out
from responder.desk.people import handle_of
from responder.processes.commands import Answer, Commands
from responder.web.console.frame.door import Door, Throttle
from responder.web.console.frame.feed import Feed
from responder.web.console.frame.outlook import Lookout

Line = dict[str, Any]
TOLD_GOOD_FOR_S = 30.0  # files that are included may change
MOST_KEPT = 20
SINCE = "30d"
LONGEST_S = 1800.0
MOST_RUNS = 20  # runs, of as many operators


class Checks:
    """Says what is wrong with texts, one after the other; who asks again for the same text shares the answer."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._kept: dict[tuple[str, str], asyncio.Task[tuple[list[Line], float]]] = {}

    async def problems(self, path: Path, text: str, patience_s: float | None = None) -> list[Line] | None:
        """Errors and warnings, each with its place; None if that takes longer than the patience."""
        return await self._of("check", path, text, patience_s)

    async def trials(self, path: Path, text: str, patience_s: float | None = None) -> list[Line] | None:
        """How each example and test went, and what each rule is covered by; None if that takes too long."""
        return await self._of("test", path, text, patience_s)

    async def _of(self, command: str, path: Path, text: str, patience_s: float | None) -> list[Line] | None:
        key = command, digest_of(text)
        task = self._kept.get(key)
        if task is None or (task.done() and time.monotonic() - task.result()[1] > TOLD_GOOD_FOR_S):
            task = self._kept[key] = asyncio.create_task(self._run(command, path, text))
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        done, _ = await asyncio.wait([task], timeout=patience_s)
        return task.result()[0] if done else None

    async def _run(self, command: str, path: Path, text: str) -> tuple[list[Line], float]:
        """What a command told, and when."""
        with laid_out(path, text) as candidate:
            answer = await self._commands.run(command, str(candidate.path), "--json")
            told = [candidate.renamed(record) for record in answer.records]
        if not told and answer.errors:  # it was ended, or could not begin
            told = [{"level": "error", "file": str(path), "line": 1, "column": 1, "text": answer.errors[-1]}]
        return told, time.monotonic()


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Console:
    """What all pages share; ``rules`` gives those in force."""

    desk: Desk
    door: Door
    throttle: Throttle
    lookout: Lookout
    feed: Feed
    commands: Commands
    file: RulesFile
    checks: Checks
    impact: Impacts
    rules: Callable[[], Rules]

    def zone(self) -> ZoneInfo:
        return self.rules().zone

    def languages(self) -> Sequence[str]:
        return self.rules().languages

    def handle(self, number: str) -> str:
        return handle_of(self.desk, number)
