"""What is exported is no formula to a spreadsheet, nothing to a terminal, and is read again as it was."""

import csv
import io

import pytest

from responder.cli.records.csv_file import CsvFile
from tests.builders import ANNA, inbound
from tests.cli.conftest import Installation, run
from tests.worker.conftest import RULES


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


async def test_a_file_for_excel_has_the_mark_and_the_separator_of_its_country(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    (here.folder / "rules.yaml").write_text(RULES.replace("version: 1", "version: 1\ncountry: IT"))
    await run("subscribers", "export", "s.csv", "--excel")
    written = (here.folder / "s.csv").read_bytes()
    assert written.startswith("\ufefforiginator;list;status;".encode())


async def test_what_was_written_for_excel_is_read_again(here: Installation) -> None:
    (here.folder / "in.csv").write_text(f"id,originator,starts_at,name\nv1,{ANNA},2030-12-01T09:00,Zoë Müllerà\n")
    assert (await run("appointments", "import", "in.csv")).code == 0
    await run("appointments", "export", "out.csv", "--excel")
    again = await run("appointments", "import", "out.csv")
    assert (again.code, "1 appointment, 0 new, 0 moved, 0 changed, 1 unchanged" in again.out) == (0, True), again
    assert (await run("appointments", "list", "--json")).record["name"] == "Zoë Müllerà"


@pytest.mark.parametrize("of", ["appointments", "subscribers", "consent"])
async def test_a_file_that_cannot_be_written_is_told_with_a_remedy(here: Installation, of: str) -> None:
    await here.handle(inbound("News ON"))
    outcome = await run(of, "export", "nowhere/out.csv")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("nowhere/out.csv: cannot be written (No such file or directory), name a file in")
