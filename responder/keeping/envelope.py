"""The envelope of a backup: what it says of itself, and its encryption in the form of age."""

import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pyrage

from responder.errors import ConfigurationError

FORMAT = 1  # of the file: a program reads this and older ones
MANIFEST, DATABASE, SECRET, RULES = "manifest.json", "responder.db", "secret", "rules/"
LONGEST_NAME = 400  # characters
MOST_PARTS = 3000
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
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


class NoBackup(ConfigurationError):
    """A file that cannot be restored from, in a sentence with the remedy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A file in a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """The contents of a backup: its parts, and figures by which a restored database is told to be whole."""

    made_by: str
    made_at: datetime
    schema: str
    counts: Mapping[str, int]
    ledger_hash: str
    rules: str
    parts: Sequence[Part]

    def written(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}, indent=1).encode()


def read_manifest(written: bytes) -> Manifest:
    """The manifest that stands in a file. Raises NoBackup."""
    try:
        fields = json.loads(written)
        found = fields["format"]
        if found > FORMAT:
            made_by = str(fields.get("made_by", "a newer version"))[:LONGEST_NAME]
            raise NoBackup(
                f"it was made by {made_by} in a newer form ({found}, this program reads {FORMAT}): "
                "restore it with that version of responder, or a newer one"
            )
        return _manifest(fields)
    except (ValueError, KeyError, TypeError) as error:
        raise NoBackup(f"it is no backup of responder: its manifest cannot be read ({type(error).__name__})") from None


def _manifest(fields: Mapping[str, Any]) -> Manifest:
    parts = [
        Part(name=_name(part["name"]), size=_size(part["size"]), sha256=_digest(part["sha256"]))
        for part in fields["parts"]
    ]
    names = [part.name for part in parts]
    if len(set(names)) != len(names) or len(names) > MOST_PARTS or DATABASE not in names:
        raise ValueError("parts")
    return Manifest(
        made_by=str(fields["made_by"])[:LONGEST_NAME],
        made_at=datetime.fromisoformat(fields["made_at"]).astimezone(UTC),
        schema=str(fields["schema"])[:LONGEST_NAME],
        counts={str(name): int(count) for name, count in fields["counts"].items()},
        ledger_hash=str(fields["ledger_hash"]),
        rules=_name(fields["rules"]) if fields["rules"] else "",
        parts=parts,
    )


def _name(name: str) -> str:
    """A name that stays inside the folder that it is unpacked into."""
    path = PurePosixPath(name)
    is_plain = len(name) <= LONGEST_NAME and name.isprintable() and "\\" not in name and str(path) == name
    if not is_plain or path.is_absolute() or ".." in path.parts:
        raise ValueError("name")
    return name


def _size(size: int) -> int:
    if not isinstance(size, int) or size < 0:
        raise ValueError("size")
    return size


def _digest(digest: str) -> str:
    if not _DIGEST.match(digest):
        raise ValueError("digest")
    return digest


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
