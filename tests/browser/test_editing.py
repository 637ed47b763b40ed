"""The rules in a real browser: tried, changed, compared and saved, with nothing lost on the way (F4, F5)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Dialog, Locator, expect

from tests.browser.commands import records
from tests.browser.conftest import RULES, Opens, Serves
from tests.browser.visitor import Visitor
from tests.conftest import wait_until
from tests.end_to_end.service import Service

SLOW_MS = 60_000
SELECTED = (
    "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
)
CAMPAIGN_OF_SUMMER = """
  - name: summer
    when:
      text: {it: Estate, en: Summer}
      until: 2035-08-31
    cooldown: 30d
    then:
      - subscribe: summer
      - reply: {it: "Un gelato per te! STOP per uscire.", en: "An ice cream for you! STOP to leave."}
    examples:
      match: ["estate!", "Summer"]
"""


@pytest_asyncio.fixture(loop_scope="session")
async def editor(service: Service, window: Opens) -> AsyncIterator[Visitor]:
    """A window with the file as it stands, and no draft."""
    visitor = await window(service, "/rules/edit")
    await visitor.page.request.post(
        f"{visitor.origin}/rules/edit", form={"step": "discard"}, headers={"sec-fetch-site": "same-origin"}
    )
    await visitor.go("/rules/edit")
    yield visitor
    visitor.page.once("dialog", lambda dialog: dialog.accept())


def box_of(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("textbox", name="Rules")


async def edit(visitor: Visitor, old: str, new: str) -> None:
    """Put something in the place of what stands once in the text, as by hand."""
    text = await box_of(visitor).input_value()
    assert text.count(old) == 1
    await box_of(visitor).fill(text.replace(old, new))


async def check(visitor: Visitor) -> None:
    """Keep the draft as it stands, and wait for the page that says what check found."""
    async with visitor.page.expect_navigation(timeout=SLOW_MS):
        await visitor.page.get_by_role("button", name="Check", exact=True).click(no_wait_after=True)


async def save(visitor: Visitor, why: str) -> None:
    """Save with a word why, and once more in spite of the warnings that it is told then."""
    await visitor.page.get_by_role("textbox", name="Why").fill(why)
    async with visitor.page.expect_navigation(timeout=3 * SLOW_MS):
        await visitor.page.get_by_role("button", name="Save").click(no_wait_after=True)
    if await visitor.page.get_by_text("There are warnings: read them").count():
        await visitor.page.get_by_role("checkbox", name="save in spite of the warnings").check()
        async with visitor.page.expect_navigation(timeout=3 * SLOW_MS):
            await visitor.page.get_by_role("button", name="Save").click(no_wait_after=True)


async def in_force(service: Service) -> None:
    """Wait until the rules that were saved last decide."""
    saved = (await records(service, "rules", "history"))[-1]["hash"]

    async def are_read() -> bool:
        return bool((await service.readyz())["rules"]["hash"] == saved)

    await wait_until(are_read, 60, "the rules to be in force")


async def test_a_text_is_tried_and_its_reply_stands_there(service: Service, window: Opens) -> None:
    desk = await window(service, "/try")
    await desk.page.get_by_role("textbox", name="Text").fill("STOP")
    await desk.press("Send")
    await expect(desk.page.locator("li.out")).to_have_count(1)
    assert await desk.h1() == "Try"


async def test_a_mistake_is_told_while_one_types_and_save_is_off_with_the_reason(editor: Visitor) -> None:
    save_button = editor.page.get_by_role("button", name="Save")
    await edit(editor, "rules:", "rulez:")
    await expect(save_button).to_be_disabled(timeout=SLOW_MS)
    await expect(save_button).to_have_accessible_description(
        "There are mistakes: put them right, then it can be saved."
    )
    await edit(editor, "rulez:", "rules:")
    await expect(save_button).to_be_enabled(timeout=SLOW_MS)


async def test_what_check_says_leaves_the_focus_and_the_cursor_where_they_are(editor: Visitor) -> None:
    await edit(editor, 'subscribe: news\n      - reply: "Welcome', 'subscibe: news\n      - reply: "Welcome')
    await box_of(editor).press("Control+Home")
    await editor.page.keyboard.type("# hello")
    await editor.sees("did you mean 'subscribe'?")
    assert await editor.read("[document.activeElement.id, document.activeElement.selectionStart]") == ["rules", 7]


async def test_ctrl_space_offers_words_and_enter_takes_one(editor: Visitor) -> None:
    await box_of(editor).press("Control+End")
    await editor.page.keyboard.type("fall")
    await editor.page.keyboard.press("Control+Space")
    await expect(editor.page.get_by_role("option", name="fallback")).to_have_attribute("aria-selected", "true")
    await editor.page.keyboard.press("Enter")
    assert (await box_of(editor).input_value()).endswith("fallback")
    assert await editor.read("document.activeElement.id") == "rules"


@pytest.mark.parametrize(
    ("button", "name"),
    [
        ("Join a list", "join"),
        ("Answer a question", "parking"),
        ("Confirm an appointment", "visit-confirmed"),
        ("Call a system", "order-2"),
        ("Hand over to a person", "call-back"),
    ],
)
async def test_a_pattern_is_put_behind_the_last_rule_with_its_name_selected(
    editor: Visitor, button: str, name: str
) -> None:
    await editor.page.get_by_text("New rule").click()
    await editor.press(button)
    assert await editor.read(SELECTED) == name
    text = await box_of(editor).input_value()
    assert text.index("name: no\n") < text.index(f"name: {name}\n") < text.index("fallback:")
    await expect(editor.page.locator("#problems .error")).to_have_count(0)


async def test_leaving_with_a_text_that_is_not_kept_asks(editor: Visitor) -> None:
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    editor.page.once("dialog", stay)
    seen = await editor.page.locator("[name=seen]").input_value()
    await box_of(editor).press("Control+Home")
    await editor.page.keyboard.type("# not kept yet\n")
    await editor.read("void setTimeout(() => location.assign('/rules'), 0)")
    await wait_until(lambda: bool(asked), 30, "the question")
    assert asked == ["beforeunload"]
    assert (await box_of(editor).input_value()).startswith("# not kept yet")
    await expect(editor.page.locator("[name=seen]")).not_to_have_value(
        seen, timeout=SLOW_MS
    )  # or it is kept in the next
    editor.complaints.remove("dialog: ")


async def test_a_draft_is_there_again_after_the_window_was_closed(
    service: Service, editor: Visitor, window: Opens
) -> None:
    await edit(editor, "Welcome to our news.", "Welcome, dear reader.")
    await check(editor)
    other = await window(service, "/rules/edit")
    assert "Welcome, dear reader." in await box_of(other).input_value()


async def test_an_older_window_is_told_and_nothing_is_lost(service: Service, editor: Visitor, window: Opens) -> None:
    older = await window(service, "/rules/edit")
    await edit(editor, "Welcome to our news.", "From the first window.")
    await check(editor)
    await edit(older, "Welcome to our news.", "From the older window.")
    await expect(older.page.get_by_role("alert").filter(has_text="another window")).to_be_visible(timeout=SLOW_MS)
    await check(older)
    await older.sees("Your draft was changed in another window meanwhile")
    assert "From the older window." in await box_of(older).input_value()
    await expect(older.page.locator(".patch .more", has_text="From the first window.")).to_be_visible()
    await older.page.get_by_role("link", name="Go on with that of the other window").click()
    assert "From the first window." in await box_of(older).input_value()


async def test_a_file_that_changed_meanwhile_is_shown_beside_the_draft(service: Service, editor: Visitor) -> None:
    path = service.folder / "rules.yaml"
    before = path.read_bytes()
    theirs = before.replace(b"You left our news.", b"Goodbye.")
    await edit(editor, "Welcome to our news.", "Welcome, dear reader.")
    try:
        path.write_bytes(theirs)
        await save(editor, "warmer")
        await editor.sees("Somebody changed the file meanwhile")
        await editor.sees("Goodbye.")
        assert "Welcome, dear reader." in await box_of(editor).input_value()
        assert path.read_bytes() == theirs
    finally:
        path.write_bytes(before)


async def test_saving_changes_one_line_and_no_other_byte_and_a_real_text_gets_the_new_reply(
    service: Service, editor: Visitor
) -> None:
    path = service.folder / "rules.yaml"
    before = path.read_bytes()
    odd = b"\xef\xbb\xbf# caf\xc3\xa9 \xf0\x9f\x98\x80\r\n" + before.replace(b"\n", b"\r\n").replace(
        b"You left our news.", b"You\tleft  our news. \xf0\x9f\x91\x8b"
    ).removesuffix(b"\r\n")
    try:
        path.write_bytes(odd)
        await editor.go("/rules/edit")
        await edit(editor, "Welcome to our news.", "Welcome, dear reader.")
        await save(editor, "warmer")
        await editor.sees("Saved: the rules are in force within seconds.")
        assert path.read_bytes() == odd.replace(b"Welcome to our news.", b"Welcome, dear reader.")
        await in_force(service)
        await service.send("News ON", "+393339990001")
        await service.settled(60)
        sent = await records(service, "deliveries", "list")
        assert sent[-1]["text"] == "Welcome, dear reader."
    finally:
        path.write_bytes(before)


async def test_impact_says_the_same_as_replay(service: Service, editor: Visitor, tmp_path: Path) -> None:
    for number, text in enumerate(("News ON", "newz on", "Newz on!", "order 1", "what?")):
        await service.send(text, f"+39333888000{number}")
    await service.settled(60)
    await edit(editor, "text: News ON", "text: [News ON, newz on]")
    await edit(editor, "Welcome to our news.", "Welcome, dear reader.")
    candidate = tmp_path / "rules.yaml"
    candidate.write_text(await box_of(editor).input_value())
    await editor.press("Impact")
    await editor.page.locator("#impact strong").wait_for(timeout=3 * SLOW_MS)
    groups = await records(service, "replay", "--rules", str(candidate), "--since", "30d")
    shown = await editor.page.locator("#impact li").all_inner_texts()
    assert [int(one.split()[0]) for one in shown] == [group["count"] for group in groups]
    changed = sum(group["count"] for group in groups)
    assert changed >= 3
    assert (await editor.page.locator("#impact strong").inner_text()).startswith(f"{changed} of ")
    for group in groups:
        for sample in group["samples"]:
            await expect(editor.page.locator("#impact")).to_contain_text(sample["text"])


async def test_where_rules_are_only_looked_at_a_patch_is_given(serve: Serves, window: Opens) -> None:
    service = await serve(RESPONDER_CONSOLE_RULES="view")
    visitor = await window(service, "/rules/edit")
    await edit(visitor, "Welcome to our news.", "Welcome, dear reader.")
    await visitor.press("Check")
    assert await visitor.page.get_by_role("button", name="Save").count() == 0
    async with visitor.page.expect_download() as downloading:
        await visitor.page.get_by_role("link", name="Download as a patch").first.click()
    patch = (await (await downloading.value).path()).read_text()
    assert '+      - reply: "Welcome, dear reader."' in patch
    assert (service.folder / "rules.yaml").read_text().count("dear reader") == 0


async def test_a_campaign_is_made_and_put_live_by_the_browser_alone(serve: Serves, window: Opens) -> None:
    service = await serve(rules=RULES)
    visitor = await window(service, "/rules/edit")
    await edit(
        visitor,
        "  news: {title: Weekly news}\n",
        "  news: {title: Weekly news}\n  summer: {title: Summer, double_opt_in: true}\n",
    )
    await edit(visitor, "\nfallback:", f"{CAMPAIGN_OF_SUMMER}\nfallback:")
    await visitor.press("Test")
    await visitor.sees("all passed")
    await visitor.page.get_by_role("link", name="Try the draft").click()
    for said, told in (("Estate!", "Rispondi"), ("sì", "Un gelato per te!")):
        await visitor.page.get_by_role("textbox", name="Text").fill(said)
        await visitor.press("Send")
        await expect(visitor.page.locator("li.out").last).to_contain_text(told)
    await visitor.go("/rules/edit")
    await save(visitor, "summer campaign")
    await visitor.sees("Saved: the rules are in force within seconds.")
    await in_force(service)
    await service.send("Summer", "+393337770001")
    await service.settled(60)
    assert "YES" in json.dumps(await records(service, "deliveries", "list"))
