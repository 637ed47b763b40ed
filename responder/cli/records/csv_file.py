"""Files of an office: CSV as we write it, and how a command tells what it read of one."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from responder.cli.terminal.output import aligned, one_line, progress, say, tracked
from responder.core.sms.times import counted
from responder.errors import ConfigurationError
from responder.processes.data_dir import open_private
from responder.spreadsheets.reading import Became, Reading
from responder.spreadsheets.records import WHY
from responder.spreadsheets.sheet import Line, guarded

EXCEL_BEGINS = "\ufeff"  # by this Excel knows UTF-8, or else accents become two signs each
COMMA_COUNTRIES = frozenset({"AU", "CA", "GB", "IE", "IN", "MX", "NZ", "US"})  # where Excel separates by commas
NOTHING_CHANGED = " (dry run, nothing was changed)"
MOST_DOUBTS = 100  # that are shown
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what every number and time becomes and what would happen, change nothing."),
]
SkipWrong = Annotated[
    bool, typer.Option("--skip-wrong", help="Import all but the wrong lines, which go to a file of their own.")
]


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
        for row in rows:
            self.add(row)

    def _cell(self, value: object) -> str:
        cell = guarded("" if value is None else str(value))
        return one_line(cell) if self._is_terminal else cell


def with_progress(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines of a file, and on a terminal a bar that shows how many of them are read."""
    with progress("reading", len(lines)) as advance:
        yield from tracked(lines, advance)


def tell_reading(reading: Reading[Any], *, dry_run: bool, skip_wrong: bool) -> None:
    """Print what the file says and what is doubtful; ConfigurationError for wrong lines that are not skipped."""
    for note in reading.notes:
        say(note, err=True)
    if dry_run:
        _print_table(reading.became)
    else:
        _print_doubts(reading)
    if not skip_wrong:
        reading.refuse_wrong_lines()
    elif reading.wrong:
        _tell_wrong(reading, dry_run=dry_run)


def _print_table(became: Sequence[Became]) -> None:
    titles = ("line", "column", "in the file", "becomes", "")
    rows = [[str(one.line), one.column, one.typed, one.value, one.doubt] for one in became]
    for line in aligned([titles, *([one_line(cell) for cell in row] for row in rows)]):
        say(line)
    say()


def _print_doubts(reading: Reading[Any]) -> None:
    doubts = [one for one in reading.became if one.doubt]
    for one in doubts[:MOST_DOUBTS]:
        place = f"{reading.file}:{one.line}: {one.column}"
        say(f"{place}: {one.typed!r} became {one.value}, and {one.doubt}", err=True)
    if len(doubts) > MOST_DOUBTS:
        say(f"{reading.file}: and {len(doubts) - MOST_DOUBTS} more may be wrong: see --dry-run", err=True)


def _tell_wrong(reading: Reading[Any], *, dry_run: bool) -> None:
    for wrong in reading.wrong:
        for mistake in wrong.mistakes:
            say(f"{reading.file}:{wrong.line.number}: {mistake}", err=True)
    skipped = f"{reading.file}: {counted(len(reading.wrong), 'wrong line')}"
    if dry_run:
        say(f"{skipped} would be left out", err=True)
    else:
        say(f"{skipped} left out, and kept in {_write_wrong(reading)}: mend that file, then import it", err=True)


def _write_wrong(reading: Reading[Any]) -> Path:
    """Write the wrong lines as they are, with what is wrong, into a file that did not exist; gives its name."""
    path = _new_name(Path(reading.file))
    with open_export(path) as target:
        target.write("\ufeff")  # by which spreadsheets know UTF-8
        writer = csv.writer(target, lineterminator="\n")
        kept = [place for place, title in enumerate(reading.header) if title.strip().lower() != WHY]
        writer.writerow([*(guarded(reading.header[place]) for place in kept), WHY])
        for wrong in reading.wrong:
            cells = [wrong.line.cells[place] if place < len(wrong.line.cells) else "" for place in kept]
            more = wrong.line.cells[len(reading.header) :]
            why = "; ".join([*wrong.mistakes, *([f"beyond the last column: {', '.join(more)}"] if any(more) else [])])
            writer.writerow([*map(guarded, cells), guarded(why)])
    return path


def _new_name(file: Path) -> Path:
    for number in count(1):
        path = file.with_name(f"{file.stem}-wrong{'' if number == 1 else f'-{number}'}.csv")
        if not path.exists():
            break
    return path
