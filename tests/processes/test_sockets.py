"""A door with real processes behind it: who knocks makes one begin, and nobody waits in vain."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from responder.errors import ConfigurationError
from responder.processes.children import Child
from responder.processes.forked import Door
from tests.conftest import wait_until
from tests.processes.test_children import BRIEF, NOTES, Notes, running

GREETING = f"""{NOTES}
import socket
note("up")
with socket.socket(fileno=int(sys.argv[3])) as door:
    connection, _ = door.accept()
    connection.sendall(b"hello")
    connection.close()
"""


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(path=tmp_path / "notes")


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door("console")
    yield made
    made.close()


def at(door: Door, child: Child) -> Child:
    return replace(child, argv=(*child.argv, str(door.number)), door=door)


async def heard_at(door: Door) -> bytes:
    """What whoever knocks hears until the other side hangs up."""
    reader, writer = await asyncio.open_unix_connection(door.path)
    try:
        return await reader.read()
    except ConnectionError:
        return b"turned away"
    finally:
        writer.close()


async def test_a_child_begins_when_somebody_knocks_and_not_before(notes: Notes, door: Door) -> None:
    async with running(
        notes.child("worker", GREETING.partition("import socket")[0] + 'note("up")'),
        at(door, notes.child("console", GREETING)),
    ):
        await notes.wait_for(1)
        assert set(notes.names("up")) == {"worker"}
        assert await heard_at(door) == b"hello"
        assert notes.names("up").count("console") == 1


async def test_the_next_one_begins_when_somebody_knocks_again(notes: Notes, door: Door) -> None:
    async with running(at(door, notes.child("console", GREETING))):
        for _ in range(3):
            assert await heard_at(door) == b"hello"
    assert len(notes.names("up")) == 3


async def test_whoever_waits_for_a_child_that_dies_is_served_by_the_next(notes: Notes, door: Door) -> None:
    both = asyncio.gather(heard_at(door), heard_at(door))  # each child serves one of them
    async with running(at(door, notes.child("console", GREETING))):
        assert list(await both) == [b"hello", b"hello"]


async def test_whoever_waits_when_all_ends_is_turned_away(notes: Notes, door: Door) -> None:
    async with running(at(door, notes.child("console", BRIEF))):
        waiting = asyncio.create_task(heard_at(door))
        await notes.wait_for(1)
    assert await asyncio.wait_for(waiting, 5) in (b"turned away", b"")
    with suppress(ConnectionError, FileNotFoundError):
        await heard_at(door)
        pytest.fail("the door is still open")


async def test_it_is_open_to_this_user_alone_and_leaves_nothing_behind(door: Door) -> None:
    folder = Path(door.path).parent
    assert folder.stat().st_mode & 0o077 == 0
    door.close()
    await wait_until(lambda: not folder.exists())


def test_where_no_folder_can_be_made_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="set TMPDIR"):
        Door("console")
