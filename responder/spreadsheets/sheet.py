"""A sheet: the lines that are not blank, whatever kind of file they come from."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from responder.errors import ConfigurationError

LARGEST_FILE = 32 << 20  # bytes
MOST_LINES = 200_000
MOST_COLUMNS = 100
LONGEST_CELL = 10_000  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line as it stands in the file, with its number there."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The first line, which names the columns, those below, and what the reader of the file should be told."""

    header: Line
    lines: Sequence[Line]
    notes: Sequence[str] = field(default_factory=tuple)


def make_sheet(lines: Iterable[Line], file: str, notes: Sequence[str], beginning: str) -> Sheet:
    """The sheet of some lines. ConfigurationError if there are none or too many, or if one is larger than any is."""
    kept = list(_within_limits(lines, file))
    if not kept:
        raise ConfigurationError(f"{file}:1: the file is empty, begin it with the names of its columns: {beginning}")
    return Sheet(header=kept[0], lines=kept[1:], notes=notes)


def _within_limits(lines: Iterable[Line], file: str) -> Iterator[Line]:
    for count, line in enumerate(line for line in lines if any(cell.strip() for cell in line.cells)):
        if count > MOST_LINES:
            raise ConfigurationError(f"{file}: more than {MOST_LINES:,} lines, import it in parts")
        if len(line.cells) > MOST_COLUMNS:
            raise ConfigurationError(f"{file}:{line.number}: more than {MOST_COLUMNS} columns, leave some out")
        if any(len(cell) > LONGEST_CELL for cell in line.cells):
            raise ConfigurationError(f"{file}:{line.number}: a cell has more than {LONGEST_CELL:,} characters")
        yield line
