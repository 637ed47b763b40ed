"""What check and test say of a text, in a child process; a page waits for it a moment, and is told later."""

import asyncio
import time
from pathlib import Path
from typing import Any

from responder.core.operations.drafts import digest_of
from responder.desk.editing.workspace import laid_out
from responder.processes.commands import Commands

Record = dict[str, Any]
GOOD_FOR_S = 30.0  # files that are included may change
MOST_KEPT = 20


class Checks:
    """Says what is wrong with texts, one after the other; who asks again for the same text shares the answer."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._kept: dict[tuple[str, str], asyncio.Task[tuple[list[Record], float]]] = {}

    async def problems(self, path: Path, text: str, patience_s: float | None = None) -> list[Record] | None:
        """Errors and warnings, each with its place; None if that takes longer than the patience."""
        return await self._of("check", path, text, patience_s)

    async def trials(self, path: Path, text: str, patience_s: float | None = None) -> list[Record] | None:
        """How each example and test went, and what each rule is covered by; None if that takes too long."""
        return await self._of("test", path, text, patience_s)

    async def _of(self, command: str, path: Path, text: str, patience_s: float | None) -> list[Record] | None:
        key = command, digest_of(text)
        task = self._kept.get(key)
        if task is None or (task.done() and time.monotonic() - task.result()[1] > GOOD_FOR_S):
            task = self._kept[key] = asyncio.create_task(self._run(command, path, text))
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        done, _ = await asyncio.wait([task], timeout=patience_s)
        return task.result()[0] if done else None

    async def _run(self, command: str, path: Path, text: str) -> tuple[list[Record], float]:
        """What a command told, and when."""
        with laid_out(path, text) as candidate:
            answer = await self._commands.run(command, str(candidate.path), "--json")
            told = [candidate.renamed(record) for record in answer.records]
        if not told and answer.errors:  # it was ended, or could not begin
            told = [{"level": "error", "file": str(path), "line": 1, "column": 1, "text": answer.errors[-1]}]
        return told, time.monotonic()
