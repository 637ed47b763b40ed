"""The rules file: text that an operator wrote becomes rules, or mistakes with place and remedy. YAML is read here alone."""

from collections.abc import Mapping
from pathlib import Path

from responder.core.rules import Rules
from responder.errors import Mistake, RulesError
from responder.rulefile.file import read_rules
from responder.rulefile.folder import Folder, Kept, Unreadable, decoded
from responder.rulefile.nodes import LARGEST_FILE, Place, too_large
from responder.rulefile.packs import load_packs

__all__ = ["Kept", "load_packs", "load_rules", "read_rules"]


def load_rules(path: Path, environment: Mapping[str, str]) -> Rules:
    """The rules of a file on disk and of those that it includes; RulesError has all that is wrong with it, also that it is not there."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)  # no more than is needed to see that it is too large
    except OSError as error:
        remedy = f"cannot be read ({error.strerror}), set RESPONDER_RULES to the rules file"
        raise RulesError((Mistake(file=str(path), line=1, column=1, text=remedy),)) from error
    if len(data) > LARGEST_FILE:
        raise too_large(str(path))
    return read_rules(_text(data, path), str(path), environment, Folder(path.parent))


def _text(data: bytes, path: Path) -> str:
    try:
        return decoded(data)
    except Unreadable as error:
        place = error.place or Place(line=1, column=1)
        raise RulesError((Mistake(file=str(path), line=place.line, column=place.column, text=str(error)),)) from error
