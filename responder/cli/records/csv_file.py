"""CSV as we read and write it: no cell is a formula, and an export reads back unchanged."""

import asyncio
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeVar

from responder.cli.terminal.output import one_line, progress, tracked
from responder.core.appointments.booking import tidy
from responder.core.rules.template import did_you_mean
from responder.errors import ConfigurationError

T = TypeVar("T")
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"\+[0-9]+")  # begins with a plus and is not a formula
MOST_MISTAKES = 100  # that are shown: a file with more has one reason for all of them


class CsvFile:
    """Rows below a header. On a terminal, no cell holds anything that the terminal would obey."""

    def __init__(self, target: TextIO, columns: Sequence[str]) -> None:
        self._write = csv.writer(target, lineterminator="\n").writerow
        self._columns = columns
        self._is_terminal = target.isatty()
        self._write(columns)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a row; a missing value is an empty cell."""
        self._write([self._cell(row.get(name)) for name in self._columns])

    def add_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows."""
        for row in rows:
            self.add(row)

    def _cell(self, value: object) -> str:
        cell = guarded("" if value is None else str(value))
        return one_line(cell) if self._is_terminal else cell


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


async def read_file(file: Path) -> bytes:
    """The bytes of a file; ConfigurationError if it cannot be read."""
    try:
        return await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror}), check its name") from None


def read_rows(
    data: bytes,
    file: str,
    read_row: Callable[[int, Mapping[str, str]], T | list[str]],
    *,
    columns: Sequence[str],
    required: Sequence[str],
    ignored: Sequence[str] = (),
) -> list[T]:
    """What ``read_row`` makes of each line; it gives the mistakes of a wrong one.

    ConfigurationError has all mistakes of the file.
    """
    lines = read_lines(data, file, columns)
    names = read_header(lines[0], file, (*columns, *ignored), required)
    found: list[T] = []
    mistakes: list[str] = []
    with progress("reading", data.count(b"\n")) as advance:
        for line, values in tracked(lines[1:], advance):
            read: T | list[str]
            if len(values) == len(names):
                read = read_row(line, {name: tidy(value) for name, value in zip(names, values, strict=True)})
            else:
                counts = f"{len(values)} values, the first line names {len(names)} columns"
                read = [f"{counts}: check the separators and quotes"]
            if isinstance(read, list):
                mistakes += [f"{file}:{line}: {text}" for text in read]
            else:
                found.append(read)
    _refuse(mistakes, file)
    return found


def read_lines(data: bytes, file: str, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The lines that are not blank, header first. Raises ConfigurationError if there are none."""
    lines = list(_lines(_decoded(data, file), file))
    if not lines:
        remedy = f"begin it with the names of its columns: {','.join(columns)}"
        raise ConfigurationError(f"{file}:1: the file is empty, {remedy}")
    return lines


def read_header(
    header: tuple[int, list[str]], file: str, columns: Sequence[str], required: Sequence[str]
) -> tuple[str, ...]:
    """The names of the columns in their order; ConfigurationError has all that is wrong with them."""
    line, values = header
    names = tuple(value.strip().lower() for value in values)
    wrong = [f"unknown column {name!r}{did_you_mean(name, columns)}" for name in names if name not in columns]
    wrong += [f"the column {name!r} is missing, add it" for name in required if name not in names]
    wrong += [f"the column {name!r} stands there twice, remove one" for name in columns if names.count(name) > 1]
    if wrong:
        raise ConfigurationError("\n".join(f"{file}:{line}: {text}" for text in wrong))
    return names


def _refuse(mistakes: Sequence[str], file: str) -> None:
    if mistakes:
        more = [f"{file}: and {len(mistakes) - MOST_MISTAKES} more"] if len(mistakes) > MOST_MISTAKES else []
        raise ConfigurationError("\n".join([*mistakes[:MOST_MISTAKES], *more, f"{file}: nothing was imported"]))


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{file}:{line}: the byte 0x{data[error.start]:02x} is not UTF-8, save the file as CSV in UTF-8"
        ) from None


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not blank, with their numbers; a value in quotes may span several."""
    header = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    line = 1
    try:
        for values in rows:
            if any(value.strip() for value in values):
                yield line, [unguarded(value) for value in values]
            line = rows.line_num + 1
    except csv.Error as error:
        raise ConfigurationError(
            f"{file}:{line}: cannot be read as CSV ({error}), check the quotes from here on"
        ) from None
