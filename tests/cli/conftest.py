"""A small installation in a folder of its own, and its commands run as an operator types them."""

import asyncio
import contextlib
import io
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from responder.cli.main import main
from responder.core.contact.effects import StepKind
from responder.core.sms.message import Inbound
from responder.rulefile import read_rules
from responder.store.base.database import Database
from responder.store.outbound.replies import SIMULATED
from responder.wiring import Store
from tests.conftest import StandingClock, free_port, store_on
from tests.worker.conftest import RULES, Work


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """What it printed, as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def record(self) -> dict[str, Any]:
        """The one record that it printed."""
        (record,) = self.records
        return record


def typed(*arguments: str) -> Outcome:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    return Outcome(code=code if isinstance(code, int) else 0, out=out.getvalue(), err=err.getvalue())


async def run(*arguments: str) -> Outcome:
    """Run a command beside the test's own loop."""
    return await asyncio.to_thread(typed, *arguments)


@dataclass
class Installation:
    """A folder with rules, settings and an open store."""

    folder: Path
    work: Work
    port: int

    @property
    def store(self) -> Store:
        return self.work.store

    async def handle(self, *inbound: Inbound) -> None:
        """Let messages come in, handle them, and simulate their replies."""
        await self.work.handle(*inbound)
        await self.simulate()

    async def simulate(self) -> None:
        """Simulate the replies that wait."""
        await self.store.steps.pretend(StepKind.REPLY, SIMULATED, self.work.clock.now, 500)

    def set(self, **settings: str) -> None:
        """Add settings to the file of them."""
        with (self.folder / ".env").open("a") as file:
            file.writelines(f"RESPONDER_{name}={value}\n" for name, value in settings.items())

    def write(self, name: str, text: str) -> str:
        """Write a file, and give its name."""
        (self.folder / name).write_text(text, "utf-8")
        return name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with rules and nothing else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


@pytest.fixture
async def here(folder: Path, clock: StandingClock, sqlite_template: Path) -> AsyncIterator[Installation]:
    """An installation in the working directory."""
    (folder / "data").mkdir()
    shutil.copy(sqlite_template, folder / "data" / "responder.db")
    database = Database(f"sqlite+aiosqlite:///{folder / 'data' / 'responder.db'}")
    work = Work(store=await store_on(database), clock=clock, rules=read_rules(RULES, "rules.yaml", {}))
    installation = Installation(folder=folder, work=work, port=free_port())
    installation.set(PORT=str(installation.port))
    yield installation
    await database.close()
