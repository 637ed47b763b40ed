"""Impact runs beside the console: one at a time, cancelled with its process, and ended with the visit."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from responder.processes.commands import Answer, Commands, Hears
from responder.web.console.frame.shared import Impacts
from tests.conftest import wait_until
from tests.web.console.conftest import RULES

FOUND = Answer(code=0, lines=('{"before": "fallback", "after": "news-on", "count": 3}',), errors=())


class HeldCommands(Commands):
    """Commands that end when they are let go; remembers what was run and what was ended before."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()
        self.run_with: list[tuple[str, ...]] = []
        self.ended = 0

    async def run(
        self, *arguments: str, operator: str = "", longest_s: float = 60, hears: Hears | None = None
    ) -> Answer:
        self.run_with.append(arguments)
        if hears:
            hears(20, 100)
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.ended += 1
            raise
        return FOUND


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


async def begun(commands: HeldCommands) -> None:
    await wait_until(lambda: bool(commands.run_with), 10, "the command to begin")


async def test_a_run_tells_how_far_it_is_and_then_what_it_found(path: Path) -> None:
    impacts = Impacts(commands := HeldCommands())
    run = await impacts.start("Anna", path, RULES)
    await begun(commands)
    assert (run.is_running, run.done, run.total) == (True, 20, 100)
    commands.let_go.set()
    await wait_until(lambda: not run.is_running, 10, "the end")
    assert run.changed == 3


async def test_cancelling_ends_the_command(path: Path) -> None:
    impacts = Impacts(commands := HeldCommands())
    run = await impacts.start("Anna", path, RULES)
    await begun(commands)
    await impacts.cancel("Anna")
    assert (run.is_running, run.was_cancelled, commands.ended) == (False, True, 1)


async def test_a_new_run_takes_the_place_of_the_one_before(path: Path) -> None:
    impacts = Impacts(commands := HeldCommands())
    await impacts.start("Anna", path, RULES)
    await begun(commands)
    second = await impacts.start("Anna", path, RULES)
    assert commands.ended == 1
    assert impacts.of("Anna") is second
    await impacts.cancel_all()


async def test_a_run_that_takes_too_long_is_ended_and_says_so(path: Path) -> None:
    impacts = Impacts(Commands(), longest_s=0.01)  # no command of ours begins so fast
    run = await impacts.start("Anna", path, RULES)
    await wait_until(lambda: not run.is_running, 60, "the end")
    assert run.answer is not None
    assert (run.answer.code, run.answer.errors) == (1, ("it took longer than 0 s and was ended",))
    assert (run.changed, run.was_cancelled) == (0, False)


async def test_a_run_that_was_ended_gives_the_next_its_turn(path: Path) -> None:
    commands = Commands()
    first = await Impacts(commands, longest_s=0.01).start("Anna", path, RULES)
    await wait_until(lambda: not first.is_running, 60, "the end")
    assert (await commands.run("--version")).code == 0


def children(word: str) -> int:
    """How many children of this process were given a word."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            found += parent == os.getpid() and word.encode() in (entry / "cmdline").read_bytes().split(b"\0")
    return found


async def test_of_two_that_begin_at_once_one_waits_for_its_turn(path: Path) -> None:
    impacts, at_once = Impacts(Commands(), longest_s=0.3), set[int]()
    runs = [await impacts.start(operator, path, RULES) for operator in ("Anna", "Ugo")]

    def have_ended() -> bool:
        at_once.add(children("replay"))
        return not any(run.is_running for run in runs)

    await wait_until(have_ended, 60, "the end of both")
    assert at_once == {0, 1}
    assert [bool(run.answer) for run in runs] == [True, True]


@pytest.fixture
def path_with_example(path: Path) -> Path:
    path.write_text(RULES.replace("fallback:", "    examples: {match: [news on]}\nfallback:"))
    return path


async def test_a_command_says_how_far_it_is(path_with_example: Path) -> None:
    heard: list[tuple[int, int]] = []
    command = ("test", str(path_with_example), "--json")
    await Commands().run(*command, hears=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (1, 1)
