"""The supervisor with real processes: what it restarts, how it ends its children, and that none outlives it."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from responder.processes.children import Child, Patience, Supervisor, supervise
from tests.conftest import wait_until
from tests.living import is_alive

ROOT = Path(__file__).parents[2]
IMPATIENT = Patience(first_delay_s=0.01, longest_delay_s=0.05, stop_limit_s=5)
NOTES = """
import os, signal, sys, time
def note(word):
    with open(sys.argv[1], "a") as notes:
        notes.write(f"{word} {sys.argv[2]} {os.getpid()}\\n")
"""
ORDERLY = f"""{NOTES}
def end(number, frame):
    note(signal.Signals(number).name)
    sys.exit()
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, lambda *_: None)
note("up")
while True: signal.pause()
"""
STUBBORN = f"""{NOTES}
signal.signal(signal.SIGTERM, lambda *_: note("SIGTERM"))
note("up")
while True: signal.pause()
"""
BRIEF = f"""{NOTES}
note("up")
sys.exit(3)
"""
WATCHING = f"""{NOTES}
import asyncio
from responder.processes.children import watch_parent
async def main():
    gone = asyncio.Event()
    watch_parent(gone.set)
    note("up")
    await gone.wait()
    note("gone")
asyncio.run(main())
"""
PARENT = """
import asyncio, sys, uvloop
from responder.processes.children import Child, supervise
script, notes, loop = sys.argv[1:]
children = [Child(name=name, argv=(sys.executable, "-c", script, notes, name)) for name in ("web", "worker")]
{"asyncio": asyncio, "uvloop": uvloop}[loop].run(supervise(children))
"""


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What children wrote down: a word, their name and their number, line by line."""

    path: Path

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def names(self, word: str) -> list[str]:
        return [line[1] for line in self.lines() if line[0] == word]

    def pids(self, word: str = "up") -> list[int]:
        return [int(line[2]) for line in self.lines() if line[0] == word]

    def child(self, name: str, script: str) -> Child:
        return Child(name=name, argv=(sys.executable, "-c", script, str(self.path), name))

    async def wait_for(self, count: int, word: str = "up") -> None:
        await wait_until(lambda: len(self.names(word)) >= count)


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(path=tmp_path / "notes")


@asynccontextmanager
async def running(*children: Child, patience: Patience = IMPATIENT) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(children, patience)
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        supervisor.stop()
        await task


async def test_a_killed_child_is_started_again(notes: Notes) -> None:
    async with running(notes.child("web", ORDERLY)):
        await notes.wait_for(1)
        os.kill(notes.pids()[0], signal.SIGKILL)
        await notes.wait_for(2)
        assert is_alive(notes.pids()[1])


async def test_the_others_go_on_when_one_dies(notes: Notes) -> None:
    async with running(notes.child("web", ORDERLY), notes.child("worker", ORDERLY)):
        await notes.wait_for(2)
        first, second = notes.pids()
        os.kill(first, signal.SIGKILL)
        await notes.wait_for(3)
        assert is_alive(second)


