"""A backup is written whole or not at all, and what a killed one left goes."""

import fcntl
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from responder.errors import ConfigurationError
from responder.keeping.placing import place_for, write_whole_file
from tests.conftest import no_more_on_disk

NOW = datetime(2026, 11, 30, 2, 15, 7, tzinfo=UTC)


def put(file: BinaryIO) -> None:
    file.write(b"\x1f\x8b whole")


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_there_with_all_of_it(tmp_path: Path) -> None:
    write_whole_file(tmp_path / "a.backup", put)
    assert (tmp_path / "a.backup").read_bytes() == b"\x1f\x8b whole"
    assert names_in(tmp_path) == {"a.backup"}


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.backup").write_bytes(b"\x1f\x8b older")

    def fail(file: BinaryIO) -> None:
        put(file)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_whole_file(tmp_path / "a.backup", fail)
    assert (tmp_path / "a.backup").read_bytes() == b"\x1f\x8b older"
    assert names_in(tmp_path) == {"a.backup"}


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def fill(file: BinaryIO) -> None:
        file.write(bytes(100_000))

    with no_more_on_disk(), pytest.raises(ConfigurationError, match="cannot be written"):
        write_whole_file(tmp_path / "a.backup", fill)
    assert names_in(tmp_path) == set()


def test_what_a_killed_backup_left_goes_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / ".of-yesterday.backup.partial").write_bytes(b"half")
    (tmp_path / ".mine.partial").write_bytes(b"another's")
    write_whole_file(tmp_path / "of-today.backup", put)
    assert names_in(tmp_path) == {"of-today.backup", ".mine.partial"}


def test_what_somebody_else_writes_stays(tmp_path: Path) -> None:
    theirs = tmp_path / ".theirs.backup.partial"
    with theirs.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_whole_file(tmp_path / "mine.backup", put)
        with pytest.raises(ConfigurationError, match="another one is being written there"):
            write_whole_file(tmp_path / "theirs.backup", put)
    assert names_in(tmp_path) == {"mine.backup", ".theirs.backup.partial"}


def test_in_a_folder_it_is_named_by_the_time(tmp_path: Path) -> None:
    assert place_for(tmp_path, NOW) == tmp_path / "responder-2026-11-30-021507.backup"


def test_only_a_backup_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.backup").write_bytes(b"\x1f\x8b older")
    (tmp_path / "rules.yaml").write_text("version: 1\n")
    assert place_for(tmp_path / "a.backup", NOW) == tmp_path / "a.backup"
    with pytest.raises(ConfigurationError, match="it is there and no backup, so it is not replaced"):
        place_for(tmp_path / "rules.yaml", NOW)
