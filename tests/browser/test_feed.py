"""The live feed: what comes in stands there at once, and nothing jumps."""

import re
import signal
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import BRUNO, Service, running, visiting


def test_a_text_appears_by_itself_with_its_rule_and_its_reply(page: Page, service: Service) -> None:
    page.goto("/")
    service.text("News ON")
    row = page.get_by_role("row").filter(has_text="News ON").first
    expect(row).to_be_visible(timeout=2000)
    expect(row).to_contain_text("news-on", timeout=4000)
    expect(row).to_contain_text("simulated", timeout=4000)


def test_filters_stand_in_the_address_which_shows_the_same_elsewhere(
    page: Page, service: Service, chromium: Browser
) -> None:
    service.text("ORARI")
    service.text("News ON", BRUNO)
    page.goto("/")
    page.get_by_label("Rule").select_option("hours")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile(r"rule=hours"))
    expect(page.get_by_role("row").filter(has_text="ORARI").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="News ON")).to_have_count(0)
    with visiting(chromium, service) as other:
        second = other.new_page()
        second.goto(page.url)
        assert second.locator("tbody tr").count() == page.locator("tbody tr").count()
    assert service.lines("/messages.json?rule=hours") == service.records("messages", "list", "--rule", "hours")


def test_while_it_is_scrolled_new_rows_wait_behind_a_button(page: Page, service: Service) -> None:
    for number in range(30):
        service.text(f"filling {number}", BRUNO)
    page.set_viewport_size({"width": 1000, "height": 500})
    page.goto("/")
    expect(page.get_by_role("row").filter(has_text="filling 29")).to_be_visible()
    link = page.locator("#feed tbody tr").nth(12).get_by_role("link").first
    link.focus()
    page.evaluate("window.scrollTo(0, 300)")
    before = page.evaluate("window.scrollY")
    for number in range(5):
        service.text(f"fresh {number}", BRUNO)
    button = page.get_by_role("button", name="5 new")
    expect(button).to_be_visible(timeout=6000)
    assert page.evaluate("window.scrollY") == before
    expect(link).to_be_focused()
    assert page.locator("[aria-live=polite]").filter(has=button).count() == 1
    button.click()
    expect(page.get_by_role("row").filter(has_text="fresh 4")).to_be_visible()


def test_without_javascript_the_list_is_there_and_can_be_refreshed(chromium: Browser, service: Service) -> None:
    service.text("News ON")
    with visiting(chromium, service, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        expect(page.get_by_role("row").filter(has_text="News ON").first).to_be_visible()
        page.get_by_role("link", name="Refresh").click()
        page.locator("tbody tr").first.get_by_role("link", name="Message of").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Message")


def test_a_service_that_was_killed_is_told_and_found_again_with_nothing_missing_or_twice(
    chromium: Browser, tmp_path: Path
) -> None:
    with running(tmp_path) as service:
        service.text("before")
        with visiting(chromium, service) as context:
            page = context.new_page()
            page.goto("/")
            expect(page.get_by_role("row").filter(has_text="before")).to_be_visible()
            service.stop(signal.SIGTERM)
            expect(page.locator("#lost")).to_contain_text("Connection lost", timeout=25_000)
            service.start()
            for number in range(3):
                service.text(f"after {number}")
            expect(page.get_by_role("row").filter(has_text="after 2")).to_be_visible(timeout=70_000)
            expect(page.locator("#lost")).to_be_hidden()
            shown = page.locator("#feed tbody tr").evaluate_all("rows => rows.map((row) => row.id.slice(2))")
        assert shown == [record["key"] for record in service.records("messages", "list")][::-1]
