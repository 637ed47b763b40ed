"""Telling when a file may have changed, however it was changed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from responder.rulefile.watching import Watch, fingerprint, folders_of, possible_changes
from tests.conftest import wait_until


def write(file: Path, text: str) -> None:
    """Write a file in place."""
    file.write_text(text)


class Watched:
    """A file under watch, and how often it was found changed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seen = fingerprint([file])
        self.turns = 0
        self.changes = 0

    async def run(self, look_every_s: float, watch: Watch | None) -> None:
        async for _ in possible_changes(lambda: [self.file], look_every_s, watch):
            now = fingerprint([self.file])
            self.turns += 1
            self.changes += now != self.seen
            self.seen = now

    def is_begun(self) -> bool:
        """Whether the watch tells of changes; a file beside the watched one is written to see."""
        (self.file.parent / "beside").write_text("x")
        return self.turns > 0

    async def found(self, count: int = 1) -> None:
        await wait_until(lambda: self.changes >= count, 10, "the change")


@asynccontextmanager
async def watched(file: Path, look_every_s: float = 60.0, watch: Watch | None = None) -> AsyncIterator[Watched]:
    """A watch on a file, which has begun."""
    subject = Watched(file)
    running = asyncio.create_task(subject.run(look_every_s, watch))
    await wait_until(subject.is_begun, 10, "the first turn")
    yield subject
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text("one")
    return tmp_path / "rules.yaml"


async def test_a_file_written_in_place_is_found(file: Path) -> None:
    async with watched(file) as watch:
        write(file, "other")
        await watch.found()


async def test_a_file_replaced_by_another_is_found_and_so_is_the_next(file: Path) -> None:
    async with watched(file) as watch:
        for number in (1, 2):
            (file.parent / "new").write_text("three" * number)
            (file.parent / "new").replace(file)
            await watch.found(number)


async def test_a_file_that_goes_and_comes_back_is_found(file: Path) -> None:
    async with watched(file) as watch:
        await asyncio.to_thread(file.unlink)
        await watch.found(1)
        write(file, "back")
        await watch.found(2)


async def test_a_mounted_volume_that_swaps_its_link_is_found_again_and_again(tmp_path: Path) -> None:
    for name in ("v1", "v2", "v3"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.yaml").write_text(name * 3)
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "rules.yaml").symlink_to("..data/rules.yaml")
    async with watched(tmp_path / "rules.yaml") as watch:
        for number, name in enumerate(("v2", "v3"), start=1):
            (tmp_path / "..tmp").symlink_to(name)
            (tmp_path / "..tmp").replace(tmp_path / "..data")
            await watch.found(number)
        (tmp_path / "v3" / "rules.yaml").write_text("written where the link leads")
        await watch.found(3)


async def test_a_release_folder_behind_a_link_far_above_is_found(tmp_path: Path) -> None:
    for name in ("r1", "r2"):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc" / "rules.yaml").write_text(name * 3)
    (tmp_path / "current").symlink_to(tmp_path / "r1")
    async with watched(tmp_path / "current" / "etc" / "rules.yaml") as watch:
        (tmp_path / "next").symlink_to(tmp_path / "r2")
        (tmp_path / "next").replace(tmp_path / "current")
        await watch.found()


async def test_a_change_that_the_system_does_not_tell_is_found_by_looking(
    file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "same.yaml"
    elsewhere.hardlink_to(file)
    async with watched(file, look_every_s=0.05) as watch:
        elsewhere.write_text("written by another way")
        await watch.found()


async def test_folders_that_cannot_be_watched_are_said_once_and_looked_at(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_folders: frozenset[Path], look_every_s: float) -> AsyncGenerator[None, None]:
        if look_every_s < 0:
            yield
        raise OSError(28, "no more watches")

    async with watched(file, look_every_s=0.05, watch=fails) as watch:
        write(file, "other")
        await watch.found()
    assert len([record for record in caplog.records if "cannot be watched" in record.message]) == 1


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert folders_of([tmp_path / "a"]) == {tmp_path.resolve()}


async def test_a_folder_that_cannot_be_looked_at_does_not_end_the_watch() -> None:
    turns = possible_changes(lambda: [Path("/tmp") / ("a" * 5000) / "rules.yaml"], 0.01)  # noqa: S108  (nothing is there)
    for _ in range(2):
        await asyncio.wait_for(anext(turns), 10)
    await turns.aclose()
