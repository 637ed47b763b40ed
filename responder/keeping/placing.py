"""Where a backup and what was restored go: whole or not at all, over nothing that is there."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from responder.errors import ConfigurationError
from responder.keeping.archive import is_backup, part_of
from responder.keeping.envelope import DATABASE, RULES, SECRET, Manifest

ENDING = ".backup"
PARTIAL = ".partial"  # ends the name of a file on its way
JOURNAL = "placed.json"  # in it: the files that are on their way into their places, with their hashes
FINISHED = "restored"  # what the folder is called, at once, when all are there: then nothing is taken back
BESIDE = ".restored"  # ends the name of a file where another one is there already
FILES_OF_SQLITE = ("", "-wal", "-shm")


def place_for(target: Path, now: datetime) -> Path:
    """The file to write: in a folder one named by the time. Raises ConfigurationError."""
    if target.is_dir():
        return target / f"responder-{now:%Y-%m-%d-%H%M%S}{ENDING}"
    try:
        if target.exists() and not is_backup(target):
            raise ConfigurationError(f"{target}: it is there and no backup, so it is not replaced: name another file")
        if not target.parent.is_dir():
            raise ConfigurationError(f"{target.parent}: there is no such folder: make it, or name another place")
    except OSError as error:
        raise unwritable(target, error) from error
    return target


def write_whole_file(place: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file whole or not at all: under another name, to the disk, and then in its place."""
    partial = place.with_name(f".{place.name}{PARTIAL}")
    try:
        _remove_left_over(place.parent)
        with _own(partial) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            partial.replace(place)
        sync_folder(place.parent)
    except OSError as error:
        raise unwritable(place, error) from error


def _remove_left_over(folder: Path) -> None:
    """Remove what killed backups left in a folder; nothing that somebody still writes."""
    for left in folder.glob(f".*{ENDING}{PARTIAL}"):
        with contextlib.suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


@contextmanager
def _own(partial: Path) -> Iterator[BinaryIO]:
    """The file on its way, for one writer at a time; what a killed one left of it is gone."""
    handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"{partial}: another one is being written there: wait for its end") from None
        os.fchmod(file.fileno(), 0o600)
        file.truncate(0)
        try:
            yield file
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def sync_folder(folder: Path) -> None:
    """See that what was renamed in a folder stays so after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse it
            os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(place: Path, error: OSError) -> ConfigurationError:
    full = error.errno == errno.ENOSPC or "No space left" in str(error)
    reason = "the disk is full" if full else error.strerror or str(error)
    remedy = "make room, or name a place on another disk" if full else "name a place that this user may write"
    return ConfigurationError(f"{place}: cannot be written ({reason}), and nothing was: {remedy}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where an installation is restored to, and the secret that is set there."""

    rules: Path
    database: Path
    secret: str | None = field(default=None, repr=False)

    def require_free(self) -> None:
        """Raise ConfigurationError, with the remedy, where there is a database already."""
        for file in (self.database.with_name(self.database.name + end) for end in FILES_OF_SQLITE):
            if os.path.lexists(file):
                raise ConfigurationError(
                    f"{file}: there is a database already, and it is not replaced: move it away, "
                    "or restore into another folder with --into FOLDER"
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A file that goes from where it was unpacked to its place."""

    source: Path
    target: Path


def put_in_place(folder: Path, manifest: Manifest, places: Places) -> tuple[tuple[Path, ...], Path | None]:
    """Move all files to their places, the database last.

    Gives the files that lie beside other ones, and the file of the secret if one is needed. Raises OSError.
    """
    moves = list(_moves(folder, manifest, places))
    if there := [str(move.target) for move in moves if os.path.lexists(move.target)]:
        raise ConfigurationError(f"{', '.join(there)}: there already, and nothing is overwritten: move that away")
    _write_journal(folder, moves)
    for move in moves:
        move.target.parent.mkdir(parents=True, exist_ok=True)
        if move.source.parent.parent == move.target.parent:  # the same disk
            move.source.rename(move.target)
        else:
            _copy(move)
    for above in {move.target.parent for move in moves}:
        sync_folder(above)
    folder.rename(folder.with_name(FINISHED))
    sync_folder(folder.parent)
    targets = [move.target for move in moves]
    secret = next((target for target in targets if target.name == SECRET), None)
    return tuple(target for target in targets if target.name.endswith(BESIDE)), secret


def take_back(folder: Path) -> None:
    """Remove an unfinished restore, with the files that it had put in place and nobody changed since.

    Of a finished one only the folder goes.
    """
    journal = folder / JOURNAL
    if journal.exists():
        for name, digest in json.loads(journal.read_text("utf-8")).items():
            if digest in {"", _digest(Path(name))}:
                Path(name).unlink(missing_ok=True)
    for left in (folder, folder.with_name(FINISHED)):
        shutil.rmtree(left, ignore_errors=True)


def _moves(folder: Path, manifest: Manifest, places: Places) -> Iterator[Move]:
    for part in manifest.parts:
        if part.name.startswith(RULES):
            inside = part.name.removeprefix(RULES)
            target = places.rules if part.name == manifest.rules else places.rules.parent / inside
            yield from _beside(folder / part.name, target)
        elif part.name == SECRET and places.secret is None:
            yield Move(source=folder / SECRET, target=places.database.parent / SECRET)
    yield Move(source=folder / DATABASE, target=places.database)


def _beside(source: Path, target: Path) -> Iterator[Move]:
    """The place of a file of rules: none if the same is there, and beside it if another one is."""
    if not target.exists():
        yield Move(source=source, target=target)
    elif target.read_bytes() != source.read_bytes():
        yield Move(source=source, target=target.with_name(target.name + BESIDE))


def _write_journal(folder: Path, moves: Sequence[Move]) -> None:
    """Note what goes where; a database is noted without its hash, since none starts on it before all is in place."""
    placed = {
        str(move.target.absolute()): "" if move.source.name == DATABASE else _digest(move.source) for move in moves
    }
    write_whole_file(folder / JOURNAL, partial(_put, content=json.dumps(placed).encode()))


def _digest(file: Path) -> str | None:
    return part_of(file.name, file).sha256 if file.is_file() else None


def _copy(move: Move) -> None:
    content = move.source.read_bytes()
    write_whole_file(move.target, partial(_put, content=content))


def _put(file: BinaryIO, content: bytes) -> None:
    file.write(content)
