"""A file of consent events, with a signature beside it under the secret of the installation."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from responder.cli.records.csv_file import CsvFile
from responder.core.operations.records import CONSENT, CONSENT_DETAILS
from responder.errors import ConfigurationError
from responder.processes.data_dir import open_private

KINDS = (".csv", ".jsonl")
SIGNED = b"consent-export:"  # begins what is signed, so that the signature cannot serve for anything else


def write_signed(file: Path, events: Sequence[Mapping[str, Any]], secret: bytes) -> Path:
    """Write the events in the format that the file's name asks for; the name of the file with the signature."""
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
