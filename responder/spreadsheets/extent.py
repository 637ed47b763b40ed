"""How far the cells of a sheet reach, told from its XML before a library makes room for all of them."""

import re
from dataclasses import dataclass

ERRORS_SHOWN = 5
_XLSX_PART = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s/>])([^>]*)>")
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,9})([0-9]{1,9})["']""")
_ROW = re.compile(rb"""\br\s*=\s*["']([0-9]{1,9})["']""")
_ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")
_ODS_PART = re.compile(rb"<(/?)table:(table-row|table-cell|covered-table-cell|table)(?=[\s/>])([^>]*)>")
_REPEATED = re.compile(rb"""\bnumber-(?:rows|columns)-repeated\s*=\s*["']([0-9]{1,9})["']""")
_VALUE = b"office:value-type"


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The last line and the last column with anything in it, and the cells with an error."""

    lines: int
    columns: int
    errors: tuple[str, ...] = ()


def extent_of_xlsx(xml: bytes) -> Extent:
    """How far the cells of one sheet of Excel reach."""
    lines = columns = row = column = 0
    errors: list[str] = []
    for kind, attributes in _XLSX_PART.findall(xml):
        if kind == b"row":
            numbered = _ROW.search(attributes)
            row, column = int(numbered[1]) if numbered else row + 1, 0
            continue
        cell = _CELL.search(attributes)
        row, column = (int(cell[2]), _column_number(cell[1])) if cell else (row, column + 1)
        if not attributes.endswith(b"/"):
            lines, columns = max(lines, row), max(columns, column)
        if _ERROR.search(attributes) and len(errors) <= ERRORS_SHOWN:
            errors.append(f"{cell[1].decode()}{row}" if cell else f"line {row}")
    return Extent(lines=lines, columns=columns, errors=tuple(errors))


def extent_of_ods(xml: bytes) -> Extent:
    """How far the cells with a value reach in the largest sheet of LibreOffice."""
    lines = columns = line = column = repeated = 0
    for closing, kind, attributes in _ODS_PART.findall(xml):
        if kind == b"table":
            line = 0
        elif kind == b"table-row":
            if not closing:
                repeated, column = _times(attributes), 0
            if closing or attributes.endswith(b"/"):
                line += repeated
        elif not closing:
            column += _times(attributes)
            if _VALUE in attributes:
                lines, columns = max(lines, line + repeated), max(columns, column)
    return Extent(lines=lines, columns=columns)


def _times(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return int(found[1]) if found else 1


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
