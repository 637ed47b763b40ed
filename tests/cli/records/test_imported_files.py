"""Files as offices keep them: what a dry run shows, what is doubtful, and where wrong lines go."""

import csv
from datetime import UTC, datetime, timedelta

from tests.builders import ANNA, BRUNO, inbound
from tests.cli.conftest import Installation, run
from tests.spreadsheets.workbooks import xlsx

HEADER = "id,originator,starts_at\n"
EMMA = "+447700900001"
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
    assert summary == "visits.csv: 1 appointment, 1 new, 0 moved, 0 changed, 0 unchanged (dry run, nothing was changed)"
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
    assert "2 wrong lines left out, and kept in visits-wrong.csv: mend that file, then import it" in outcome.err
    written = (here.folder / "visits-wrong.csv").read_text("utf-8-sig").splitlines()
    assert written[0] == "id,originator,starts_at,what is wrong"
    assert written[1].startswith(f"a2,nobody,{NEXT_YEAR}-07-01 11:00,\"originator: 'nobody' is not a telephone number")
    assert written[2].startswith("a3,'=1+1,,")


async def test_mended_wrong_lines_are_imported_as_they_are_and_no_file_is_written_over(here: Installation) -> None:
    file = here.write("visits.csv", f"{HEADER}a2,nobody,{NEXT_YEAR}-07-01 11:00\n")
    await run("appointments", "import", file, "--skip-wrong")
    again = await run("appointments", "import", file, "--skip-wrong")
    assert "kept in visits-wrong-2.csv" in again.err
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


def reminded(here: Installation) -> None:
    rules = (here.folder / "rules.yaml").read_text()
    reminder = "appointments: {reminders: [{before: 1d, text: See you}]}"
    (here.folder / "rules.yaml").write_text(f"{rules}\n{reminder}\n")


async def test_reminders_that_are_too_late_to_leave_are_told(here: Installation) -> None:
    reminded(here)
    soon, far = (datetime.now(UTC) + timedelta(hours=hours) for hours in (15, 80))
    lines = f"a1,{ANNA},{soon.isoformat()}\na2,{ANNA},{far.isoformat()}\n"
    outcome = await run("appointments", "import", here.write("v.csv", HEADER + lines))
    assert "v.csv: 1 reminder is too late to leave (1d before): call, or import earlier" in outcome.err


async def test_appointments_that_have_begun_are_told(here: Installation) -> None:
    outcome = await run("appointments", "import", here.write("v.csv", f"{HEADER}a1,{ANNA},2026-01-07 10:00\n"))
    assert "v.csv: 1 of them has begun already" in outcome.err


async def test_an_export_comes_back_and_changes_nothing(here: Installation) -> None:
    lines = f"a1,{ANNA},{NEXT_YEAR}-07-01 10:00\na2,{ANNA},{NEXT_YEAR}-07-02 10:00\n"
    await run("appointments", "import", here.write("v.csv", HEADER + lines))
    for options in ((), ("--utc",)):
        assert (await run("appointments", "export", "out.csv", *options)).code == 0
        again = await run("appointments", "import", "out.csv")
        assert again.out.endswith("2 appointments, 0 new, 0 moved, 0 changed, 2 unchanged\n"), again.err


async def test_a_line_that_is_older_than_what_stands_is_told_and_left(here: Installation) -> None:
    file = here.write("v.csv", f"{HEADER}a1,{ANNA},{NEXT_YEAR}-07-01 10:00\n")
    await run("appointments", "import", file)
    old = here.write(
        "old.csv", f"id,originator,starts_at,updated_at\na1,{ANNA},{NEXT_YEAR}-08-01 10:00,2026-01-01 10:00\n"
    )
    outcome = await run("appointments", "import", old)
    assert "old.csv:2: left as it is, it was changed here after this line was written" in outcome.err
    assert outcome.out.endswith("0 unchanged, 1 older\n")
    assert (await listed())["a1"].startswith(f"{NEXT_YEAR}-07-01")


async def statuses() -> dict[str, str]:
    return {record["id"]: record["status"] for record in (await run("appointments", "list", "--json")).records}


async def two_days(here: Installation) -> str:
    """Two appointments of a day and one of the next are there; the file has one of the day."""
    day = f"{NEXT_YEAR}-07-01"
    lines = f"a1,{ANNA},{day} 10:00\na2,{ANNA},{day} 11:00\na3,{ANNA},{NEXT_YEAR}-07-02 10:00\n"
    await run("appointments", "import", here.write("v.csv", HEADER + lines))
    here.write("day.csv", f"{HEADER}a1,{ANNA},{day} 10:00\n")
    return day


async def test_what_a_file_that_is_complete_for_a_day_has_not_is_cancelled(here: Installation) -> None:
    day = await two_days(here)
    outcome = await run("appointments", "import", "day.csv", "--complete-for", day, "--yes")
    assert outcome.code == 0, outcome.err
    assert f"not in day.csv, to be cancelled: a2  {day} 11:00" in outcome.err
    assert outcome.out == "day.csv: 1 appointment, 0 new, 0 moved, 0 changed, 1 unchanged, 1 cancelled\n"
    assert await statuses() == {"a1": "scheduled", "a2": "cancelled", "a3": "scheduled"}


async def test_nothing_is_cancelled_without_a_yes_nor_in_a_dry_run(here: Installation) -> None:
    day = await two_days(here)
    refused = await run("appointments", "import", "day.csv", "--complete-for", day)
    assert (refused.code, "say --yes" in refused.err) == (1, True)
    shown = await run("appointments", "import", "day.csv", "--complete-for", day, "--dry-run")
    assert (shown.code, "1 cancelled (dry run" in shown.out) == (0, True)
    assert set((await statuses()).values()) == {"scheduled"}


async def test_a_day_is_complete_only_with_all_its_lines(here: Installation) -> None:
    day = await two_days(here)
    outcome = await run("appointments", "import", "day.csv", "--complete-for", day, "--skip-wrong")
    assert (outcome.code, "needs every line" in outcome.err) == (2, True)


async def test_exported_subscribers_come_back_with_their_evidence(here: Installation) -> None:
    await here.handle(inbound("News ON", BRUNO), inbound("News ON", EMMA), inbound("STOP", EMMA))
    people = f"originator,list,evidence\n{ANNA},news,paper form of 3 May\n"
    await run("subscribers", "import", here.write("people.csv", people))
    await run("subscribers", "export", "out.csv")
    again = await run("subscribers", "import", "out.csv")
    assert again.code == 0, again.err
    assert again.out == "out.csv: 3 subscribers, 0 new, 0 changed, 3 unchanged, 0 left out\n"
    with (here.folder / "out.csv").open(newline="") as file:
        evidence = {row["originator"]: row["evidence"] for row in csv.DictReader(file)}
    assert evidence[ANNA] == "paper form of 3 May"
    assert evidence[BRUNO].startswith("text 'News ON' of 2026-")
    assert evidence[EMMA].startswith("text 'STOP' of 2026-")
