"""A whole file: its sheet, its columns, and what each line says, with everything that is wrong."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from responder.core.rules.imports import FileForm
from responder.errors import ConfigurationError
from responder.spreadsheets.columns import Row, Wanted, read_columns
from responder.spreadsheets.delimited import read_delimited
from responder.spreadsheets.sheet import LARGEST_FILE, Line, Sheet, make_sheet
from responder.spreadsheets.workbook import is_workbook, read_workbook

T = TypeVar("T")
Follow = Callable[[Sequence[Line]], Iterable[Line]]
"""Gives the lines on, and may show how far their reader is."""
MOST_MISTAKES = 100  # that are shown: a file with more has one reason for all of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Became:
    """What a cell with a number or a time became; with a doubt where it may be another than was meant."""

    line: int
    column: str
    typed: str
    value: str
    doubt: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """A line that cannot be read, as it stands in the file, and why."""

    line: Line
    mistakes: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading(Generic[T]):
    """What a file says: the value of each line that can be read, and the lines that cannot."""

    file: str
    values: Sequence[T]
    lines: Sequence[int]
    """The number in the file of each value."""
    became: Sequence[Became] = field(default_factory=tuple)
    wrong: Sequence[Wrong] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)
    header: Sequence[str] = field(default_factory=tuple)

    def refuse_wrong_lines(self) -> None:
        """ConfigurationError with all mistakes, if there are any."""
        mistakes = [f"{self.file}:{wrong.line.number}: {text}" for wrong in self.wrong for text in wrong.mistakes]
        if mistakes:
            more = len(mistakes) - MOST_MISTAKES
            shown = [*mistakes[:MOST_MISTAKES], *([f"{self.file}: and {more} more"] if more > 0 else [])]
            raise ConfigurationError("\n".join([*shown, f"{self.file}: nothing was imported"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class RowValue(Generic[T]):
    """What a line says, and what its numbers and times became."""

    value: T
    became: Sequence[Became] = ()


async def read_bytes(file: Path) -> bytes:
    """The bytes of a file, one more than are read at most; ConfigurationError if it cannot be read."""
    try:
        return await asyncio.to_thread(_first_bytes, file)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror}), check its name") from None


def _first_bytes(file: Path) -> bytes:
    with file.open("rb") as source:
        return source.read(LARGEST_FILE + 1)


def read_sheet(data: bytes, file: str, columns: Sequence[str]) -> Sheet:
    """The lines that are not blank, header first. Raises ConfigurationError if there are none."""
    if len(data) > LARGEST_FILE:
        raise ConfigurationError(f"{file}: larger than {LARGEST_FILE >> 20} MB, import it in parts")
    lines, notes = (read_workbook if is_workbook(data) else read_delimited)(data, file)
    return make_sheet(lines, file, notes, ",".join(columns))


def read_rows(
    sheet: Sheet, file: str, read_row: Callable[[Row], RowValue[T] | list[str]], wanted: Wanted, form: FileForm,
    follow: Follow = iter,
) -> Reading[T]:  # fmt: skip
    """What ``read_row`` makes of each line; it gives the mistakes of a wrong one.

    ConfigurationError for what is wrong with the columns.
    """
    columns = read_columns(sheet, file, wanted, form)
    values: list[T] = []
    lines: list[int] = []
    became: list[Became] = []
    wrong: list[Wrong] = []
    for line in follow(sheet.lines):
        row = columns.row(line)
        read = [row] if isinstance(row, str) else read_row(row)
        if isinstance(read, list):
            wrong.append(Wrong(line=line, mistakes=read))
        else:
            values.append(read.value)
            lines.append(line.number)
            became += read.became
    notes = [*sheet.notes, *columns.notes]
    return Reading(
        file=file, values=values, lines=lines, became=became, wrong=wrong, notes=notes, header=sheet.header.cells
    )
