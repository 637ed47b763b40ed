"""CSV as we write it: no cell is a formula to a spreadsheet, and what import reads is what was written."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from responder.cli.terminal.output import one_line

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"\+[0-9]+")  # begins with its plus, and is none


class CsvFile:
    """A file of rows with a header; on a terminal, nothing in a cell reaches it that it might obey."""

    def __init__(self, target: TextIO, columns: Sequence[str]) -> None:
        self._write = csv.writer(target, lineterminator="\n").writerow
        self._columns = columns
        self._is_terminal = target.isatty()
        self._write(columns)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a row; what it lacks is empty."""
        self._write([self._cell(row.get(name)) for name in self._columns])

    def add_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows."""
        for row in rows:
            self.add(row)

    def _cell(self, value: object) -> str:
        cell = guarded("" if value is None else str(value))
        return one_line(cell) if self._is_terminal else cell


def guarded(value: str) -> str:
    """A value as a cell that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("+393301234567"), guarded("it's")
    ("'=1+1", '+393301234567', "it's")
    """
    return f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value


def unguarded(cell: str) -> str:
    """What was written as a cell.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'tis")
    ('=1+1', "'=1+1", "'tis")
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
