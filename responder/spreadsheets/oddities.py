"""What a reader of a workbook should be told of its cells: errors, formulas without a value, merged and hidden ones."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from xml.sax.saxutils import unescape

MOST_NAMED = 5  # cells of a kind
QUOTES = {"&quot;": '"', "&apos;": "'"}
_SHEET = re.compile(r"<(?:\w+:)?sheet\s([^>]*)>")
_RELATED = re.compile(r"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
ERROR_TEXT = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|N/D|RIF!|VALORE!|NOME\?)|Err:[0-9]{3}")


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
    """A column as a spreadsheet names it."""
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
