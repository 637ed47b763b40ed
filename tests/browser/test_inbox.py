"""What waits for a person, told at once and dealt with once (F7)."""

from functools import partial

from playwright.async_api import Locator, expect

from tests.browser.conftest import RULES, Opens, Serves
from tests.browser.visitor import Visitor, seen_within
from tests.end_to_end.service import Service

ANNA, BEA, CARLO, DORA, EMMA, FABIO, GINA, UGO, HUGO = (f"+39333700000{number}" for number in range(1, 10))
DOGS = (ANNA, *(f"+39333700050{number}" for number in range(4)))
IDA, JAN, KIM = (f"+39333700040{number}" for number in range(1, 4))
SPY = """
window.rung = 0; window.told = [];
const tone = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { window.rung += 1; return tone.call(this); };
window.Notification = class { constructor(said) { window.told.push(said); }
  static permission = "granted"; static requestPermission = async () => "granted"; };
"""
PAUSED = RULES.replace("[{hand_off: unrecognised}]", "[{hand_off: {reason: unrecognised, pause: 2h}}]")


def card(desk: Visitor, text: str) -> Locator:
    return desk.page.locator("article").filter(has_text=text)


async def test_a_handed_over_text_raises_the_count_in_the_title_and_in_the_navigation(
    service: Service, window: Opens
) -> None:
    desk = await window(service, "/inbox")

    async def hand_over(number: str) -> None:
        before = await desk.page.title()
        await service.send("May I bring my dog?", number)
        await desk.until(f"document.title !== {before!r} && /^[(][1-9][0-9]*[)] Hand-offs/.test(document.title)")

    await seen_within(2, *(partial(hand_over, number) for number in DOGS))
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


async def named(service: Service, window: Opens, name: str, **settings: bool) -> Visitor:
    """The hand-offs, before somebody who gave a name."""
    desk = await window(service, "/sign-in?next=/inbox", **settings)
    await desk.page.get_by_role("textbox", name="Your name").fill(name)
    await desk.press("Use this name")
    return desk


async def test_who_writes_has_it_in_hand_and_a_second_answer_has_to_be_meant(service: Service, window: Opens) -> None:
    await service.send("Do you take cards?", HUGO)
    await service.settled()
    anna, bea = await named(service, window, "Anna"), await named(service, window, "Bea")
    theirs = [card(desk, "Do you take cards?") for desk in (anna, bea)]
    await theirs[1].get_by_role("textbox", name="Reply").fill("Yes, all of")
    await anna.sees("Bea has it in hand since")
    await theirs[0].get_by_role("textbox", name="Reply").fill("Only cash.")
    await anna.press("Reply", within=theirs[0])
    await anna.sees("Bea has it in hand, so nothing was sent")
    assert await theirs[0].get_by_role("textbox", name="Reply").input_value() == "Only cash."
    assert replies_to(service, HUGO) == []
    await anna.press("Take over and reply", within=theirs[0])
    await anna.sees("You have it in hand")
    assert replies_to(service, HUGO) == ["Only cash."]
    await bea.sees("Anna has it in hand since")
    assert await theirs[1].get_by_role("textbox", name="Reply").input_value() == "Yes, all of"


async def test_who_takes_what_somebody_writes_about_loses_nothing_of_it(service: Service, window: Opens) -> None:
    await service.send("Is there parking?", IDA)
    await service.settled()
    anna, bea = await named(service, window, "Anna"), await named(service, window, "Bea")
    await anna.press("Take it", within=card(anna, "Is there parking?"))
    await bea.sees("Anna has it in hand since")
    box = card(bea, "Is there parking?").get_by_role("textbox", name="Reply")
    await box.fill("Behind the")
    await bea.press("Take over", within=card(bea, "Is there parking?"))
    await bea.sees("You have it in hand")
    assert await box.input_value() == "Behind the"
    await anna.sees("Bea has it in hand since")
    await anna.press("Done", within=card(anna, "Is there parking?"))
    await bea.sees("somebody is likely to have closed it")
    assert await box.input_value() == "Behind the"


async def test_what_one_has_in_hand_is_let_go_by_a_press_without_a_script_too(service: Service, window: Opens) -> None:
    await service.send("Do you gift-wrap?", JAN)
    await service.settled()
    anna = await named(service, window, "Anna", java_script_enabled=False)
    bea = await named(service, window, "Bea")
    await anna.press("Take it", within=card(anna, "Do you gift-wrap?"))
    await bea.sees("Anna has it in hand since")
    await anna.press("Let go", within=card(anna, "Do you gift-wrap?"))
    await card(bea, "Do you gift-wrap?").get_by_role("button", name="Take it").wait_for()


