"""Workbooks of Excel (.xlsx) and LibreOffice (.ods): their first sheet with anything in it, cell by cell."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import python_calamine

from responder.errors import ConfigurationError
from responder.spreadsheets.extent import Oddities, extent_of_ods, extent_of_xlsx, note_error_texts, sheets_of_parts
from responder.spreadsheets.sheet import MOST_COLUMNS, MOST_LINES, Line, cell_value

ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MOST_UNPACKED = 128 << 20  # bytes of all that a workbook holds
MOST_PARTS = 1000
DIGITS_ARE_EXACT = 2**53  # below which every whole number of a spreadsheet is its digits
DAY = timedelta(days=1)
NIGHT = datetime(2000, 1, 1, tzinfo=UTC)
CANNOT = "cannot be read as a workbook: open it and save it anew as .xlsx, or as CSV in UTF-8"


def is_workbook(data: bytes) -> bool:
    """Whether a file is one that no text editor wrote."""
    return data.startswith((ZIP, OLD_EXCEL))


def read_workbook(data: bytes, file: str) -> tuple[Iterator[Line], list[str]]:
    """The lines of a workbook, and what its reader should be told of it. ConfigurationError if it cannot be read."""
    if data.startswith(OLD_EXCEL):
        raise ConfigurationError(f"{file}: an old .xls, or locked with a password: save it as .xlsx without one")
    unpacked, odd = _unpacked(data, file)
    notes: list[str] = []
    try:
        with python_calamine.load_workbook(io.BytesIO(unpacked)) as book:
            sheets = [
                (sheet.name, book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False))
                for sheet in book.sheets_metadata
                if sheet.visible == python_calamine.SheetVisibleEnum.Visible
                and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
    except (python_calamine.CalamineError, ValueError, OverflowError, OSError):
        raise ConfigurationError(f"{file}: {CANNOT}") from None
    filled = [(name, rows) for name, rows in sheets if any(cell != "" for row in rows for cell in row)]
    if len(filled) > 1:
        others = ", ".join(repr(name) for name, _ in filled[1:])
        notes.append(f"{file}: only the sheet {filled[0][0]!r} is read, not {others}")
    if not filled:
        return iter(()), notes
    name, rows = filled[0]
    oddities = odd.get(name) or Oddities()
    read = note_error_texts(rows, oddities)
    return _lines(read), [*notes, *oddities.told(file, name)]


def _lines(rows: list[list[Any]]) -> Iterator[Line]:
    for number, row in enumerate(rows, 1):
        yield Line(number=number, cells=[_typed(cell) for cell in row])


def _typed(cell: object) -> str:
    """What a cell says, as it would be typed: its kind is known, so that nothing has to be guessed."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case int() | float():
            return _number(cell)
        case datetime():
            return _to_the_second(cell).isoformat()
        case date() | time():
            return cell.isoformat()
        case timedelta() if timedelta(0) <= cell < DAY:
            return (NIGHT + cell).time().replace(microsecond=0).isoformat()
        case str():
            return cell_value(cell)
    return str(cell)


def _number(value: float) -> str:
    """The digits of a whole number; any other as a spreadsheet's own notation, which no number or time is."""
    return str(int(value)) if value == int(value) and abs(value) < DIGITS_ARE_EXACT else repr(value)


def _to_the_second(moment: datetime) -> datetime:
    """A spreadsheet counts days in fractions, so that half past nine may come as 09:29:59.999."""
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _unpacked(data: bytes, file: str) -> tuple[bytes, Mapping[str, Oddities]]:
    """The same workbook, its parts as they are, with the odd cells of each sheet.

    What was packed cannot grow beyond bounds while it is read.
    """
    target = io.BytesIO()
    odd: dict[str, Oddities] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as unpacked:
            parts = source.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise ConfigurationError(f"{file}: the workbook is too large, save the one sheet as CSV")
            if len({part.filename for part in parts}) < len(parts):
                raise ConfigurationError(f"{file}: {CANNOT}")
            if not {"xl/workbook.xml", "content.xml"} & {part.filename for part in parts}:
                raise ConfigurationError(f"{file}: a zip file without a workbook in it: give the .xlsx, .ods or CSV")
            names = _sheet_names(source)
            for part in parts:
                content = source.read(part)
                odd |= _looked_at(part.filename, content, file, names)
                unpacked.writestr(part.filename, content)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        struct.error,
    ):
        raise ConfigurationError(f"{file}: {CANNOT}") from None
    return target.getvalue(), odd


def _sheet_names(source: zipfile.ZipFile) -> Mapping[str, str]:
    """The names of sheets, by their parts; of Excel alone, since LibreOffice has all sheets in one part."""
    wanted = ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    if not set(wanted) <= set(source.namelist()):
        return {}
    workbook, relations = (source.read(name).decode("utf-8", "replace") for name in wanted)
    return sheets_of_parts(workbook, relations)


def _looked_at(part: str, content: bytes, file: str, names: Mapping[str, str]) -> Mapping[str, Oddities]:
    """The odd cells of a part, by its sheets. ConfigurationError if they lie farther apart than anybody's do."""
    if part.startswith("xl/worksheets/"):
        extent = extent_of_xlsx(content, names.get(part.removeprefix("xl/"), ""))
    elif part == "content.xml":
        extent = extent_of_ods(content)
    else:
        return {}
    if extent.lines > MOST_LINES + 1 or extent.columns > MOST_COLUMNS:
        limits = f"{MOST_LINES:,} lines or {MOST_COLUMNS} columns"
        raise ConfigurationError(f"{file}: a sheet has cells beyond {limits}: take them away, or save it as CSV")
    return extent.odd
