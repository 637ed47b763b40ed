"""Workbooks: each cell is what its kind says, and one made to take all memory is refused before it is opened."""

import random
from datetime import date, datetime, time
from typing import Any

import pytest

from responder.errors import ConfigurationError
from responder.spreadsheets.reading import read_sheet
from tests.spreadsheets.workbooks import ods, xlsx, zipped

MAKERS = pytest.mark.parametrize("make", [xlsx, ods])
HALF_PAST_NINE = datetime(2026, 12, 1, 9, 30)  # noqa: DTZ001


ONE = '<table:table-cell office:value-type="float" office:value="1"/>'
EMPTY_LINES = '<table:table-row table:number-rows-repeated="999999"><table:table-cell/></table:table-row>'
EMPTY_CELLS = '<table:table-cell table:number-columns-repeated="16000"/>'
ODS_ERROR = (
    '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
    'calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
)
ODS_MERGED = (
    '<table:table-cell office:value-type="string" table:number-columns-spanned="2"><text:p>m</text:p>'
    "</table:table-cell><table:covered-table-cell/>"
)
ODS_COLUMNS = '<table:table-column/><table:table-column table:visibility="collapse"/>'


def lines(data: bytes) -> list[list[str]]:
    read = read_sheet(data, "x.xlsx", ("a",))
    return [list(line.cells) for line in (read.header, *read.lines)]


def refusal(data: bytes) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read_sheet(data, "x.xlsx", ("a",))
    return str(refused.value)


@MAKERS
def test_a_cell_is_read_by_its_kind(make: Any) -> None:
    row = ("=text", 393301234567, 9.3, date(2026, 12, 1), time(9, 30), HALF_PAST_NINE, 3.93301234567e20, 7)
    read = ["=text", "393301234567", "9.3", "2026-12-01", "09:30:00", "2026-12-01T09:30:00", "3.93301234567e+20", "7"]
    assert lines(make(row)) == [read]


@MAKERS
def test_a_whole_number_is_its_digits_only_while_a_spreadsheet_knows_them(make: Any) -> None:
    assert lines(make((2**53 - 1, 2**53, "x")))[0][:2] == ["9007199254740991", "9007199254740992.0"]


@MAKERS
def test_every_minute_of_a_day_comes_as_it_is_shown(make: Any) -> None:
    minutes = [datetime(2026, 12, day, hour, minute) for day in (1, 31) for hour in range(24) for minute in range(60)]  # noqa: DTZ001
    chosen = random.Random(1).sample(minutes, 400)
    assert [line[0] for line in lines(make(*((one,) for one in chosen)))] == [one.isoformat() for one in chosen]


@MAKERS
def test_lines_have_the_numbers_of_the_workbook(make: Any) -> None:
    read = read_sheet(make((None,), (None,), ("a",), (None,), ("b",)), "x.xlsx", ("a",))
    assert (read.header.number, read.lines[0].number) == (3, 5)


def test_a_second_sheet_is_told_and_not_read() -> None:
    read = read_sheet(xlsx(("a",), ("1",), more=["Gennaio"]), "x.xlsx", ("a",))
    assert read.notes == ["x.xlsx: only the sheet 'S' is read, not 'Gennaio'"]
    assert len(read.lines) == 1


NAMES = ("a", "b", "c")


def notes(data: bytes) -> list[str]:
    return list(read_sheet(data, "x.xlsx", ("a",)).notes)


def xlsx_row(*cells: str, attributes: str = "") -> str:
    return f'<row r="2"{attributes}><c r="A2"><v>1</v></c>{"".join(cells)}</row>'


def ods_row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row{attributes}>{ONE}{''.join(cells)}</table:table-row>"


@pytest.mark.parametrize(
    "data",
    [
        xlsx(NAMES, raw=xlsx_row('<c r="B2" t="e"><v>#N/A</v></c>', '<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c>')),
        xlsx(NAMES, (1, "#N/A", "#REF!")),
        ods(NAMES, raw=ods_row(*[ODS_ERROR] * 2)),
        ods(NAMES, (1, "Err:502", "#REF!")),
    ],
    ids=["errors of Excel", "as text", "errors of LibreOffice", "as text of LibreOffice"],
)  # fmt: skip
def test_a_cell_with_an_error_is_told_and_read_as_empty(data: bytes) -> None:
    assert notes(data) == ["x.xlsx: sheet 'S': cells with an error such as #N/A are read as empty: B2, C2"]
    assert [cell for cell in lines(data)[1] if cell] == ["1"]


@pytest.mark.parametrize(
    "data",
    [
        xlsx(NAMES, raw=xlsx_row('<c r="B2"><f>A2</f></c>')),
        xlsx(NAMES, raw=xlsx_row('<c r="B2"><f>A2</f><v></v></c>')),
        xlsx(NAMES, raw=xlsx_row('<c r="B2"><f ca="1"/><v/></c>')),
        ods(NAMES, raw=ods_row('<table:table-cell table:formula="of:=[.A2]"/>')),
    ],
    ids=["no value", "an empty value", "shared", "LibreOffice"],
)  # fmt: skip
def test_a_formula_that_was_never_calculated_is_told(data: bytes) -> None:
    [note] = notes(data)
    assert note.startswith("x.xlsx: sheet 'S': cells with a formula that was never calculated are read as empty")
    assert note.endswith("open the file in a spreadsheet and save it: B2")


