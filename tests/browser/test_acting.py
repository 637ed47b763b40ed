"""What a front desk does all day: hand-offs, replies and the board, by the browser alone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import ANNA, BRUNO, Service, running, visiting

CARLA, DARIO, ELENA = "+393301110001", "+393301110002", "+393301110003"
PASSWORD = "long enough, and easy to type"


def card(page: Page, text: str) -> Locator:
    return page.get_by_role("article").filter(has_text=text)


def person(page: Page, number: str) -> None:
    page.goto("/")
    page.get_by_label("Number").fill(number)
    page.get_by_role("button", name="Find").click()


def test_a_hand_off_raises_the_count_in_the_title_by_itself(page: Page, service: Service) -> None:
    page.goto("/inbox")
    before = int((re.findall(r"\((\d+)\)", page.title()) or ["0"])[0])
    service.text("mi potete richiamare?", CARLA)
    expect(page).to_have_title(re.compile(rf"\({before + 1}\)"), timeout=8000)
    expect(card(page, "mi potete richiamare?")).to_be_visible()


def test_it_was_a_stop_opts_the_number_out_with_the_text_as_proof(page: Page, service: Service) -> None:
    service.text("potete lasciare un messaggio in negozio", DARIO)
    page.goto("/inbox")
    mine = card(page, "lasciare un messaggio")
    expect(mine).to_be_visible()
    mine.get_by_role("button", name="It was a STOP").click()
    expect(page.get_by_role("status").filter(has_text="Opted out, and done.")).to_be_visible()
    events = service.records("consent", "show", DARIO)
    assert any("lasciare un messaggio" in str(event) for event in events)
    person(page, DARIO)
    expect(page.get_by_role("textbox", name="Reply")).to_have_count(0)
    expect(page.get_by_text("This number said STOP")).to_be_visible()


def test_the_second_of_two_browsers_is_told_who_closed_it(chromium: Browser, service: Service) -> None:
    service.text("chi apre domani?", ELENA)
    with visiting(chromium, service) as first, visiting(chromium, service) as second:
        anna, ugo = first.new_page(), second.new_page()
        for page, name in ((anna, "Anna"), (ugo, "Ugo")):
            page.goto("/sign-in")
            page.get_by_label("Your name").fill(name)
            page.get_by_role("button", name="Use this name").click()
            page.goto("/inbox")
            page.evaluate(
                "document.querySelectorAll('[data-live]').forEach((part) => part.removeAttribute('data-live'))"
            )
        card(ugo, "chi apre domani?").get_by_role("button", name="Done").click()
        expect(ugo.get_by_role("status").filter(has_text="Done.")).to_be_visible()
        card(anna, "chi apre domani?").get_by_role("button", name="Done").click()
        expect(anna.get_by_text("Ugo has closed this one already.")).to_be_visible()


def test_the_segments_of_a_reply_are_counted_while_it_is_typed(page: Page, service: Service) -> None:
    service.text("News ON", BRUNO)
    person(page, BRUNO)
    box, size = page.get_by_role("textbox", name="Reply"), page.locator("#size")
    box.fill("è")
    expect(size).to_have_text("1 segment · 1/160")
    box.fill("ê")
    expect(size).to_have_text("1 segment · 1/70")
    box.fill("a" * 161)
    expect(size).to_have_text("2 segments · 161/306")


def test_a_reply_that_is_pressed_twice_leaves_once(page: Page, service: Service) -> None:
    service.text("News ON", ANNA)
    person(page, ANNA)
    page.get_by_role("textbox", name="Reply").fill("We are on our way.")
    page.get_by_role("button", name="Reply").dblclick()
    expect(page.locator(".talk").get_by_text("We are on our way.")).to_be_visible()
    sent = [record for record in service.records("deliveries", "list") if record["text"] == "We are on our way."]
    assert len(sent) == 1


@pytest.fixture(scope="module")
def appointments(service: Service) -> list[str]:
    """A day with 25 appointments, all of them asked about."""
    day = (datetime.now(UTC) + timedelta(days=1)).date()
    asked = datetime.now(UTC) - timedelta(hours=1)
    rows = [
        f"a{number},+3933022200{number:02},{day}T{8 + number // 3:02}:{number % 3 * 20:02},Name {number},Visit,,,{asked:%Y-%m-%dT%H:%M:%SZ}"
        for number in range(25)
    ]
    file = service.folder / "day.csv"
    file.write_text("\n".join(["id,originator,starts_at,name,service,location,language,asked_at", *rows]) + "\n")
    service.command("appointments", "import", str(file))
    return [day.isoformat(), "+393302220000", "+393302220001"]


def test_a_yes_turns_its_row_to_confirmed_by_itself(page: Page, service: Service, appointments: list[str]) -> None:
    day, phone, _ = appointments
    page.goto(f"/appointments?day={day}")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Name 0", exact=True))
    expect(row).to_contain_text("no answer yet")
    service.text("Sì", phone)
    expect(row.locator(".status")).to_have_text("confirmed", timeout=8000)


def test_a_status_set_by_hand_stands_in_the_history_with_who_did_it(page: Page, appointments: list[str]) -> None:
    page.goto("/sign-in")
    page.get_by_label("Your name").fill("Ugo")
    page.get_by_role("button", name="Use this name").click()
    page.goto(f"/appointments?day={appointments[0]}")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Name 5", exact=True))
    row.get_by_label("Status").select_option("confirmed")
    row.get_by_label("Note").fill("by telephone")
    row.get_by_role("button", name="Set status").click()
    expect(row.locator(".status")).to_have_text("confirmed")
    row.get_by_role("link").first.click()
    history = page.get_by_role("row").filter(has_text="by telephone")
    expect(history).to_contain_text("Ugo")


def test_a_day_of_25_appointments_prints_on_one_page_without_navigation(
    page: Page, appointments: list[str], tmp_path: Path
) -> None:
    page.goto(f"/appointments?day={appointments[0]}")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_have_count(0)
    printed = page.pdf(format="A4", path=tmp_path / "board.pdf")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_the_board_as_data_is_what_the_command_prints(service: Service, appointments: list[str]) -> None:
    day = appointments[0]
    assert service.lines(f"/appointments.json?day={day}") == service.records("appointments", "board", "--day", day)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/messages.json", ("messages", "list")),
        ("/inbox.json", ("handoffs", "list")),
        ("/deliveries.json", ("deliveries", "list")),
        ("/lists/news.json", ("subscribers", "list", "--list", "news")),
    ],
)
def test_a_list_as_data_is_what_its_command_prints(service: Service, path: str, command: tuple[str, ...]) -> None:
    assert service.lines(path) == service.records(*command)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path, ADMIN_PASSWORD=PASSWORD) as service:
        yield service


def test_somebody_signs_in_with_name_and_password_and_out_again(chromium: Browser, guarded: Service) -> None:
    with visiting(chromium, guarded) as context:
        page = context.new_page()
        page.goto("/inbox")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        page.get_by_role("textbox", name="Your name").fill("Anna")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Password")).to_be_focused()
        expect(page.get_by_text("This is not the password.")).to_be_visible()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Hand-offs")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
