"""A sheet, whatever kind of file it comes from: its lines that are not blank, and cells that are no formula."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from responder.errors import ConfigurationError

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"\+[0-9]+")  # begins with a plus and is not a formula
AS_TEXT = re.compile(r'="([^"]*)"')  # what people type so that a spreadsheet leaves a number alone
LARGEST_FILE = 32 << 20  # bytes
MOST_LINES = 200_000
MOST_COLUMNS = 100
LONGEST_CELL = 10_000  # characters


def guarded(value: str) -> str:
    """The cell for a value, which no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("+393301234567"), guarded("it's")
    ("'=1+1", '+393301234567', "it's")
    """
    return f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value


def unguarded(cell: str) -> str:
    """The value that was written as this cell.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'tis")
    ('=1+1', "'=1+1", "'tis")
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def cell_value(cell: str) -> str:
    """The value of a cell of text, of ours or of somebody's who made it text.

    >>> cell_value('="0012"'), cell_value("'=1+1")
    ('0012', '=1+1')
    """
    found = AS_TEXT.fullmatch(cell)
    return found[1] if found else unguarded(cell)


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
