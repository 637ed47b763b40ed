"""The texts of the rules: which files they stand in, and how they become rules."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from responder.core.rules import Rules
from responder.core.versions import Source
from responder.errors import Mistake, RulesError
from responder.rulefile.file import read_rules
from responder.rulefile.nodes import LARGEST_FILE, place_of, too_large


def rule_files(path: Path) -> tuple[Path, ...]:
    """The files that the rules are read from, the main one first, as far as they can be told; never raises."""
    return (path,)


def read_sources(path: Path) -> tuple[Source, ...]:
    """The texts of the rules on disk, the main one first. Raises RulesError if one cannot be read."""
    return tuple(Source(file=str(file), text=_read(file)) for file in rule_files(path))


def rules_from(sources: Sequence[Source], environment: Mapping[str, str]) -> Rules:
    """The rules in their texts; RulesError has all that is wrong with them."""
    return read_rules(sources[0].text, sources[0].file, environment)


def load_rules(path: Path, environment: Mapping[str, str]) -> Rules:
    """The rules of a file on disk; RulesError has all that is wrong with it, also that it is not there."""
    return rules_from(read_sources(path), environment)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)  # no more than is needed to see that it is too large
    except OSError as error:
        remedy = f"cannot be read ({error.strerror}), set RESPONDER_RULES to the rules file"
        raise RulesError((Mistake(file=str(path), line=1, column=1, text=remedy),)) from error
    if len(data) > LARGEST_FILE:
        raise too_large(str(path))
    return _decoded(data, path)


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        place = place_of(before, len(before))
        text = f"the byte 0x{data[error.start]:02x} is not UTF-8, save the file as UTF-8"
        raise RulesError((Mistake(file=str(path), line=place.line, column=place.column, text=text),)) from error
