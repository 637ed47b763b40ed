"""A backup of a running service, restored elsewhere; and backups and restores that are killed in the middle."""

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.service import Service, send_steadily
from tests.receiver import Receiver

pytestmark = pytest.mark.tour

KILLED_AT_THE_FIRST_BYTES = """
import contextlib, os, signal
from responder.cli.terminal import output

@contextlib.contextmanager
def deadly(title, total):
    def advance(count):
        if title == "{title}" and count:
            os.kill(os.getpid(), signal.SIGKILL)
    yield advance

output.progress = deadly
from responder.cli.main import main
main()
"""
"""A command that dies as soon as a progress of this title begins."""


KILLED_BEFORE = """
import os, signal, sys

def deadly(event, arguments):
    if event == "{event}" and str(arguments[{position}]).endswith("{name}"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(deadly)
from responder.cli.main import main
main()
"""
"""A command that dies just before it renames or removes something of this name."""
MOVES = {
    "the first move": ("os.rename", 1, "new/rules.yaml"),
    "the second move": ("os.rename", 1, "new/data/responder.db"),
    "the end": ("os.rename", 1, "new/data/restored"),
}


def typed(folder: Path, *arguments: str, dies_at: str = "", program: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    program = KILLED_AT_THE_FIRST_BYTES.format(title=dies_at) if dies_at else program
    return subprocess.run(
        [sys.executable, *(["-c", program] if program else ["-m", "responder"]), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def counts(database: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        tables = ("messages", "contacts", "subscriptions", "consent_events", "steps")
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  (our own words)
            for table in tables
        }


async def test_a_backup_made_while_texts_come_in_is_whole_elsewhere(service: Service, receiver: Receiver) -> None:
    await send_steadily(service, 50)
    backing_up = asyncio.create_task(asyncio.to_thread(typed, service.folder, "backup", "a.backup"))
    answers: list[int] = []
    while not backing_up.done():
        answers.append(await service.send("News ON", f"+39331{len(answers):07}"))
    assert (await backing_up).returncode == 0
    assert answers.count(200) == len(answers) > 10, "nothing was refused meanwhile"
    await service.settled()
    back = await asyncio.to_thread(typed, service.folder, "restore", "a.backup", "--into", "new")
    assert back.returncode == 0, back.stderr
    assert "the chain is whole" in back.stdout
    found = counts(service.folder / "new" / "data" / "responder.db")
    assert 50 < found["messages"] <= len(service.acknowledged)
    assert found["subscriptions"] == found["consent_events"] == found["contacts"]
    assert found["steps"] == 2 * found["consent_events"]


async def test_a_stopped_service_goes_on_elsewhere_as_if_nothing_was(service: Service, receiver: Receiver) -> None:
    await send_steadily(service, 20)
    await service.settled()
    await service.stop()
    before = counts(service.database)
    assert typed(service.folder, "backup", "a.backup").returncode == 0
    assert typed(service.folder, "restore", "a.backup", "--into", "new").returncode == 0
    assert counts(service.folder / "new" / "data" / "responder.db") == before
    service.folder = service.folder / "new"
    await service.start()
    assert await service.send("News ON", "+393301234567") == 200
    await service.settled()
    service.check_once(receiver)


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A folder with rules and a database, and a backup of it."""
    assert typed(tmp_path, "init", "--pack", "newsletter").returncode == 0
    assert typed(tmp_path, "migrate").returncode == 0
    assert typed(tmp_path, "backup", "a.backup").returncode == 0
    return tmp_path


@pytest.mark.parametrize("moment", ["copying", "writing"])
def test_a_killed_backup_leaves_the_one_before_it(installation: Path, moment: str) -> None:
    before = (installation / "a.backup").read_bytes()
    killed = typed(installation, "backup", "a.backup", dies_at=moment)
    assert killed.returncode == -signal.SIGKILL
    assert (installation / "a.backup").read_bytes() == before


@pytest.mark.parametrize("moment", ["copying", "writing"])
def test_after_a_killed_backup_the_next_one_is_made_and_nothing_is_left(installation: Path, moment: str) -> None:
    typed(installation, "backup", "b.backup", dies_at=moment)
    assert not (installation / "b.backup").exists()
    assert typed(installation, "backup", "b.backup").returncode == 0
    assert {path.name for path in installation.glob("*b.backup*")} == {"b.backup"}
    assert {path.name for path in (installation / "data").iterdir()} == {"responder.db"}


def test_a_killed_restore_leaves_nothing_that_starts(installation: Path) -> None:
    new = installation / "new"
    killed = typed(installation, "restore", "a.backup", "--into", "new", dies_at="unpacking")
    assert killed.returncode == -signal.SIGKILL
    assert not (new / "data" / "responder.db").exists()
    refused = typed(new, "migrate")
    assert refused.returncode == 1
    assert "a restore has not come to its end" in refused.stderr


def test_a_killed_restore_is_done_by_the_next_one(installation: Path) -> None:
    typed(installation, "restore", "a.backup", "--into", "new", dies_at="unpacking")
    assert typed(installation, "restore", "a.backup", "--into", "new").returncode == 0
    assert counts(installation / "new" / "data" / "responder.db") == counts(installation / "data" / "responder.db")
    assert not (installation / "new" / "data" / "restoring").exists()


def killed_before(folder: Path, event: str, position: int, name: str) -> Path:
    """Where a restore was killed before one of its steps."""
    program = KILLED_BEFORE.format(event=event, position=position, name=name)
    killed = typed(folder, "restore", "a.backup", "--into", "new", program=program)
    assert killed.returncode == -signal.SIGKILL
    return folder / "new"


@pytest.mark.parametrize("moment", MOVES)
def test_a_restore_that_is_killed_between_its_moves_starts_nowhere_and_can_be_begun_again(
    installation: Path, moment: str
) -> None:
    new = killed_before(installation, *MOVES[moment])
    assert "a restore has not come to its end" in typed(new, "migrate").stderr
    assert typed(installation, "restore", "a.backup", "--into", "new").returncode == 0
    assert counts(new / "data" / "responder.db") == counts(installation / "data" / "responder.db")
    assert (new / "rules.yaml").read_bytes() == (installation / "rules.yaml").read_bytes()
    assert sorted(path.name for path in (new / "data").iterdir()) == ["responder.db", "run.lock"]


def test_a_restore_that_is_killed_at_its_end_is_whole(installation: Path) -> None:
    new = killed_before(installation, "shutil.rmtree", 0, "new/data/restored")
    assert typed(new, "migrate").returncode == 0
    assert counts(new / "data" / "responder.db") == counts(installation / "data" / "responder.db")
    assert "there is a database already" in typed(installation, "restore", "a.backup", "--into", "new").stderr
    assert not (new / "data" / "restored").exists()
