"""What a backup says of itself: what made it, when, and what it holds."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from responder.errors import ConfigurationError

FORMAT = 1  # of the file: a program reads this and older ones
MANIFEST, DATABASE, SECRET, RULES = "manifest.json", "responder.db", "secret", "rules/"
LONGEST_NAME = 400  # characters
MOST_PARTS = 3000
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


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
        """The manifest as it stands in the file."""
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
