"""responder appointments."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from responder.wiring import utc_now
from tests.builders import ANNA, BRUNO, inbound
from tests.cli.conftest import Installation, run

HEADER = "id,originator,starts_at,name,service,location,language,asked_at\n"
LINE = "a1,330 123 4567,2026-11-24 10:00,Anna,Check-up,Room 2,it,2026-11-22T09:00Z\n"


async def imported(here: Installation, text: str) -> None:
    outcome = await run("appointments", "import", here.write("visits.csv", text))
    assert outcome.code == 0, outcome.err


async def refused(here: Installation, text: str) -> list[str]:
    outcome = await run("appointments", "import", here.write("visits.csv", text))
    assert (outcome.code, outcome.out) == (1, "")
    return outcome.err.splitlines()


async def statuses() -> dict[str, str]:
    return {record["id"]: record["status"] for record in (await run("appointments", "list", "--json")).records}


async def test_an_imported_appointment_has_the_fields_of_the_contract(here: Installation) -> None:
    await imported(here, HEADER + LINE)
    record = (await run("appointments", "show", "a1", "--json")).record
    assert record.pop("updated_at").startswith("20")
    assert record == {
        "id": "a1",
        "originator": ANNA,
        "starts_at": "2026-11-24T09:00:00Z",
        "name": "Anna",
        "service": "Check-up",
        "location": "Room 2",
        "language": "it",
        "status": "scheduled",
    }


async def test_the_last_five_columns_may_be_absent(here: Installation) -> None:
    await imported(here, "starts_at,id,originator\n2026-11-24T10:00+01:00,a1,+393301234567\n")
    record = (await run("appointments", "list", "--json")).record
    assert (record["id"], record["originator"], record["starts_at"], record["name"]) == (
        "a1",
        ANNA,
        "2026-11-24T09:00:00Z",
        "",
    )


async def test_semicolons_and_a_byte_order_mark_are_read_as_spreadsheets_write_them(here: Installation) -> None:
    await imported(here, "\ufeffid;originator;starts_at;name\r\na1;330 1234567;2026-11-24 10:00;Rossi, Anna\r\n\r\n")
    assert (await run("appointments", "list", "--json")).record["name"] == "Rossi, Anna"


async def test_appointments_are_listed_by_their_start(here: Installation) -> None:
    await imported(
        here, "id,originator,starts_at\nlate,+393301234567,2026-12-02T10:00\nearly,+393301234567,2026-12-01T10:00\n"
    )
    assert list(await statuses()) == ["early", "late"]


async def test_every_wrong_line_is_told(here: Installation) -> None:
    told = await refused(
        here,
        "id,originator,starts_at\n"
        "a1,330 1234567,tomorrow\n"
        "a2,330 1234567,2026-12-01\n"
        "a3,12,2026-12-01T10:00\n"
        ",330 1234567,2026-12-01T10:00\n"
        "a5,330 1234567,2026-12-01T10:00\n"
        "a5,330 1234567,2026-12-01T11:00\n"
        "a7,330 1234567\n"
        f"{'x' * 65},330 1234567,2026-12-01T10:00\n",
    )
    assert told == [
        "visits.csv:2: starts_at: 'tomorrow' is no time, expected for example 2026-12-01T09:00 or 2026-12-01T09:00+01:00",
        "visits.csv:3: starts_at: '2026-12-01' is a day without a time, expected for example 2026-12-01T09:00",
        "visits.csv:4: originator: '12' has too many or too few digits for a telephone number, expected for example +393301234567",
        "visits.csv:5: id: nothing stands here, fill it in",
        "visits.csv:7: id: 'a5' stands in line 6 already, keep one of them",
        "visits.csv:8: 2 values, the first line names 3 columns: check the separators and quotes",
        "visits.csv:9: id: 65 characters, at most 64 are kept: shorten it",
        "visits.csv: nothing was imported",
    ]


async def test_one_wrong_line_keeps_all_out(here: Installation) -> None:
    await refused(here, f"{HEADER}{LINE}a2,nobody,2026-11-24 10:00,,,,,\n")
    assert await statuses() == {}


async def test_wrong_columns_are_told(here: Installation) -> None:
    assert await refused(here, "id,orginator,name,name\n") == [
        "visits.csv:1: unknown column 'orginator', did you mean 'originator'?",
        "visits.csv:1: the column 'originator' is missing, add it",
        "visits.csv:1: the column 'starts_at' is missing, add it",
        "visits.csv:1: the column 'name' stands there twice, remove one",
    ]


async def test_a_file_that_is_no_csv_is_told(here: Installation) -> None:
    assert "visits.csv:2: cannot be read as CSV" in (await refused(here, HEADER + '"a1,never closed\n'))[0]
    assert "the file is empty" in (await refused(here, ""))[0]
    assert "cannot be read (No such file" in (await run("appointments", "import", "nowhere.csv")).err


async def confirmed_line(here: Installation) -> str:
    """A line of an appointment a century ahead, imported and confirmed by its patient."""
    line = "a1,330 123 4567,2126-11-24 10:00,Anna,Check-up,Room 2,it,2026-11-22T09:00Z\n"
    await imported(here, HEADER + line)
    await here.handle(inbound("yes", received=utc_now()))
    assert await statuses() == {"a1": "confirmed"}
    return line


async def test_an_answered_appointment_keeps_its_status_while_it_stays_where_it_is(here: Installation) -> None:
    line = await confirmed_line(here)
    await imported(here, HEADER + line.replace("Room 2", "Room 3"))
    assert await statuses() == {"a1": "confirmed"}


async def test_a_moved_appointment_has_to_be_confirmed_anew(here: Installation) -> None:
    line = await confirmed_line(here)
    await imported(here, HEADER + line.replace("2126-11-24 10:00", "2126-11-25 10:00"))
    assert await statuses() == {"a1": "scheduled"}


async def test_the_import_says_what_it_did(here: Installation) -> None:
    await imported(here, HEADER + LINE)
    again = HEADER + LINE + LINE.replace("a1", "a2")
    assert (await run("appointments", "import", here.write("visits.csv", again))).out == (
        "visits.csv: 2 appointments, 1 new, 0 moved, 0 changed, 1 unchanged\n"
    )


async def test_an_unknown_appointment_is_told(here: Installation) -> None:
    outcome = await run("appointments", "show", "a9")
    assert (outcome.code, outcome.out) == (1, "")
    assert "no appointment has the id 'a9'" in outcome.err


async def test_a_person_sees_an_appointment(here: Installation) -> None:
    await imported(here, HEADER + LINE.replace("330 123 4567", BRUNO))
    assert f"originator  {BRUNO}" in (await run("appointments", "show", "a1")).out


async def test_without_appointments_it_says_how_to_bring_them_in(here: Installation) -> None:
    assert "responder appointments import FILE.csv" in (await run("appointments", "list")).err


async def test_a_person_sees_what_became_of_an_appointment(here: Installation) -> None:
    await confirmed_line(here)
    shown = (await run("appointments", "show", "a1")).out
    assert "history" in shown
    assert "new  by import  none to scheduled" in shown
    assert "answered  by message  scheduled to confirmed" in shown


async def test_the_history_of_an_appointment_is_given_to_programs(here: Installation) -> None:
    await confirmed_line(here)
    lines = (await run("appointments", "show", "a1", "--history", "--json")).records
    assert [(line["number"], line["what"], line["by"], line["new_status"]) for line in lines] == [
        (1, "new", "import", "scheduled"),
        (2, "answered", "message", "confirmed"),
    ]


async def test_a_list_has_those_of_a_day_of_a_number_or_with_a_status(here: Installation) -> None:
    await imported(
        here,
        f"id,originator,starts_at\na1,{ANNA},2026-12-01T00:00\na2,{BRUNO},2026-12-01T23:59\na3,{ANNA},2026-12-02T00:00\n",
    )

    async def listed(*filters: str) -> list[str]:
        return [record["id"] for record in (await run("appointments", "list", "--json", *filters)).records]

    assert await listed("--day", "2026-12-01") == ["a1", "a2"]
    assert await listed("--number", "330 123 4567") == ["a1", "a3"]
    assert await listed("--number", ANNA, "--day", "2026-12-02") == ["a3"]
    assert await listed("--status", "confirmed") == []


async def test_a_filter_that_makes_no_sense_is_told(here: Installation) -> None:
    assert here
    outcome = await run("appointments", "list", "--day", "someday")
    assert outcome.code == 2
    assert "is no day" in outcome.err


async def test_appointments_are_given_back_as_they_came_with_their_status(here: Installation) -> None:
    await imported(here, HEADER + LINE + f"a2,{BRUNO},2026-12-01T10:00,=1+1,,,,\n")
    first, second, third = (await run("appointments", "export")).out.splitlines()
    assert first == "id,originator,starts_at,name,service,location,language,asked_at,status,updated_at"
    assert second.startswith(f"a1,{ANNA},2026-11-24 10:00,Anna,Check-up,Room 2,it,2026-11-22 10:00,scheduled,20")
    assert ",'=1+1," in third


async def test_an_export_has_times_in_utc_if_asked(here: Installation) -> None:
    await imported(here, HEADER + LINE)
    assert (
        (await run("appointments", "export", "--utc"))
        .out.splitlines()[1]
        .startswith(f"a1,{ANNA},2026-11-24T09:00:00Z,")
    )


async def test_an_export_into_a_file_says_how_many_it_wrote(here: Installation) -> None:
    await imported(here, HEADER + LINE)
    outcome = await run("appointments", "export", "out.csv")
    assert outcome.out == "out.csv: 1 appointment\n"
    assert (here.folder / "out.csv").read_text().splitlines()[1].startswith("a1,")


async def test_an_hour_that_the_clocks_repeat_is_exported_with_its_offset(here: Installation) -> None:
    await imported(here, f"id,originator,starts_at\na1,{ANNA},2026-10-25T00:30Z\na2,{ANNA},2026-10-25T01:30Z\n")
    (here.folder / "out.csv").write_text((await run("appointments", "export")).out)
    assert "a1,+393301234567,2026-10-25 02:30," in (here.folder / "out.csv").read_text()
    assert "a2,+393301234567,2026-10-25 02:30:00+01:00," in (here.folder / "out.csv").read_text()


async def test_people_read_the_hour_of_their_own_clock(here: Installation) -> None:
    await imported(here, HEADER + LINE)
    assert "2026-11-24 10:00" in (await run("appointments", "list")).out
    assert "2026-11-24 10:00" in (await run("appointments", "show", "a1")).out


def many(count: int) -> str:
    """A file of so many appointments tomorrow, a minute apart."""
    day = (utc_now() + timedelta(days=1)).astimezone(ZoneInfo("Europe/Rome")).date()
    times = (f"{day}T{8 + number // 60:02}:{number % 60:02}" for number in range(count))
    return "id,originator,starts_at\n" + "".join(f"a{n},{ANNA},{at}\n" for n, at in enumerate(times))


async def test_a_list_says_how_many_more_there_are_and_how_to_see_them(here: Installation) -> None:
    await imported(here, many(67))
    outcome = await run("appointments", "list")
    assert len(outcome.out.splitlines()) == 1 + 50
    assert outcome.err == "17 more come before these: --limit 67 shows them as well\n"


async def test_a_day_is_shown_whole(here: Installation) -> None:
    await imported(here, many(67))
    outcome = await run("appointments", "list", "--day", "tomorrow")
    assert (len(outcome.out.splitlines()), outcome.err) == (1 + 67, "")


async def test_programs_get_all_of_a_list_and_nothing_else(here: Installation) -> None:
    await imported(here, many(67))
    outcome = await run("appointments", "list", "--json")
    assert (len(outcome.records), outcome.err) == (67, "")


async def test_a_limit_holds_for_programs_too(here: Installation) -> None:
    await imported(here, many(3))
    outcome = await run("appointments", "list", "--json", "--limit", "2")
    assert ([record["id"] for record in outcome.records], outcome.err) == (["a1", "a2"], "")


async def test_a_board_shows_the_hour_the_name_and_how_it_stands_with_counts(here: Installation) -> None:
    await imported(here, HEADER + "a1,330 123 4567,2126-11-24 10:00,Anna,Check-up,,,\n")
    lines = (await run("appointments", "board", "--day", "2126-11-24")).out.splitlines()
    assert lines[1].split() == ["10:00", "Anna", "Check-up", "never", "reminded", ANNA, "a1"]
    assert lines[-1] == "2126-11-24: 1 appointment: 1 never reminded"


async def test_a_board_for_programs_has_the_fields_of_an_appointment_and_its_standing(here: Installation) -> None:
    await imported(here, HEADER + "a1,330 123 4567,2126-11-24 10:00,Anna,Check-up,,,\n")
    record = (await run("appointments", "board", "--day", "2126-11-24", "--json")).record
    assert (record["id"], record["starts_at"], record["standing"]) == ("a1", "2126-11-24T09:00:00Z", "never reminded")


async def test_a_day_without_appointments_says_so(here: Installation) -> None:
    assert here
    outcome = await run("appointments", "board")
    assert (outcome.code, outcome.out) == (0, "")
    assert "no appointments on this day" in outcome.err


async def test_a_status_is_set_by_hand_and_stands_in_the_history(here: Installation) -> None:
    await imported(here, HEADER + LINE)
    outcome = await run("appointments", "set", "a1", "confirmed", "--note", "she called")
    assert outcome.out == "appointment a1 of Anna on 2026-11-24 10:00 is confirmed now\n"
    assert await statuses() == {"a1": "confirmed"}
    last = (await run("appointments", "show", "a1", "--history", "--json")).records[-1]
    assert (last["what"], last["new_status"], last["detail"]) == ("set", "confirmed", "she called")


async def test_a_status_that_is_none_is_wrong_usage(here: Installation) -> None:
    await imported(here, HEADER + LINE)
    assert (await run("appointments", "set", "a1", "done")).code == 2


async def test_no_appointment_is_set_that_is_not_there(here: Installation) -> None:
    assert here
    outcome = await run("appointments", "set", "a9", "confirmed")
    assert (outcome.code, outcome.err) == (
        1,
        "no appointment has the id 'a9': 'responder appointments list' has the ids\n",
    )


REMINDING = "appointments: {reminders: [{before: 1d, text: 'See you.'}]}\n"


async def test_reminders_are_listed_with_what_became_of_them(here: Installation) -> None:
    here.write("rules.yaml", (here.folder / "rules.yaml").read_text() + REMINDING)
    await imported(here, HEADER + "a1,330 123 4567,2126-11-24 10:00,Anna,Check-up,,,\n")
    record = (await run("appointments", "reminders", "--json")).record
    assert (record["appointment"], record["reminder"], record["due_at"], record["status"]) == (
        "a1",
        "1d",
        "2126-11-23T09:00:00Z",
        "due",
    )


async def test_a_reminder_is_sent_now_on_demand(here: Installation) -> None:
    here.write("rules.yaml", (here.folder / "rules.yaml").read_text() + REMINDING)
    await imported(here, HEADER + "a1,330 123 4567,2126-11-24 10:00,Anna,Check-up,,,\n")
    outcome = await run("appointments", "reminders", "send-now", "a1")
    assert outcome.out.startswith("the reminder 1d before appointment a1 leaves now")
    assert (await run("appointments", "reminders", "--json")).record["due_at"] < "2126"
