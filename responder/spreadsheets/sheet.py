"""A sheet, whatever kind of file it comes from: lines that are not blank, cells that are no formula, its columns."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from responder.core.appointments.booking import tidy
from responder.core.rules.appointments import DATE, TIME, FileForm
from responder.core.rules.template import did_you_mean
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The columns that a kind of file may have, those that it needs, and others that are left out in silence."""

    columns: Sequence[str]
    required: Sequence[str]
    ignored: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The cells of a line by our names for their columns."""

    line: int
    cells: Mapping[str, str]
    titles: Mapping[str, str]

    def get(self, column: str) -> str:
        """What stands in a column; empty where the file has no such column."""
        return self.cells.get(column, "")

    def title(self, column: str) -> str:
        return self.titles.get(column, column)

    def has(self, column: str) -> bool:
        return column in self.titles


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The columns of one file, from the left; None for one that is not read."""

    places: Sequence[str | None]
    titles: Mapping[str, str]
    fixed: Mapping[str, str]
    notes: Sequence[str] = ()

    def row(self, line: Line) -> Row | str:
        """The cells of a line, or what is wrong with their number."""
        cells = [tidy(cell) for cell in line.cells]
        while len(cells) > len(self.places) and not cells[-1]:
            cells.pop()
        if len(cells) != len(self.places):
            counts = f"{len(cells)} values, the first line names {len(self.places)} columns"
            return f"{counts}: check the separators and quotes"
        named = {name: cell for name, cell in zip(self.places, cells, strict=True) if name}
        return Row(line=line.number, cells={**self.fixed, **named}, titles=self.titles)


def read_columns(sheet: Sheet, file: str, wanted: Wanted, form: FileForm) -> Columns:
    """The columns that the first line names; ConfigurationError has all that is wrong with them."""
    typed = [tidy(cell) for cell in sheet.header.cells]
    ours = {name.casefold(): name for name in (*wanted.columns, *wanted.ignored)}
    theirs = {title.casefold(): column for title, column in form.columns.items()}
    places = [theirs.get(title.casefold()) or ours.get(title.casefold()) for title in typed]
    empty = [place for place, title in enumerate(typed) if not title]
    unknown = [title for title, name in zip(typed, places, strict=True) if title and name is None]
    wrong = [*_wrong(places, typed, wanted, form)]
    if not form.columns:
        wrong = [*(f"unknown column {title!r}{_remedy(title, wanted, sheet)}" for title in unknown), *wrong]
    wrong += _values_without_a_name(sheet, empty)
    if wrong:
        raise ConfigurationError("\n".join(f"{file}:{sheet.header.number}: {text}" for text in wrong))
    titles = {name: title for name, title in zip(places, typed, strict=True) if name}
    fixed = {name: value for name, value in form.fixed.items() if name not in titles}
    left_out = f"{file}: columns that are not read, since 'imports' does not name them: {', '.join(unknown)}"
    return Columns(places=places, titles=titles, fixed=fixed, notes=[left_out] if unknown else [])


def _wrong(places: Sequence[str | None], typed: Sequence[str], wanted: Wanted, form: FileForm) -> list[str]:
    there = {name for name in places if name} | form.fixed.keys()
    if {DATE, TIME} <= there:
        there.add("starts_at")
    called = {column: title for title, column in form.columns.items()}
    missing = [name for name in wanted.required if name not in there]
    wrong = [f"the column {called.get(name, name)!r} is missing, add it" for name in missing]
    wrong += [f"the column {name!r} stands there alone, add {other!r}" for name, other in ((DATE, TIME), (TIME, DATE))
              if name in there and other not in there and "starts_at" not in there]  # fmt: skip
    twice = sorted({name for name in places if name and places.count(name) > 1}, key=places.index)
    for name in twice:
        titles = list(dict.fromkeys(title for title, place in zip(typed, places, strict=True) if place == name))
        both = f"the columns {' and '.join(map(repr, titles))} are both {name!r}, remove one"
        wrong.append(both if len(titles) > 1 else f"the column {titles[0].lower()!r} stands there twice, remove one")
    return wrong


def _remedy(title: str, wanted: Wanted, sheet: Sheet) -> str:
    if "|" in title and len(sheet.header.cells) == 1:
        return ": separate the columns by commas, semicolons or tabs"
    likely = did_you_mean(title, wanted.columns)
    return likely if likely.endswith("?") else ": leave it out, or say under 'imports' what it is"


def _values_without_a_name(sheet: Sheet, empty: Sequence[int]) -> list[str]:
    """What is told of a column without a name; one that is empty all the way down was never meant."""
    for line in sheet.lines if empty else ():
        for place in empty:
            if place < len(line.cells) and line.cells[place].strip():
                return [f"column {place + 1} has no name, and values from line {line.number} on: name it"]
    return []
