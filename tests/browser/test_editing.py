"""The rules in a real browser: tried, checked while one types, and saved."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Service

SLOW_MS = 90_000


def test_a_text_is_tried_and_its_reply_stands_there(page: Page) -> None:
    page.goto("/try")
    page.get_by_role("textbox", name="Text").fill("news off")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("li.out")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("news-off")


def test_a_mistake_is_told_while_one_types_and_save_is_off_with_the_reason(page: Page, service: Service) -> None:
    page.goto("/rules/edit")
    box = page.get_by_role("textbox", name="Rules")
    text = box.input_value()
    box.fill(text.replace("subscribe: news", "subscibe: news", 1))
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_disabled(timeout=SLOW_MS)
    expect(save).to_have_accessible_description("There are mistakes: put them right, then it can be saved.")
    expect(page.locator("#problems")).to_contain_text("did you mean 'subscribe'?")
    box.fill(text)
    expect(save).to_be_enabled(timeout=SLOW_MS)
    assert (service.folder / "rules.yaml").read_text() == text
