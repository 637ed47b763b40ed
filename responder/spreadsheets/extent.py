"""How far the cells of a workbook reach, and what its reader should be told of: errors, merged and hidden ones."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from xml.sax.saxutils import unescape

MOST_NAMED = 5  # cells of a kind
QUOTES = {"&quot;": '"', "&apos;": "'"}
_SHEET = re.compile(r"<(?:\w+:)?sheet\s([^>]*)>")
_RELATED = re.compile(r"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
ERROR_TEXT = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|N/D|RIF!|VALORE!|NOME\?)|Err:[0-9]{3}")
_XLSX_PART = re.compile(
    rb"<(?:\w+:)?(?:(row|col|c|mergeCell)(?=[\s/>])([^<>]*)|(f)(?=[\s/>])[^<>]*>(?:[^<]*</(?:\w+:)?f\s*>)?\s*"
    rb"(<(?:\w+:)?v\s*/>\s*|<(?:\w+:)?v\s*>\s*</(?:\w+:)?v\s*>\s*)?</(?:\w+:)?c\s*)>"
)
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,9})([0-9]{1,9})["']""")
_ROW = re.compile(rb"""\br\s*=\s*["']([0-9]{1,9})["']""")
_KIND = re.compile(rb"""\bt\s*=\s*["'](\w+)["']""")
_HIDDEN = re.compile(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_REF = re.compile(rb"""\bref\s*=\s*["']([A-Za-z0-9:]{1,40})["']""")
_FIRST_AND_LAST = re.compile(rb"""\b(min|max)\s*=\s*["']([0-9]{1,9})["']""")
_ODS_PART = re.compile(rb"<(/?)table:(table-row|table-column|table-cell|covered-table-cell|table)(?=[\s/>])([^<>]*)>")
_REPEATED = re.compile(rb"""\bnumber-(?:rows|columns)-repeated\s*=\s*["']([0-9]{1,9})["']""")
_NAME = re.compile(rb"""\btable:name\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_UNSEEN = re.compile(rb"""\btable:visibility\s*=\s*["'](?:collapse|filter)["']""")
_SPANS = re.compile(rb"""\bnumber-(?:rows|columns)-spanned\s*=\s*["'](?:[2-9]|[1-9][0-9]+)["']""")
_VALUE, _FORMULA, _BOOLEAN = b"office:value-type", b"table:formula", b'office:value-type="boolean"'
_ERROR = b'calcext:value-type="error"'


class Odd(StrEnum):
    """What is odd about cells, as it is told."""

    ERROR = "cells with an error such as #N/A are read as empty"
    UNCALCULATED = (
        "cells with a formula that was never calculated are read as empty, open the file in a spreadsheet and save it"
    )
    BOOLEAN = "cells that are true or false are read as TRUE and FALSE"
    MERGED = "merged cells are read as empty but for the first"
    HIDDEN_LINE = "hidden lines are read as well"
    HIDDEN_COLUMN = "hidden columns are read as well"


class Oddities:
    """The odd cells of one sheet, of each kind as many as are told and one more."""

    def __init__(self) -> None:
        self._cells: dict[Odd, list[str]] = {}

    def note(self, odd: Odd, cell: str) -> None:
        cells = self._cells.setdefault(odd, [])
        if len(cells) <= MOST_NAMED and cell not in cells:
            cells.append(cell)

    def told(self, file: str, sheet: str) -> Iterator[str]:
        """What is told of the sheet, one sentence for each kind."""
        for odd, cells in sorted(self._cells.items(), key=lambda one: list(Odd).index(one[0])):
            named = ", ".join(cells[:MOST_NAMED]) + (", …" if len(cells) > MOST_NAMED else "")
            yield f"{file}: sheet {sheet!r}: {odd}: {named}"


def note_error_texts(rows: Sequence[Sequence[object]], oddities: Oddities) -> list[list[object]]:
    """The rows of a sheet without the words that spreadsheets write for an error."""
    kept = [list(row) for row in rows]
    for line, row in enumerate(kept, 1):
        for place, cell in enumerate(row):
            if isinstance(cell, str) and cell[:1] in "#E" and ERROR_TEXT.fullmatch(cell):
                oddities.note(Odd.ERROR, cell_name(line, place + 1))
                row[place] = ""
    return kept


def cell_name(line: int, column: int) -> str:
    """A cell as a spreadsheet names it.

    >>> cell_name(2, 1), cell_name(10, 28)
    ('A2', 'AB10')
    """
    return f"{column_name(column)}{line}"


def column_name(column: int) -> str:
    letters = ""
    while column > 0:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def sheets_of_parts(workbook: str, relations: str) -> Mapping[str, str]:
    """The names of the sheets of Excel, by the parts of the file that hold them."""
    parts = {found.get("Id", ""): found.get("Target", "") for found in map(_attributes, _RELATED.findall(relations))}
    names = {}
    for found in map(_attributes, _SHEET.findall(workbook)):
        target = parts.get(next((value for name, value in found.items() if name.endswith(":id")), ""), "")
        names[target.removeprefix("/xl/").removeprefix("/")] = unescape(found.get("name", ""), QUOTES)
    return names


def _attributes(typed: str) -> Mapping[str, str]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(typed)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The last line and the last column with anything in it, and the odd cells, by the names of the sheets."""

    lines: int
    columns: int
    odd: Mapping[str, Oddities] = field(default_factory=dict)


def extent_of_xlsx(xml: bytes, sheet: str) -> Extent:
    """How far the cells of one sheet of Excel reach."""
    lines = columns = row = column = 0
    kind, is_hidden, odd = b"", False, Oddities()
    for part, attributes, formula, empty in _XLSX_PART.findall(xml):
        if formula:
            if not (empty and kind == b"str"):  # whose value is an empty text
                odd.note(Odd.UNCALCULATED, cell_name(row, column))
        elif part == b"row":
            numbered = _ROW.search(attributes)
            row, column = int(numbered[1]) if numbered else row + 1, 0
            is_hidden = _HIDDEN.search(attributes) is not None
        elif part == b"c":
            cell, typed = _CELL.search(attributes), _KIND.search(attributes)
            row, column = (int(cell[2]), _column_number(cell[1])) if cell else (row, column + 1)
            kind = typed[1] if typed else b""
            if not attributes.endswith(b"/"):
                lines, columns = max(lines, row), max(columns, column)
                _note_cell(odd, kind, row, column, is_hidden=is_hidden)
        else:
            _note_beside(odd, part, attributes)
    return Extent(lines=lines, columns=columns, odd={sheet: odd})


def _note_cell(odd: Oddities, kind: bytes, row: int, column: int, *, is_hidden: bool) -> None:
    if kind in (b"e", b"b"):
        odd.note(Odd.ERROR if kind == b"e" else Odd.BOOLEAN, cell_name(row, column))
    if is_hidden:
        odd.note(Odd.HIDDEN_LINE, str(row))


def _note_beside(odd: Oddities, part: bytes, attributes: bytes) -> None:
    """Notes cells that are merged, or columns that are hidden."""
    if part == b"mergeCell" and (ref := _REF.search(attributes)):
        odd.note(Odd.MERGED, ref[1].decode())
    elif part == b"col" and _HIDDEN.search(attributes):
        ends = {name: int(number) for name, number in _FIRST_AND_LAST.findall(attributes)}
        odd.note(Odd.HIDDEN_COLUMN, column_name(ends.get(b"min", 0)))


def extent_of_ods(xml: bytes) -> Extent:
    """How far the cells with a value reach in the largest sheet of LibreOffice."""
    reader = _OdsReader()
    for closing, kind, attributes in _ODS_PART.findall(xml):
        reader.take(kind, attributes, is_closing=bool(closing))
    return Extent(lines=reader.lines, columns=reader.columns, odd=reader.sheets)


class _OdsReader:
    """Follows the cells of the sheets of LibreOffice, which are not numbered."""

    def __init__(self) -> None:
        self.lines = self.columns = 0
        self.sheets: dict[str, Oddities] = {}
        self._line = self._column = self._repeated = 0
        self._is_hidden, self._odd = False, Oddities()

    def take(self, kind: bytes, attributes: bytes, *, is_closing: bool) -> None:
        if kind == b"table":
            self._line = self._column = 0
            if name := _NAME.search(attributes):
                named = html.unescape((name[1] or name[2] or b"").decode("utf-8", "replace"))
                self._odd = self.sheets.setdefault(named, Oddities())
        elif kind == b"table-row":
            if not is_closing:
                self._repeated, self._column = _times(attributes), 0
                self._is_hidden = _UNSEEN.search(attributes) is not None
            if is_closing or attributes.endswith(b"/"):
                self._line += self._repeated
        elif not is_closing:
            self._column += _times(attributes)
            if kind != b"table-column":
                self._cell(attributes)
            elif _UNSEEN.search(attributes):
                self._odd.note(Odd.HIDDEN_COLUMN, column_name(self._column))

    def _cell(self, attributes: bytes) -> None:
        if _VALUE in attributes:
            self.lines = max(self.lines, self._line + self._repeated)
            self.columns = max(self.columns, self._column)
        _note_ods_cell(self._odd, attributes, self._line + 1, self._column, is_hidden=self._is_hidden)


def _note_ods_cell(odd: Oddities, attributes: bytes, line: int, column: int, *, is_hidden: bool) -> None:
    if _SPANS.search(attributes):
        odd.note(Odd.MERGED, cell_name(line, column))
    if _VALUE not in attributes:
        if _FORMULA in attributes:
            odd.note(Odd.UNCALCULATED, cell_name(line, column))
        return
    if _ERROR in attributes or _BOOLEAN in attributes:
        odd.note(Odd.ERROR if _ERROR in attributes else Odd.BOOLEAN, cell_name(line, column))
    if is_hidden:
        odd.note(Odd.HIDDEN_LINE, str(line))


def _times(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return int(found[1]) if found else 1


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
