"""A whole file: its lines where they are separated by commas and the like, its columns, and all that is wrong."""

import asyncio
import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from responder.core.rules.appointments import FileForm
from responder.errors import ConfigurationError
from responder.spreadsheets.sheet import LARGEST_FILE, Line, Row, Sheet, Wanted, cell_value, make_sheet, read_columns
from responder.spreadsheets.workbook import is_workbook, read_workbook

SEPARATORS = ",;\t"
EXCEL_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)  # how a file tells Excel what separates its cells
WINDOWS = "it is read as Windows-1252: look whether the accents of its names are right, or save it as CSV in UTF-8"
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
T = TypeVar("T")
Follow = Callable[[Sequence[Line]], Iterable[Line]]
"""Gives the lines on, and may show how far their reader is."""
MOST_MISTAKES = 100  # that are shown: a file with more has one reason for all of them


def read_delimited(data: bytes, file: str) -> tuple[Iterator[Line], list[str]]:
    """The lines of a CSV file, and what its reader should be told of it. ConfigurationError if it is none."""
    text, notes = _decoded(data, file)
    if "\0" in text:
        place = text.count("\n", 0, text.index("\0")) + 1
        raise ConfigurationError(f"{file}:{place}: this is no text: save the file as CSV, .xlsx or .ods")
    return _lines(text, file), notes


def _decoded(data: bytes, file: str) -> tuple[str, list[str]]:
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), _unmarked(data))
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            return _windows(data, file)
        place = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}:{place}: cannot be read as {encoding}, save it as CSV in UTF-8") from None


def _unmarked(data: bytes) -> str:
    if data[1:4:2] == b"\0\0":
        return "utf-16-le"
    return "utf-16-be" if data[:4:2] == b"\0\0" else "utf-8"


def _windows(data: bytes, file: str) -> tuple[str, list[str]]:
    try:
        return data.decode("cp1252"), [f"{file} is not UTF-8: {WINDOWS}"]
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{data[error.start]:02x} is neither UTF-8 nor Windows-1252"
        raise ConfigurationError(f"{file}:{place}: {found}, save the file as CSV in UTF-8") from None


def _lines(text: str, file: str) -> Iterator[Line]:
    """The lines with their numbers; a value in quotes may span several."""
    excel = EXCEL_LINE.match(text)
    rest = text[excel.end() :] if excel else text
    header = rest.partition("\n")[0]
    separator = excel[1] if excel else max(SEPARATORS, key=header.count)
    rows = csv.reader(io.StringIO(rest, newline=""), delimiter=separator, strict=True)
    before = 1 if excel else 0
    number = 1 + before
    try:
        for values in rows:
            yield Line(number=number, cells=[cell_value(value) for value in values])
            number = rows.line_num + 1 + before
    except csv.Error as error:
        raise ConfigurationError(
            f"{file}:{number}: cannot be read as CSV ({error}), check the quotes from here on"
        ) from None


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
