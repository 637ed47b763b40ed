"""The rules in a real browser: a text is tried, and a mistake is told while one types (F4, F5)."""

from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.end_to_end.service import Service

SLOW_MS = 60_000


async def test_a_text_is_tried_and_its_reply_stands_there(service: Service, window: Opens) -> None:
    desk = await window(service, "/try")
    await desk.page.get_by_role("textbox", name="Text").fill("STOP")
    await desk.press("Send")
    await expect(desk.page.locator("li.out")).to_have_count(1)
    assert await desk.h1() == "Try"


async def test_a_mistake_is_told_while_one_types_and_save_is_off_with_the_reason(
    service: Service, window: Opens
) -> None:
    desk = await window(service, "/rules/edit")
    box, save = desk.page.get_by_role("textbox", name="Rules"), desk.page.get_by_role("button", name="Save")
    text = await box.input_value()
    await box.fill(text.replace("rules:", "rulez:", 1))
    await expect(save).to_be_disabled(timeout=SLOW_MS)
    await expect(save).to_have_accessible_description("There are mistakes: put them right, then it can be saved.")
    await box.fill(text)
    await expect(save).to_be_enabled(timeout=SLOW_MS)
