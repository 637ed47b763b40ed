"""Files as offices keep them: what a dry run shows, what is doubtful, and where wrong lines go."""

from datetime import datetime

from tests.builders import ANNA
from tests.cli.conftest import Installation, run
from tests.spreadsheets.workbooks import xlsx

HEADER = "id,originator,starts_at\n"
NEXT_YEAR = datetime.now().year + 1  # noqa: DTZ005


async def listed() -> dict[str, str]:
    return {record["id"]: record["starts_at"] for record in (await run("appointments", "list", "--json")).records}


async def test_a_dry_run_shows_what_every_number_and_time_becomes_and_changes_nothing(here: Installation) -> None:
    file = here.write("visits.csv", f"{HEADER}a1,330 123 4567,{NEXT_YEAR}-07-01 10:00\n")
    outcome = await run("appointments", "import", file, "--dry-run")
    assert outcome.code == 0, outcome.err
    title, number, time, _, summary = outcome.out.splitlines()
    assert title.split() == ["line", "column", "in", "the", "file", "becomes"]
    assert number.split() == ["2", "originator", "330", "123", "4567", ANNA]
    assert f"{NEXT_YEAR}-07-01 10:00+0200" in time
    assert (
        summary == "visits.csv: 1 appointments, 1 new, 0 moved, 0 changed, 0 unchanged (dry run, nothing was changed)"
    )
    assert await listed() == {}


async def test_a_dry_run_tells_every_wrong_line_too(here: Installation) -> None:
    file = here.write("visits.csv", f"{HEADER}a1,3.93301234567E11,{NEXT_YEAR}-07-01 10:00\n")
    outcome = await run("appointments", "import", file, "--dry-run")
    assert outcome.code == 1
    assert "visits.csv:2: originator: '3.93301234567E11' is a number that a spreadsheet has rounded" in outcome.err


async def test_a_number_that_nobody_has_is_imported_with_a_warning(here: Installation) -> None:
    file = here.write("people.csv", "originator,list,evidence\n3331234,news,form\n")
    outcome = await run("subscribers", "import", file)
    assert outcome.code == 0
    assert "people.csv:2: originator: '3331234' became +393331234, and no number in IT is like this" in outcome.err


async def test_a_start_decades_away_is_told(here: Installation) -> None:
    outcome = await run("appointments", "import", here.write("visits.csv", f"{HEADER}a1,{ANNA},2062-12-01 10:00\n"))
    assert outcome.code == 0
    assert "years away" in outcome.err


async def test_wrong_lines_are_skipped_into_a_file_of_their_own(here: Installation) -> None:
    lines = f"a1,{ANNA},{NEXT_YEAR}-07-01 10:00\na2,nobody,{NEXT_YEAR}-07-01 11:00\na3,=1+1\n"
    outcome = await run("appointments", "import", here.write("visits.csv", HEADER + lines), "--skip-wrong")
    assert outcome.code == 0
    assert list(await listed()) == ["a1"]
    assert "2 wrong lines are left out, and stand in visits-wrong.csv" in outcome.err
    written = (here.folder / "visits-wrong.csv").read_text("utf-8-sig").splitlines()
    assert written[0] == "id,originator,starts_at,what is wrong"
    assert written[1].startswith(f"a2,nobody,{NEXT_YEAR}-07-01 11:00,\"originator: 'nobody' is not a telephone number")
    assert written[2].startswith("a3,'=1+1,,")


async def test_mended_wrong_lines_are_imported_as_they_are_and_no_file_is_written_over(here: Installation) -> None:
    file = here.write("visits.csv", f"{HEADER}a2,nobody,{NEXT_YEAR}-07-01 11:00\n")
    await run("appointments", "import", file, "--skip-wrong")
    again = await run("appointments", "import", file, "--skip-wrong")
    assert "stand in visits-wrong-2.csv" in again.err
    wrong = here.folder / "visits-wrong.csv"
    wrong.write_text(wrong.read_text("utf-8").replace("a2,nobody", f"a2,{ANNA}"), "utf-8")
    assert (await run("appointments", "import", "visits-wrong.csv")).code == 0
    assert list(await listed()) == ["a2"]


async def test_a_workbook_is_imported_with_its_numbers_and_times(here: Installation) -> None:
    rows = ("id", "originator", "starts_at"), (1001, 3301234567, datetime(NEXT_YEAR, 1, 7, 9, 30))  # noqa: DTZ001
    (here.folder / "visits.xlsx").write_bytes(xlsx(*rows))
    outcome = await run("appointments", "import", "visits.xlsx")
    assert outcome.code == 0, outcome.err
    assert await listed() == {"1001": f"{NEXT_YEAR}-01-07T08:30:00Z"}


async def test_a_language_is_one_of_the_file_in_any_case(here: Installation) -> None:
    header = "id,originator,starts_at,language\n"
    lines = f"a1,{ANNA},{NEXT_YEAR}-07-01 10:00,EN\na2,{ANNA},{NEXT_YEAR}-07-01 10:00,en-GB\n"
    assert (await run("appointments", "import", here.write("v.csv", header + lines))).code == 0
    assert {record["language"] for record in (await run("appointments", "list", "--json")).records} == {"en"}
    refused = await run(
        "appointments", "import", here.write("v.csv", f"{header}a1,{ANNA},{NEXT_YEAR}-07-01 10:00,xx\n")
    )
    assert "v.csv:2: language: unknown language 'xx', expected" in refused.err