async def test_whoever_looks_at_the_person_sees_who_has_it_in_hand(service: Service, window: Opens) -> None:
    await service.send("Can you call me?", KIM)
    await service.settled()
    anna, bea = await named(service, window, "Anna"), await named(service, window, "Bea")
    await card(bea, "Can you call me?").get_by_role("link", name=KIM).click()
    await anna.press("Take it", within=card(anna, "Can you call me?"))
    await bea.sees("Anna has it in hand since")


def replies_to(service: Service, number: str) -> list[str]:
    found = service.query(f"SELECT content FROM steps WHERE originator = '{number}'")  # noqa: S608
    return [str(content) for (content,) in found]


async def test_of_two_who_close_the_same_the_second_is_told_who_was_first(service: Service, window: Opens) -> None:
    await service.send("Is it raining there?", DORA)
    await service.settled()
    first = await named(service, window, "Anna")
    second = await window(service, "/inbox", java_script_enabled=False)
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


async def test_what_somebody_writes_stays_while_more_comes_in(service: Service, window: Opens) -> None:
    await service.send("Is there a lift?", EMMA)
    await service.settled()
    desk = await window(service, "/inbox")
    box = card(desk, "Is there a lift?").get_by_role("textbox", name="Reply")
    await box.fill("Yes, on the")
    await desk.read("document.activeElement.blur()")
    await service.send("And a ramp?", FABIO)
    await desk.sees("And a ramp?")
    assert await box.input_value() == "Yes, on the"
    written = card(desk, "And a ramp?")
    await written.get_by_role("textbox", name="Reply").fill("è")
    assert await written.locator(".size").inner_text() == "1 segment · 1/160"


async def test_after_one_is_done_the_next_has_the_focus_so_that_the_keys_go_on(serve: Serves, window: Opens) -> None:
    service = await serve()
    for number in range(3):
        await service.send(f"question {number}?", f"+39333700020{number}")
    await service.settled()
    desk = await window(service, "/inbox")
    await desk.page.keyboard.press("j")
    await desk.page.keyboard.press("j")
    await desk.page.keyboard.press("e")
    await desk.page.keyboard.press("Enter")
    await desk.sees("Done.")
    assert await desk.page.locator("article").count() == 2
    await desk.until("document.activeElement === document.querySelectorAll('[data-item]')[1]")
    await desk.page.keyboard.press("?")
    await desk.sees("write a reply")


async def test_keys_can_be_turned_off(service: Service, window: Opens) -> None:
    await service.send("Do you have keys?", GINA)
    await service.settled()
    desk = await window(service, "/inbox")
    await desk.press("Use keys")
    await desk.read("document.activeElement.blur()")
    await desk.page.keyboard.press("j")
    assert await desk.read("document.activeElement === document.body")


async def test_a_sound_and_a_notification_come_only_after_somebody_asked_for_them(
    service: Service, window: Opens
) -> None:
    desk = await window(service, "/inbox")
    await desk.page.context.add_init_script(SPY)
    await desk.go("/inbox")
    await service.send("Quiet, please?", "+393337000301")
    await desk.sees("Quiet, please?")
    assert await desk.read("[window.rung, window.told.length]") == [0, 0]
    await desk.press("Sound")
    await desk.press("Notification")
    await expect(desk.page.get_by_role("button", name="Notification")).to_have_attribute("aria-pressed", "true")
    await desk.read("Object.defineProperty(document, 'hidden', {get: () => true})")
    await service.send("Louder, please?", "+393337000302")
    await desk.until("window.rung >= 2 && window.told.length === 1")  # the first sound says that it is on
    assert "waiting for a person" in str(await desk.read("window.told[0]"))
    await desk.go("/inbox")
    await expect(desk.page.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "true")


async def test_while_a_person_has_the_conversation_rules_are_quiet_and_the_page_says_until_when(
    serve: Serves, window: Opens
) -> None:
    service = await serve(PAUSED)
    for text in ("May I bring my dog?", "News ON"):
        await service.send(text, UGO)
        await service.settled()
    desk = await window(service, "/inbox")
    said = await card(desk, "May I bring my dog?").inner_text()
    assert "Rules answer nothing to this number until" in said
    assert "News ON" in said
    assert service.query("SELECT count(*) FROM steps WHERE kind = 'reply'") == [(0,)]
