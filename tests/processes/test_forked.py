"""Forked children with real processes: when they begin, what they are told, and that none outlives its parent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.living import is_alive
from tests.processes.test_children import Notes

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, os, signal, sys, time
from responder.processes.children import Child, Patience, supervise, watch_parent
from responder.processes.forked import Door
from responder.processes.forked import fork

path, way = sys.argv[1:]

def note(word, name):
    with open(path, "a") as notes:
        notes.write(f"{word} {name} {os.getpid()}\\n")

async def live(name):
    gone = asyncio.Event()
    watch_parent(gone.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, gone.set)
    note(os.environ["COLOUR"], name)
    await gone.wait()
    note("gone", name)

family = fork(("web", "worker"))
if family.name:
    if way == "fails" and family.name == "web":
        sys.exit(3)
    note("stdin" + repr(os.read(0, 1)), family.name)
    asyncio.run(live(family.name))
    sys.exit()
for name, child in family.children.items():
    note("forked", name + " " + str(child.pid))
if way == "waits":
    time.sleep(60)
again = (sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write('again web 0\\\\n'); import time; time.sleep(60)", path)
doors = {"web": Door("web")} if way == "at a door" else {}
children = [
    Child(name=name, argv=again, env={"COLOUR": "green"}, forked=child, door=doors.get(name))
    for name, child in family.children.items()
]
asyncio.run(supervise(children, Patience(first_delay_s=0.01, longest_delay_s=0.05)))
note("over", "parent")
"""


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(path=tmp_path / "notes")


def forked(notes: Notes) -> list[int]:
    """The children's numbers, as their parent has them."""
    return [int(line[2]) for line in notes.lines() if line[0] == "forked"]


def shown(pid: int) -> str:
    """What a list of processes shows for this one."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode()


@asynccontextmanager
async def parent(notes: Notes, way: str = "runs") -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that forks two children, and supervises them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(notes.path), way, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await wait_until(lambda: not any(map(is_alive, forked(notes))))


async def test_a_forked_child_begins_with_what_it_is_told_and_hears_nothing_of_our_input(notes: Notes) -> None:
    async with parent(notes):
        await notes.wait_for(2, "green")
        assert sorted(notes.names("stdinb''")) == ["web", "worker"]
        assert sorted(notes.pids("green")) == sorted(forked(notes))


async def test_a_forked_child_is_shown_as_the_command_that_it_carries_out(notes: Notes) -> None:
    async with parent(notes):
        await notes.wait_for(2, "green")
        assert [shown(pid) for pid in forked(notes)] == [
            f"{sys.executable} -m responder {name}" for name in ("web", "worker")
        ]


async def test_what_waits_to_begin_ends_with_its_parent(notes: Notes) -> None:
    async with parent(notes, "waits") as process:
        await notes.wait_for(2, "forked")
        assert all(map(is_alive, forked(notes)))
        process.kill()
        await wait_until(lambda: not any(map(is_alive, forked(notes))))
    assert notes.names("green") == []


async def test_what_has_begun_ends_in_order_when_its_parent_is_killed(notes: Notes) -> None:
    async with parent(notes) as process:
        await notes.wait_for(2, "green")
        process.kill()
        await notes.wait_for(2, "gone")


async def test_forked_children_are_ended_in_order_with_their_supervisor(notes: Notes) -> None:
    async with parent(notes) as process:
        await notes.wait_for(2, "green")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0
        assert sorted(notes.names("gone")) == ["web", "worker"]
        assert notes.names("over") == ["parent"]


async def test_one_whose_door_nobody_knocked_at_ends_with_the_others(notes: Notes) -> None:
    async with parent(notes, "at a door") as process:
        await notes.wait_for(1, "green")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0
        assert not any(map(is_alive, forked(notes)))
    assert notes.names("green") == ["worker"]


@pytest.mark.parametrize("way", ["killed", "fails"])
async def test_a_forked_child_that_dies_starts_again_as_a_program_of_its_own(notes: Notes, way: str) -> None:
    async with parent(notes, way):
        await notes.wait_for(1, "green")
        if way == "killed":
            os.kill(forked(notes)[0], signal.SIGKILL)
        await notes.wait_for(1, "again")
        assert is_alive(forked(notes)[1])
