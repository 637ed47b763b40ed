"""CSV as we write it: no cell is a formula, and an export reads back unchanged."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from responder.cli.terminal.output import one_line
from responder.errors import ConfigurationError
from responder.processes.data_dir import open_private
from responder.spreadsheets.formulas import guarded

EXCEL_BEGINS = "\ufeff"  # by this Excel knows UTF-8, or else accents become two signs each
COMMA_COUNTRIES = frozenset({"AU", "CA", "GB", "IE", "IN", "MX", "NZ", "US"})  # where Excel separates by commas


def open_export(file: Path) -> TextIO:
    """A private file to export into. ConfigurationError with the remedy where it cannot be written."""
    try:
        return open_private(file)
    except OSError as error:
        remedy = "name a file in a folder that is there and that you may write to"
        raise ConfigurationError(f"{file}: cannot be written ({error.strerror}), {remedy}") from None


def for_excel(target: TextIO, country: str) -> str:
    """Begin a file that Excel opens by a double click, and give what separates its cells there."""
    target.write(EXCEL_BEGINS)
    return "," if country in COMMA_COUNTRIES else ";"


class CsvFile:
    """Rows below a header. On a terminal, no cell holds anything that the terminal would obey."""

    def __init__(self, target: TextIO, columns: Sequence[str], separator: str = ",") -> None:
        self._write = csv.writer(target, lineterminator="\n", delimiter=separator).writerow
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
