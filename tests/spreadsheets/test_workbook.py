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


def test_a_cell_with_an_error_of_the_spreadsheet_is_told() -> None:
    error = '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c></row>'
    read = read_sheet(xlsx(("a", "b"), raw=error), "x.xlsx", ("a",))
    assert read.notes == ["x.xlsx: cells with an error of the spreadsheet such as #N/A are read as empty: B2"]


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
