"""The day's board of the front desk: who comes, who has not answered, and what is set by hand (F8)."""

import re
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import httpx
import pytest_asyncio

from tests.browser.commands import records, run_command
from tests.browser.conftest import Opens
from tests.browser.visitor import seen_within
from tests.end_to_end.service import Service

ROME = ZoneInfo("Europe/Rome")
ANNA, BEA = "+393336000001", "+393336000002"
PATIENTS = 23
TWINS = "+393336000009"
HEAD = "id,originator,starts_at,name,service,location,language,asked_at"


def tomorrow() -> date:
    return (datetime.now(ROME) + timedelta(days=1)).date()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clinic(service: Service) -> Service:
    """Twenty-five appointments tomorrow, of which two people were asked about theirs."""
    asked = datetime.now(ROME) - timedelta(hours=1)
    lines = [HEAD]
    for number, (phone, name) in enumerate(((ANNA, "Anna Bo"), (BEA, "Bea Blu"))):
        lines.append(
            f"a{number},{phone},{tomorrow()}T10:0{number},{name},check-up,,en,{asked.isoformat(timespec='seconds')}"
        )
    lines += [
        f"p{n},+39333610{n:04},{tomorrow()}T{11 + n // 12}:{n % 12 * 5:02},Patient {n},cleaning,,en,"
        for n in range(PATIENTS)
    ]
    (service.folder / "day.csv").write_text("\n".join(lines) + "\n")
    await run_command(service, "appointments", "import", "day.csv")
    return service


async def test_a_yes_from_the_patient_turns_the_row_to_confirmed_without_a_reload(
    clinic: Service, window: Opens
) -> None:
    desk = await window(clinic, f"/appointments?day={tomorrow()}")
    assert await desk.h1() == "Appointments"
    await desk.read("window.isTheSame = true")

    async def confirm(phone: str, name: str) -> None:
        await clinic.send("Sì", phone, date_time=datetime.now(ROME).strftime("%Y%m%d%H%M%S"))
        await desk.page.locator("tr", has_text=name).locator(".status.confirmed").wait_for()

    await desk.page.locator("tr", has_text="Anna Bo").locator(".status.no-answer-yet").wait_for()
    others = [partial(confirm, f"+39333610{number:04}", f"Patient {number}") for number in range(10, 14)]
    await seen_within(2, partial(confirm, ANNA, "Anna Bo"), *others)
    assert await desk.read("window.isTheSame") is True


async def test_a_status_set_by_hand_stands_in_the_history_with_who_and_why(clinic: Service, window: Opens) -> None:
    desk = await window(clinic, f"/sign-in?next=/appointments%3Fday={tomorrow()}")
    await desk.page.get_by_role("textbox", name="Your name").fill("Maria")
    await desk.press("Use this name")
    row = desk.page.locator("tr", has_text="Bea Blu")
    await row.get_by_role("combobox", name="Status").select_option("confirmed")
    await row.get_by_role("textbox", name="Note").fill("by telephone")
    await desk.press("Set status", within=row)
    await desk.page.locator("tr", has_text="Bea Blu").locator(".status.confirmed").wait_for()
    await desk.page.locator("tr", has_text="Bea Blu").locator("td.when a").click()
    assert await desk.h1() == "Appointment"
    history = await desk.page.locator("main table").inner_text()
    assert "Maria" in history
    assert "by telephone" in history
    assert (await records(clinic, "appointments", "show", "a1"))[0]["status"] == "confirmed"


async def test_a_day_of_twenty_five_prints_on_one_page_without_navigation(clinic: Service, window: Opens) -> None:
    desk = await window(clinic, f"/appointments?day={tomorrow()}")
    await desk.page.emulate_media(media="print")
    assert await desk.page.locator("table.board tbody tr").count() == 25
    assert len(re.findall(rb"/Type\s*/Page\b", await desk.page.pdf(format="A4"))) == 1
    assert not await desk.page.locator("nav").is_visible()
    assert not await desk.page.get_by_role("button", name="Set status").first.is_visible()


async def test_the_calendar_has_no_number_and_needs_its_secret_address(clinic: Service, window: Opens) -> None:
    desk = await window(clinic, "/appointments")
    path = await desk.page.locator("a[href$='.ics']").get_attribute("href")
    async with httpx.AsyncClient(timeout=30, base_url=f"http://127.0.0.1:{clinic.port}") as client:
        calendar = await client.get(str(path))
        assert calendar.text.count("BEGIN:VEVENT") == 25
        assert "39333" not in calendar.text
        assert (await client.get("/calendar/guessed.ics")).status_code == 404


