"""The data directory of an installation: its lock, its private files, and a place for its socket."""

import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import IO, TextIO

from responder.errors import ConfigurationError

LONGEST_SOCKET = 99  # bytes; systems end the address of a unix socket at 103 or 107
SOCKET = "server.sock"
UNFINISHED = "restoring"  # the folder in which a backup is unpacked, beside the database that it becomes


def make(data_dir: Path) -> None:
    """Make the directory where it is missing; ConfigurationError says why that cannot be."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(data_dir, error) from error


def take(data_dir: Path) -> IO[str]:
    """An exclusive lock on the directory; it ends when closed, or with the process."""
    make(data_dir)
    try:
        sign = (data_dir / "run.lock").open("a+")
    except OSError as error:
        raise unusable(data_dir, error) from error
    try:
        fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        with sign:
            sign.seek(0)
            raise (
                _taken(data_dir, sign.read()) if isinstance(error, BlockingIOError) else unusable(data_dir, error)
            ) from None
    sign.truncate(0)
    sign.write(str(os.getpid()))
    sign.flush()
    return sign


def require_restored(database: Path) -> None:
    """Raise ConfigurationError if a restore of this database has begun and not come to its end."""
    folder = database.parent / UNFINISHED
    if folder.exists():
        raise ConfigurationError(
            f"{folder}: a restore has not come to its end: wait for it, or if it was stopped, "
            "run 'responder restore' with the same file again"
        )


def keep_private() -> None:
    """Make new files private to this user: they hold texts, numbers and the installation's secret."""
    os.umask(0o077)


def open_private(file: Path) -> TextIO:
    """A file to write in UTF-8, private to this user even if it existed before."""
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    if stat.S_ISREG(os.fstat(number).st_mode):
        os.fchmod(number, 0o600)
    return os.fdopen(number, "w", encoding="utf-8", newline="")


def readable_by_others(file: Path) -> bool:
    """Whether others can read a file and enter the folders above it; False if it is missing."""
    try:
        mode, *above = (place.stat().st_mode for place in (file, *file.absolute().parents))
    except OSError:
        return False
    by_group, by_all = (all(folder & enter for folder in above) for enter in (stat.S_IXGRP, stat.S_IXOTH))
    return bool((mode & stat.S_IRGRP and by_group) or (mode & stat.S_IROTH and by_all))


def _taken(data_dir: Path, owner: str) -> ConfigurationError:
    return ConfigurationError(
        f"{data_dir}: another responder runs there (process {owner}),"
        " stop it or set RESPONDER_DATA_DIR to another directory"
    )


def unusable(data_dir: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{data_dir}: cannot be used ({error.strerror}), set RESPONDER_DATA_DIR to a directory that this user may write"
    )


def private(folder: Path) -> Path:
    """The folder, created if missing, for this user alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return folder


def socket_in(folder: Path) -> Path:
    """The socket of a folder's server, by the folder's link if it has one."""
    named = folder.absolute() / SOCKET
    return named.readlink() if named.is_symlink() else named


def place_socket(folder: Path) -> Path:
    """A socket in the folder.

    If that path is too long for a socket, the folder gets a link to one in a private place.
    """
    named = folder.absolute() / SOCKET
    if len(os.fsencode(named)) <= LONGEST_SOCKET:
        return named
    if not (named.is_symlink() and _is_private(named.readlink().parent)):
        named.unlink(missing_ok=True)
        named.symlink_to(_short_place() / SOCKET)
    return named.readlink()


def remove_socket(folder: Path) -> None:
    """Remove what ``place_socket`` and the server made."""
    named, socket = folder.absolute() / SOCKET, socket_in(folder)
    socket.unlink(missing_ok=True)
    if socket != named:
        named.unlink()
        socket.parent.rmdir()


def _short_place() -> Path:
    system = tempfile.gettempdir()
    is_short = len(os.fsencode(system)) < LONGEST_SOCKET // 2
    place = system if is_short else "/tmp"  # noqa: S108  (mkdtemp makes it safe)
    return Path(tempfile.mkdtemp(prefix="responder-", dir=place))


def _is_private(place: Path) -> bool:
    """Whether nobody else can have put anything there since we made it."""
    try:
        status = place.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == stat.S_IRWXU
    )