def test_a_formula_with_a_value_is_not_told_even_if_that_is_an_empty_text() -> None:
    row = xlsx_row('<c r="B2" t="str"><f>IF(A2,"","x")</f><v></v></c>', '<c r="C2"><f>A2</f><v>1</v></c>')
    assert notes(xlsx(NAMES, raw=row)) == []


@MAKERS
def test_a_cell_that_is_true_or_false_is_told_as_the_word_that_it_becomes(make: Any) -> None:
    data = make(NAMES, (1, True, False))
    assert notes(data) == ["x.xlsx: sheet 'S': cells that are true or false are read as TRUE and FALSE: B2, C2"]
    assert lines(data)[1] == ["1", "TRUE", "FALSE"]


@pytest.mark.parametrize(
    ("data", "cells"),
    [
        (xlsx(NAMES, (1, "x", "y"), behind='<mergeCells count="1"><mergeCell ref="B2:C2"/></mergeCells>'), "B2:C2"),
        (ods(NAMES, raw=ods_row(ODS_MERGED)), "B2"),
    ],
    ids=["Excel", "LibreOffice"],
)  # fmt: skip
def test_merged_cells_are_told(data: bytes, cells: str) -> None:
    assert notes(data) == [f"x.xlsx: sheet 'S': merged cells are read as empty but for the first: {cells}"]


@pytest.mark.parametrize(
    "data",
    [
        xlsx(NAMES, raw=xlsx_row(attributes=' hidden="1"'), before='<cols><col min="2" max="2" hidden="1"/></cols>'),
        ods(NAMES, raw=ods_row(attributes=' table:visibility="filter"'), before=ODS_COLUMNS),
    ],
    ids=["Excel", "LibreOffice"],
)  # fmt: skip
def test_hidden_lines_and_columns_are_read_and_told(data: bytes) -> None:
    assert notes(data) == [
        "x.xlsx: sheet 'S': hidden lines are read as well: 2",
        "x.xlsx: sheet 'S': hidden columns are read as well: B",
    ]
    assert lines(data)[1][0] == "1"


def test_of_many_odd_cells_the_first_are_named() -> None:
    [note] = notes(xlsx(("a",), *((True,) for _ in range(9))))
    assert note.endswith(": A2, A3, A4, A5, A6, …")


def test_odd_cells_of_a_sheet_that_is_not_read_are_not_told() -> None:
    book = xlsx(("a",), ("1",), more=["Gennaio"], behind='<mergeCells><mergeCell ref="A1:B1"/></mergeCells>')
    assert [note for note in notes(book) if "Gennaio" in note] == ["x.xlsx: only the sheet 'S' is read, not 'Gennaio'"]


@pytest.mark.parametrize(
    "data",
    [
        xlsx(("a",), raw='<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
        xlsx(("a",), raw='<row r="2"><c r="XFD2"><v>1</v></c></row>'),
        xlsx(("a",), raw="<row r='2'><c r = 'XFD2'><v>1</v></c></row>"),
        ods(("a",), raw=f'<table:table-row table:number-rows-repeated="1000000">{ONE}</table:table-row>'),
        ods(("a",), raw=f"{EMPTY_LINES}<table:table-row>{ONE}</table:table-row>"),
        ods(("a",), raw=f"<table:table-row>{EMPTY_CELLS}{ONE}</table:table-row>"),
    ],
    ids=["far down", "far right", "with blanks", "repeated", "behind empty lines", "behind empty cells"],
)  # fmt: skip
def test_a_cell_far_from_the_others_is_refused(data: bytes) -> None:
    assert "cells beyond 200,000 lines or 100 columns" in refusal(data)


def test_a_workbook_that_grows_without_bounds_is_refused() -> None:
    assert "too large" in refusal(zipped({"xl/workbook.xml": "", "xl/worksheets/sheet1.xml": " " * (129 << 20)}))


def test_what_is_no_workbook_is_told() -> None:
    assert "save it as .xlsx" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "without a workbook" in refusal(zipped({"photo.jpg": "x"}))
    assert "cannot be read as a workbook" in refusal(b"PK\x03\x04 and no more")
    assert "cannot be read as a workbook" in refusal(zipped({"xl/workbook.xml": "<no"}))
    assert "the file is empty" in refusal(xlsx())


def test_a_spoiled_workbook_is_refused_and_ends_nothing() -> None:
    whole, chance = xlsx(("a", "b"), (1, HALF_PAST_NINE)), random.Random(2)
    for _ in range(300):
        spoiled = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        try:
            read_sheet(bytes(spoiled), "x.xlsx", ("a",))
        except ConfigurationError:
            continue
