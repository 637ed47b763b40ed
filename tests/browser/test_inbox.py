"""What waits for a person, told at once and dealt with once (F7)."""

from playwright.async_api import Locator

from tests.browser.conftest import Opens
from tests.browser.visitor import Visitor
from tests.end_to_end.service import Service

ANNA, BEA, CARLO, DORA, EMMA = (f"+39333700000{number}" for number in range(1, 6))


def card(desk: Visitor, text: str) -> Locator:
    return desk.page.locator("article").filter(has_text=text)


async def test_a_handed_over_text_raises_the_count_in_the_title_and_in_the_navigation(
    service: Service, window: Opens
) -> None:
    desk = await window(service, "/inbox")
    await service.send("May I bring my dog?", ANNA)
    await desk.until("/^[(][1-9][0-9]*[)] Hand-offs/.test(document.title)")
    await desk.sees("May I bring my dog?")
    count = await desk.page.locator("nav [data-count=handoffs] b").inner_text()
    assert (await desk.page.title()).startswith(f"({count})")
    elsewhere = await window(service, "/lists")
    assert await elsewhere.page.locator("nav [data-count=handoffs]").is_visible()


async def test_a_reply_leaves_and_done_closes_with_a_note(service: Service, window: Opens) -> None:
    await service.send("Do you sell bread?", BEA)
    await service.settled()
    desk = await window(service, "/inbox")
    await card(desk, "Do you sell bread?").get_by_role("textbox", name="Reply").fill("Every morning.")
    await desk.press("Reply", within=card(desk, "Do you sell bread?"))
    await desk.sees("It leaves within seconds")
    await card(desk, "Do you sell bread?").get_by_role("textbox", name="Note").fill("a customer")
    await desk.press("Done", within=card(desk, "Do you sell bread?"))
    await desk.page.locator("article").filter(has_text="Do you sell bread?").wait_for(state="detached")
    await desk.go("/inbox?show=all")
    assert "a customer" in await card(desk, "Do you sell bread?").inner_text()
    await service.settled()
    assert service.query(f"SELECT content FROM steps WHERE originator = '{BEA}'")  # noqa: S608


async def test_it_was_a_stop_records_the_opt_out_with_that_text_as_proof(service: Service, window: Opens) -> None:
    await service.send("I would like to hear less of you", CARLO)
    await service.settled()
    desk = await window(service, "/inbox")
    await desk.press("It was a STOP", within=card(desk, "hear less of you"))
    await desk.sees("Opted out, and done.")
    events = service.query(f"SELECT event, text FROM consent_events WHERE originator = '{CARLO}'")  # noqa: S608
    assert ("opt_out", "I would like to hear less of you") in events


async def test_of_two_who_close_the_same_the_second_is_told_who_was_first(service: Service, window: Opens) -> None:
    await service.send("Is it raining there?", DORA)
    await service.settled()
    first, second = (
        await window(service, "/sign-in?next=/inbox"),
        await window(service, "/inbox", java_script_enabled=False),
    )
    await first.page.get_by_role("textbox", name="Your name").fill("Anna")
    await first.press("Use this name")
    await first.press("Done", within=card(first, "Is it raining there?"))
    await first.sees("Done.")
    await second.press("Done", within=card(second, "Is it raining there?"))
    await second.sees("Anna has closed this one already.")


async def test_keys_move_between_hand_offs_and_are_off_while_somebody_writes(service: Service, window: Opens) -> None:
    for number, text in enumerate(("first question?", "second question?")):
        await service.send(text, f"+39333700010{number}")
        await service.settled()
    desk = await window(service, "/inbox")
    await desk.sees("second question?")
    await desk.page.locator("[data-item]").first.focus()
    await desk.page.keyboard.press("j")
    await desk.until("document.activeElement === document.querySelectorAll('[data-item]')[1]")
    await desk.page.keyboard.press("k")
    await desk.until("document.activeElement === document.querySelectorAll('[data-item]')[0]")
    await desk.page.keyboard.press("r")
    await desk.until("document.activeElement.matches('textarea')")
    await desk.page.keyboard.type("jerk")
    assert await desk.read("document.activeElement.value") == "jerk"
