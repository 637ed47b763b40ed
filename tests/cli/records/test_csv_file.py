"""What is exported is no formula to a spreadsheet, nothing to a terminal, and is read again as it was."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from responder.cli.records.csv_file import CsvFile, guarded, read_header, read_lines, unguarded
from tests.builders import inbound
from tests.cli.conftest import Installation, run

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n")) | st.text("'=+-@\t1 a", max_size=6)
STARTS = tuple("=+-@\t\r＝＋－＠")


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1))
def test_what_is_written_is_read(rows: list[tuple[str, str]]) -> None:
    written = io.StringIO(newline="")
    CsvFile(written, ("a", "b")).add_all({"a": a, "b": b} for a, b in rows)
    lines = read_lines(written.getvalue().encode(), "x.csv", ("a", "b"))
    assert read_header(lines[0], "x.csv", ("a", "b"), ()) == ("a", "b")
    assert [tuple(values) for _, values in lines[1:]] == [
        row for row in rows if any(guarded(value).strip() for value in row)
    ]


@given(st.text())
def test_a_guard_is_taken_away_as_it_was_put(value: str) -> None:
    assert unguarded(guarded(value)) == value


@given(st.sampled_from(STARTS), st.text())
def test_no_cell_begins_a_formula(start: str, rest: str) -> None:
    cell = guarded(start + rest)
    assert not cell.startswith(STARTS) or (cell[0] == "+" and cell[1:].isdigit())


def test_nothing_that_a_terminal_obeys_reaches_it() -> None:
    terminal = Terminal()
    CsvFile(terminal, ("a",)).add({"a": "\x1b[31mX\u202e\x9b2J"})
    assert terminal.getvalue() == "a\n\\x1b[31mX\\u202e\\x9b2J\n"


async def test_every_export_has_the_guard(here: Installation) -> None:
    await here.handle(inbound("News ON", "=cmd()"), inbound("STOP", "@evil"))
    await run("subscribers", "export", "s.csv")
    await run("consent", "export", "c.csv")
    for name, count in (("s.csv", 1), ("c.csv", 2)):
        with (here.folder / name).open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "@"))]
        assert len([cell for cell in cells if cell in {"'=cmd()", "'@evil"}]) == count


async def test_exports_are_for_their_user_alone_also_where_they_stood_before(here: Installation) -> None:
    (here.folder / "s.csv").touch(mode=0o644)
    await run("subscribers", "export", "s.csv")
    await run("consent", "export", "c.csv")
    for name in ("s.csv", "c.csv", "c.csv.sig"):
        assert (here.folder / name).stat().st_mode & 0o777 == 0o600
