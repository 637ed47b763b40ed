"""Writing files of rules: each is there as a whole at any time, and one process writes at a time."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from responder.rulefile.reading.folder import BEGINNING


@contextlib.contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Wait until no other process writes the rules beside this file, and let none until the end. Raises OSError."""
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        remove_left_over(path)
        yield
    finally:
        os.close(folder)


def clear_left_over(path: Path) -> None:
    """Remove what a writer left beside the rules who was killed, unless somebody writes now. Never raises."""
    with contextlib.suppress(OSError):
        folder = os.open(path.resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_left_over(path)
        finally:
            os.close(folder)


def remove_left_over(path: Path) -> None:
    """Remove files on their way beside a file: whoever has the lock knows that nobody writes them any more."""
    for one in path.resolve().parent.glob(f"{BEGINNING}*"):
        with contextlib.suppress(OSError):
            one.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Put content in the place of a file, on disk when it returns; links are followed, owner and mode kept.

    Raises OSError.
    """
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=BEGINNING, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _keep_owner(file.fileno(), target)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep_owner(handle: int, target: Path) -> None:
    if not target.exists():
        os.fchmod(handle, 0o644)
        return
    state = target.stat()
    os.fchmod(handle, state.st_mode & 0o7777)
    with contextlib.suppress(PermissionError):
        os.fchown(handle, state.st_uid, state.st_gid)
