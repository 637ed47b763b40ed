"""What is exported is no formula to a spreadsheet, nothing to a terminal, and is read again as it was."""

import csv
import io

from responder.cli.records.csv_file import CsvFile
from tests.builders import inbound
from tests.cli.conftest import Installation, run


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


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
