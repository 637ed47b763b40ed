"""CSV as spreadsheets write it: its alphabet, its separator, and its lines."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from responder.errors import ConfigurationError
from responder.spreadsheets.formulas import cell_value
from responder.spreadsheets.sheet import Line

SEPARATORS = ",;\t"
EXCEL_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)  # how a file tells Excel what separates its cells
WINDOWS = "it is read as Windows-1252: look whether the accents of its names are right, or save it as CSV in UTF-8"
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


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
