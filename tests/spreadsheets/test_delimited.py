"""CSV in the alphabets and with the separators that spreadsheets write, read again as it was written."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.cli.records.csv_file import CsvFile
from responder.errors import ConfigurationError
from responder.spreadsheets.reading import WINDOWS, read_sheet
from responder.spreadsheets.sheet import LARGEST_FILE, LONGEST_CELL, MOST_COLUMNS, Sheet, guarded, unguarded

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n")) | st.text("'=+-@\t1 a", max_size=6)
STARTS = tuple("=+-@\t\r＝＋－＠")


def sheet(data: bytes | str) -> Sheet:
    return read_sheet(data.encode() if isinstance(data, str) else data, "x.csv", ("a", "b"))


def cells(data: bytes | str) -> list[list[str]]:
    read = sheet(data)
    return [list(read.header.cells), *(list(line.cells) for line in read.lines)]


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1))
def test_what_is_written_is_read(rows: list[tuple[str, str]]) -> None:
    written = io.StringIO(newline="")
    CsvFile(written, ("a", "b")).add_all({"a": a, "b": b} for a, b in rows)
    filled = [list(row) for row in rows if any(value.strip() for value in row)]
    assert cells(written.getvalue()) == [["a", "b"], *filled]


@given(st.text())
def test_a_guard_is_taken_away_as_it_was_put(value: str) -> None:
    assert unguarded(guarded(value)) == value


@given(st.sampled_from(STARTS), st.text())
def test_no_cell_begins_a_formula(start: str, rest: str) -> None:
    cell = guarded(start + rest)
    assert not cell.startswith(STARTS) or (cell[0] == "+" and cell[1:].isdigit())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_alphabet_separator_and_line_end_is_read_without_a_word(encoding: str, separator: str, end: str) -> None:
    read = sheet(f"a{separator}b{end}è{separator}ł{end}".encode(encoding))
    assert [list(line.cells) for line in read.lines] == [["è", "ł"]]
    assert read.notes == []


def test_windows_1252_is_read_and_told() -> None:
    read = sheet("a;b\nNicolò;€\n".encode("cp1252"))
    assert list(read.lines[0].cells) == ["Nicolò", "€"]
    assert read.notes == [f"x.csv is not UTF-8: {WINDOWS}"]


def test_the_line_that_tells_excel_the_separator_is_obeyed_and_counted() -> None:
    read = sheet("sep=;\r\na;b\r\n1;2,3\r\n")
    assert (read.header.number, list(read.header.cells)) == (2, ["a", "b"])
    assert (read.lines[0].number, list(read.lines[0].cells)) == (3, ["1", "2,3"])


def test_a_number_that_was_typed_as_text_is_read() -> None:
    assert cells('a,b\n"=""0012""",\'+39\n')[1] == ["0012", "+39"]


def test_lines_keep_their_numbers_behind_blank_ones_and_line_breaks() -> None:
    read = sheet('a,b\n\n"x\ny",1\n,,\nz,2\n')
    assert [line.number for line in read.lines] == [3, 6]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "x.csv:1: the file is empty, begin it with the names of its columns: a,b"),
        (b'a,b\n"1,2\n', "x.csv:2: cannot be read as CSV"),
        (b"a,b\n\x81,\xe9\n", "x.csv:2: the byte 0x81 is neither UTF-8 nor Windows-1252"),
        (b"a,b\nx\0,1\n", "x.csv:2: this is no text"),
        (b"a,b\n" + b"x" * (LONGEST_CELL + 1) + b",1\n", "x.csv:2: a cell has more than"),
        (b"," * MOST_COLUMNS + b"a\n", "x.csv:1: more than 100 columns"),
        (b"\xff\xfea\x00\n\x00\x00", "x.csv:2: cannot be read as utf-16"),
    ],
)
def test_what_is_no_csv_is_told_with_its_line(data: bytes, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        sheet(data)
    assert str(refused.value).startswith(told)


def test_a_file_that_is_larger_than_any_office_keeps_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="larger than 32 MB"):
        sheet(b"a" * (LARGEST_FILE + 1))
