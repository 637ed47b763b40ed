"""Where a backup goes, and writing it so that no half of one is ever taken for whole."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from responder.errors import ConfigurationError
from responder.keeping.archive import is_backup

ENDING = ".backup"
PARTIAL = ".partial"  # ends the name of a file on its way


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
    """The error for a place that the system refuses."""
    full = error.errno == errno.ENOSPC or "No space left" in str(error)
    reason = "the disk is full" if full else error.strerror or str(error)
    remedy = "make room, or name a place on another disk" if full else "name a place that this user may write"
    return ConfigurationError(f"{place}: cannot be written ({reason}), and nothing was: {remedy}")
