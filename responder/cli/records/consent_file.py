"""A file of consent events, with a signature beside it under the secret of the installation."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from responder.cli.records.csv_file import CsvFile
from responder.cli.terminal.output import aligned, one_line
from responder.core.operations.records import CONSENT, CONSENT_DETAILS
from responder.errors import ConfigurationError
from responder.processes.data_dir import open_private

KINDS = (".csv", ".jsonl")
SIGNED = b"consent-export:"  # begins what is signed, so that a signature means nothing else


def write_signed(file: Path, events: Sequence[Mapping[str, Any]], secret: bytes) -> Path:
    """Write the events as the file's name says, and give the name of the signature's file."""
    with open_private(file) as target:
        if file.suffix == ".csv":
            CsvFile(target, (*CONSENT, *CONSENT_DETAILS)).add_all(events)
        else:
            target.writelines(json.dumps(event) + "\n" for event in events)
    beside = _signature_of(file)
    with open_private(beside) as target:
        target.write(f"hmac-sha256 {_sign(file, secret)}\n")
    return beside


def check_signed(file: Path, secret: bytes) -> None:
    """Raise ConfigurationError unless the file is as it was written."""
    beside = _signature_of(file)
    try:
        signature, expected = beside.read_text(encoding="ascii").split()[-1], _sign(file, secret)
    except (OSError, UnicodeError, IndexError):
        raise ConfigurationError(f"{file}: it or {beside.name} cannot be read, export both again") from None
    if not hmac.compare_digest(signature, expected):
        raise ConfigurationError(
            f"{file}: does not fit {beside.name}: it was changed, or comes from another installation"
        )


def _sign(file: Path, secret: bytes) -> str:
    return hmac.digest(secret, SIGNED + file.read_bytes(), hashlib.sha256).hex()


def _signature_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.sig")


FIELDS: Mapping[str, Sequence[str]] = {
    "lists": ("list", "status", "since", "language"),
    "standing": ("list", "status", "since"),
    "appointments": ("id", "starts_at", "status", "name", "service", "location"),
    "messages": ("received_at", "status", "rule", "text"),
    "deliveries": ("kind", "to", "status", "text", "last_error"),
}
"""What is told of each kind of record, in this order."""


def _told(record: Mapping[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _told(value)
        elif value is not None:
            yield f"{name} {one_line(str(value))}"


def lines_of(kind: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The records of a kind, a line each, their values below each other; of a kind without an order of its own all that they hold.

    >>> lines_of("lists", [{"list": "news", "status": "subscribed", "since": "2026-11-23T12:00:00Z", "language": None}])
    ['news  subscribed  2026-11-23T12:00:00Z']
    """
    if kind not in FIELDS:
        return [", ".join(_told(record)) for record in records]
    rows = [[one_line(str(record[name] or "")) for name in FIELDS[kind]] for record in records]
    return list(aligned(rows)) if rows else []