async def test_a_dead_child_is_logged_with_its_name_and_exit_status(
    notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(notes.child("web", BRIEF)):
        await notes.wait_for(2)
    assert "child ended name=web status=3 restart_in_s=0.0" in caplog.text


async def test_a_child_that_keeps_dying_is_started_less_and_less_often(notes: Notes) -> None:
    patience = Patience(first_delay_s=0.1, longest_delay_s=0.4, stop_limit_s=5)
    began_at = time.monotonic()
    async with running(notes.child("web", BRIEF), patience=patience):
        await notes.wait_for(4)
    assert time.monotonic() - began_at > 0.1 + 0.2 + 0.4


async def test_a_child_that_cannot_be_started_does_not_stop_the_others(
    notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Child(name="web", argv=("/no/such/program",)), notes.child("worker", ORDERLY)):
        await notes.wait_for(1)
    assert "name=web status=not started" in caplog.text


async def test_a_child_has_our_environment_and_its_own(notes: Notes) -> None:
    script = f"{NOTES}\nnote(os.environ['COLOUR'] + str('PATH' in os.environ))\nsignal.pause()"
    child = Child(name="web", argv=notes.child("web", script).argv, env={"COLOUR": "green"})
    async with running(child):
        await notes.wait_for(1, "greenTrue")


async def test_children_are_of_our_process_group(notes: Notes) -> None:
    async with running(notes.child("web", ORDERLY)):
        await notes.wait_for(1)
        assert os.getpgid(notes.pids()[0]) == os.getpgid(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_children_and_then_the_supervisor(notes: Notes, number: signal.Signals) -> None:
    task = asyncio.create_task(supervise([notes.child("web", ORDERLY), notes.child("worker", ORDERLY)], IMPATIENT))
    await notes.wait_for(2)
    os.kill(os.getpid(), number)
    await task
    assert sorted(notes.names("SIGTERM")) == ["web", "worker"]
    assert not any(map(is_alive, notes.pids()))


async def test_a_second_signal_asks_the_children_no_second_time(notes: Notes) -> None:
    patience = Patience(stop_limit_s=0.3)
    task = asyncio.create_task(supervise([notes.child("web", STUBBORN)], patience))
    await notes.wait_for(1)
    os.kill(os.getpid(), signal.SIGTERM)
    await notes.wait_for(1, "SIGTERM")
    os.kill(os.getpid(), signal.SIGTERM)
    await task
    assert notes.names("SIGTERM") == ["web"]


async def test_a_child_that_was_asked_to_end_is_not_started_again(
    notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(notes.child("web", ORDERLY)):
        await notes.wait_for(1)
    assert len(notes.pids()) == 1
    assert not caplog.records


async def test_a_child_that_does_not_end_is_killed_after_the_limit(
    notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(notes.child("web", STUBBORN), patience=Patience(stop_limit_s=0.2)):
        await notes.wait_for(1)
    assert notes.names("SIGTERM") == ["web"]
    assert not is_alive(notes.pids()[0])
    assert "name=web" in caplog.text


async def test_stopping_does_not_wait_for_a_child_that_is_to_start_again_later(notes: Notes) -> None:
    began_at = time.monotonic()
    async with running(notes.child("web", BRIEF), patience=Patience(first_delay_s=60, longest_delay_s=60)):
        await notes.wait_for(1)
    assert time.monotonic() - began_at < 10


async def test_a_cancelled_supervisor_leaves_no_child(notes: Notes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    task = asyncio.create_task(Supervisor([notes.child("web", ORDERLY)], IMPATIENT).run())
    await notes.wait_for(1)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not is_alive(notes.pids()[0])


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_children_end_when_their_parent_is_killed(notes: Notes, loop: str) -> None:
    async with parent(WATCHING, notes, loop) as process:
        await notes.wait_for(2)
        process.kill()
        await notes.wait_for(2, "gone")
        await wait_until(lambda: not any(map(is_alive, notes.pids())))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_ctrl_c_for_the_whole_group_lets_the_children_finish(notes: Notes, loop: str) -> None:
    async with parent(ORDERLY, notes, loop) as process:
        await notes.wait_for(2)
        os.killpg(process.pid, signal.SIGINT)
        assert await process.wait() == 0
    assert sorted(notes.names("SIGTERM")) == ["web", "worker"]


async def test_a_process_without_a_supervisor_watches_nobody(notes: Notes) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*notes.child("alone", WATCHING).argv, env=env)
    await notes.wait_for(1)
    assert process.returncode is None
    process.kill()
    await process.wait()
    assert notes.names("gone") == []


@asynccontextmanager
async def parent(script: str, notes: Notes, loop: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of its own group that supervises two children."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        script,
        str(notes.path),
        loop,
        env=env,
        start_new_session=True,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        for pid in filter(is_alive, notes.pids()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def test_what_runs_beside_and_dies_ends_the_children_and_is_raised(tmp_path: Path) -> None:
    notes = tmp_path / "notes"

    async def dies() -> None:
        await wait_until(notes.exists)
        raise ValueError("died")

    orderly = Child(name="a", argv=(sys.executable, "-c", ORDERLY, str(notes), "a"))
    with pytest.raises(ValueError, match="died"):
        await asyncio.wait_for(supervise([orderly], IMPATIENT, works=[dies()]), 20)
    assert "SIGTERM a" in notes.read_text()
