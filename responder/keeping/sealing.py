"""Encryption of backups, in the form of age: a key of each backup's own, which the passphrase opens.

All of it is the library's. It works on a stream, and refuses what was changed or cut.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import pyrage

from responder.keeping.manifest import NoBackup

WRONG = (
    "the passphrase is not the one that it was made with: give that one by RESPONDER_BACKUP_PASSPHRASE "
    "or --passphrase-file"
)
TOO_SLOW = (
    "this machine is too slow or too busy to open it: try again while it is idle, or restore on a faster one "
    "and copy the folder"
)
SPOILT = "it was changed or cut since it was made: take another copy of it, or an older backup"

Stream = Callable[[BinaryIO], None]


def new_key(passphrase: str) -> tuple[pyrage.x25519.Identity, bytes]:
    """A key for one backup, and the same as the passphrase opens it."""
    key = pyrage.x25519.Identity.generate()
    return key, pyrage.passphrase.encrypt(str(key).encode(), passphrase)


def opened_key(sealed: bytes, passphrase: str) -> pyrage.x25519.Identity:
    """The key of a backup. Raises NoBackup."""
    try:
        return pyrage.x25519.Identity.from_str(pyrage.passphrase.decrypt(sealed, passphrase).decode())
    except (pyrage.DecryptError, pyrage.IdentityError, ValueError) as error:
        raise NoBackup(why_not_opened(str(error))) from None


def why_not_opened(told: str) -> str:
    """The sentence for what the library told: a passphrase of a fast machine may be too much work for a slow one.

    >>> why_not_opened("Excessive work parameter for passphrase.").partition(":")[0]
    'this machine is too slow or too busy to open it'
    """
    return TOO_SLOW if "work" in told.lower() else WRONG


def seal(key: pyrage.x25519.Identity, produce: Stream, target: BinaryIO) -> None:
    """Write encrypted what ``produce`` writes. Raises OSError."""
    recipients = [key.to_public()]

    def encrypt(source: BinaryIO) -> None:
        try:
            pyrage.encrypt_io(source, target, recipients)
        except pyrage.EncryptError as error:  # which is what it makes of a target that refuses
            raise OSError(0, str(error)) from error

    _through_pipe(produce, encrypt)


def unseal(key: pyrage.x25519.Identity, source: BinaryIO, consume: Stream) -> None:
    """Let ``consume`` read the source decrypted. Raises NoBackup, also where it read all of it before."""

    def decrypt(target: BinaryIO) -> None:
        try:
            pyrage.decrypt_io(source, target, [key])
        except (pyrage.DecryptError, OSError):
            raise NoBackup(SPOILT) from None

    _through_pipe(decrypt, consume)


def _through_pipe(produce: Stream, consume: Stream) -> None:
    """Run both at once, one reading what the other writes; raises what went wrong first."""
    reading, writing = os.pipe()
    errors: list[BaseException] = []

    def write() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as target:
            _note_error(produce, target, errors)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as source:
        _note_error(consume, source, errors)
    thread.join()
    if errors:
        raise errors[0]


def _note_error(work: Stream, end: BinaryIO, errors: list[BaseException]) -> None:
    """Work at one end of the pipe; an error is noted before the other end can fail of it."""
    try:
        work(end)
    except BaseException as error:  # noqa: BLE001  (it is raised once both have ended)
        errors.append(error)