async def test_the_next_day_is_one_link_away_and_an_empty_one_says_what_would_be_there(
    clinic: Service, window: Opens
) -> None:
    desk = await window(clinic, f"/appointments?day={tomorrow()}")
    await desk.press("next day →", "link")
    assert f"day={tomorrow() + timedelta(days=1)}" in desk.page.url
    await desk.sees("Nobody has an appointment on this day")
    await desk.page.go_back()
    await desk.sees("Anna Bo")


async def test_after_a_status_is_set_the_page_is_where_it_was(clinic: Service, window: Opens) -> None:
    desk = await window(clinic, f"/appointments?day={tomorrow()}")
    row = desk.page.locator("tr", has_text="Patient 22")
    await row.scroll_into_view_if_needed()
    await row.get_by_role("combobox", name="Status").select_option("cancelled")
    place = await desk.read("window.scrollY")
    await desk.press("Set status", within=row)
    await desk.page.locator("tr", has_text="Patient 22").locator(".status.cancelled").wait_for()
    assert place > 0
    assert abs(await desk.read("window.scrollY") - place) < 60


async def test_what_is_chosen_or_noted_in_a_row_stays_while_an_answer_comes_in(clinic: Service, window: Opens) -> None:
    desk = await window(clinic, f"/appointments?day={tomorrow()}")
    mine, theirs = (desk.page.locator("tr", has_text=name) for name in ("Patient 7", "Bea Blu"))
    await mine.get_by_role("combobox", name="Status").select_option("confirmed")
    await mine.get_by_role("textbox", name="Note").fill("on the phone")
    await run_command(clinic, "appointments", "set", "a1", "cancelled", "--note", "called")
    await theirs.locator(".status.cancelled").wait_for()
    assert await mine.get_by_role("textbox", name="Note").input_value() == "on the phone"
    assert await mine.get_by_role("combobox", name="Status").input_value() == "confirmed"


async def test_of_two_on_one_phone_the_question_which_is_meant_stands_on_their_person_s_page(
    service: Service, window: Opens
) -> None:
    asked = (datetime.now(ROME) - timedelta(hours=1)).isoformat(timespec="seconds")
    later = tomorrow() + timedelta(days=3)
    lines = [f"t{n},{TWINS},{later}T1{n}:00,Twin {n},check-up,,en,{asked}" for n in (0, 1)]
    (service.folder / "twins.csv").write_text("\n".join([HEAD, *lines]) + "\n")
    await run_command(service, "appointments", "import", "twins.csv")
    await service.send("Yes", TWINS, date_time=datetime.now(ROME).strftime("%Y%m%d%H%M%S"))
    await service.settled()
    desk = await window(service, f"/appointments?day={later}")
    assert await desk.page.locator("tr", has_text="asked which one").count() == 2
    await desk.press("Twin 0", "link")
    talk = await desk.page.locator("#talk").inner_text()
    assert "Which one do you confirm?" in talk
    facts = await desk.page.locator("aside").inner_text()
    assert "waits for an answer: which one?" in facts


async def test_a_file_is_tried_and_then_brought_in_without_choosing_it_again(service: Service, window: Opens) -> None:
    day = tomorrow() + timedelta(days=9)
    lines = [HEAD, *(f"f{n},+39333620{n:04},{day}T{8 + n // 4:02}:{n % 4 * 15:02},File {n},,,en," for n in range(40))]
    desk = await window(service, f"/appointments?day={day}")
    await desk.page.get_by_label("File").set_input_files(
        {"name": "day.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    )
    await desk.press_and_wait("Dry run")
    assert await desk.h1() == "Import"
    await desk.sees("40 new")
    assert service.query("SELECT count(*) FROM appointments WHERE id LIKE 'f%'") == [(0,)]
    await desk.press_and_wait("Import it now")
    await desk.sees("Done.")
    await desk.go(f"/appointments?day={day}")
    assert await desk.page.locator("table.board tbody tr").count() == 40


async def test_a_file_with_a_wrong_line_changes_nothing_and_names_the_line(service: Service, window: Opens) -> None:
    desk = await window(service, f"/appointments?day={tomorrow() + timedelta(days=8)}")
    await desk.press_and_wait("Import")
    await desk.sees("Choose a file first.")
    await desk.page.get_by_label("File").set_input_files(
        {"name": "day.csv", "mimeType": "text/csv", "buffer": f"{HEAD}\nw1,3.93E11,2030-01-01T10:00,A,,,,\n".encode()}
    )
    await desk.press_and_wait("Dry run")
    await desk.sees("Nothing was changed.")
    assert "day.csv:2" in await desk.page.locator("pre").first.inner_text()
    assert await desk.page.get_by_role("button", name="Import it now").count() == 0
