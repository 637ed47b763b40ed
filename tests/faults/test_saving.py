"""A web process killed while it saves the rules leaves the old file or the new one, whole, and a history that is true."""

import asyncio
import functools
import multiprocessing
import signal
from pathlib import Path

import pytest

from responder.desk.desk import Desk
from responder.desk.editing.drafts import keep_typed, open_desktop, save_draft
from responder.desk.editing.rules_file import RulesFile
from responder.rulefile import load_rules, sources_of
from responder.rulefile.reading.folder import BEGINNING
from responder.store.base.database import Database
from responder.store.base.history import RuleVersions
from tests.conftest import NOON, wait_until
from tests.desk.editing.conftest import RULES
from tests.faults.dying_while_saving import SavePoint, Saving, desk_on, save

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.dying_while_saving"])
WARMER = RULES.replace("Welcome.", "Welcome to us.")
COLDER = RULES.replace("Welcome.", "Hi.")
WHY = "a warmer welcome"
ROUNDS = 6
MANY = 2000  # saves, of which a process that is killed does a few


@pytest.fixture
def file(tmp_path: Path) -> RulesFile:
    path = tmp_path / "rules" / "rules.yaml"
    path.parent.mkdir()
    path.write_text(RULES)
    return RulesFile(path=path)


async def save_and_die(url: str, file: RulesFile, point: SavePoint) -> None:
    """Let an operator save a warmer text, in a process that is killed at the point."""
    saver = FORKS.Process(target=save, args=(Saving(url, file.path, (WARMER,), WHY, point),))
    saver.start()
    await asyncio.to_thread(saver.join, 60)
    assert saver.exitcode == -signal.SIGKILL


async def take_up(desk: Desk, file: RulesFile) -> str:
    """The rules come into force, as a worker does it that finds the file."""
    rules = load_rules(file.path, {})
    await RuleVersions(desk.database).keep(rules.hash, sources_of(rules), NOON)
    return rules.hash


async def history(desk: Desk, version_hash: str) -> tuple[str | None, str | None]:
    """By whom and why a version came into force."""
    version = await RuleVersions(desk.database).find(version_hash)
    assert version is not None
    return version.by, version.why


def is_written_since(file: RulesFile, at_ns: int) -> bool:
    return file.path.stat().st_mtime_ns != at_ns


@pytest.mark.parametrize("point", [SavePoint.BEFORE, SavePoint.WRITTEN, SavePoint.TOLD])
async def test_a_kill_leaves_one_whole_file_and_tells_who_saved_it(
    migrated_url: str, file: RulesFile, point: SavePoint
) -> None:
    desk = await desk_on(Database(migrated_url), file.path)
    old = await take_up(desk, file)
    await save_and_die(migrated_url, file, point)
    is_old = point is SavePoint.BEFORE
    assert file.path.read_text() == (RULES if is_old else WARMER)
    now = await take_up(desk, file)
    assert (now == old) is is_old
    assert await history(desk, now) == ((None, None) if is_old else ("Anna", WHY))
    assert ((await open_desktop(desk, file, "Anna")).draft is not None) is is_old
    await desk.database.close()


async def test_a_draft_whose_saving_was_killed_is_saved_by_pressing_save_again(
    migrated_url: str, file: RulesFile
) -> None:
    desk = await desk_on(Database(migrated_url), file.path)
    await save_and_die(migrated_url, file, SavePoint.BEFORE)
    rules = await save_draft(desk, file, "Anna", "once more")
    assert file.path.read_text() == WARMER
    assert await history(desk, rules.hash) == ("Anna", "once more")
    await desk.database.close()


async def test_what_was_never_saved_is_not_told_of_another_s_change(migrated_url: str, file: RulesFile) -> None:
    desk = await desk_on(Database(migrated_url), file.path)
    await save_and_die(migrated_url, file, SavePoint.BEFORE)
    await keep_typed(desk, file, "Anna", COLDER)  # she thought better of it, and somebody else did the same by hand
    file.path.write_text(WARMER)
    assert await history(desk, await take_up(desk, file)) == (None, None)
    await desk.database.close()


@pytest.mark.faults
async def test_kills_at_any_moment_leave_a_whole_file(migrated_url: str, file: RulesFile) -> None:
    desk = await desk_on(Database(migrated_url), file.path)
    for _ in range(ROUNDS):
        before = file.path.stat().st_mtime_ns
        texts = (WARMER, COLDER) * (MANY // 2)
        saver = FORKS.Process(target=save, args=(Saving(migrated_url, file.path, texts, WHY, SavePoint.NEVER),))
        saver.start()
        await wait_until(functools.partial(is_written_since, file, before), 60, "the first save")
        saver.kill()
        await asyncio.to_thread(saver.join, 60)
        assert file.path.read_text() in (WARMER, COLDER)
        assert await history(desk, await take_up(desk, file)) == ("Anna", WHY)
        await keep_typed(desk, file, "Anna", RULES)
        await save_draft(desk, file, "Anna", "as it was")
        assert not list(file.path.parent.glob(f"{BEGINNING}*"))
    await desk.database.close()
