"""Every page for everybody: by keyboard, on a phone, in the dark, without script, in both languages (F14)."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, StorageState

from tests.browser.commands import run_command
from tests.browser.conftest import AXE, PASSWORD, RULES, Opens
from tests.browser.visitor import DESK, PHONE, Visitor
from tests.end_to_end.service import Service, serving
from tests.receiver import Receiver

REMINDING = RULES.replace("rules:\n", "appointments:\n  reminders: [{before: 1h, text: YES or NO?}]\nrules:\n", 1)
A_NAME_OF_CODE = re.compile(r"\b[a-z]+_[a-z_]+\b")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ANNA, BEA = "+393338000001", "+393338000002"
GONE = 410  # a receiver of webhooks that wants no more calls
HOSTILE = "<b>bold</b> {{7*7}} \u202eevil\u2066 a\u0007b https://x.example/" + "long" * 40
NARROW = {"width": 320, "height": 640}
MOST_BYTES = 12_000  # of a page's script and style, compressed
TRANSLATIONS = Path(__file__).parents[2] / "responder/web/console/translations/it.json"
HEADINGS = {
    "/": "Messages",
    "/?unmatched=1": "Messages",
    "/messages/KEY": "Message",
    "/people/HANDLE": "Person",
    "/people/HANDLE/proof": "Proof",
    "/inbox": "Hand-offs",
    "/inbox?show=all": "Hand-offs",
    "/appointments": "Appointments",
    "/appointments?day=DAY": "Appointments",
    "/appointments/a1": "Appointment",
    "/lists": "Lists",
    "/lists/news": "Lists",
    "/deliveries": "Deliveries",
    "/deliveries?tab=all": "Deliveries",
    "/deliveries?tab=uncertain": "Deliveries",
    "/unmatched": "Unmatched",
    "/try": "Try",
    "/try?message=KEY": "Try",
    "/try then Send": "Try",
    "/rules": "Rules",
    "/rules?pause=order": "Rules",
    "/rules/edit": "Rules",
    "/rules/edit?step=test": "Rules",
    "/rules/edit then Check": "Rules",
    "/rules/history": "Rules",
    "/status": "Status",
    "/messages/no-such-key": "Not found",
}
WALK = """() => {
  const here = document.activeElement, box = here.getBoundingClientRect(), style = getComputedStyle(here);
  const top = document.elementFromPoint(box.left + Math.min(box.width, 20) / 2, box.top + Math.min(box.height, 20) / 2);
  return {tag: here.tagName, name: (here.textContent || here.name || "").trim().slice(0, 40), outline: style.outlineStyle,
    isInside: box.bottom > 0 && box.top < innerHeight, isOnTop: !top || here.contains(top) || top.contains(here)};
}"""
READABLE = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.data.trim() && !node.parentElement.closest(
        "[lang=en], [lang=it]:not(html), bdi, code, pre, script, noscript, option, textarea, table.code"))
      found.push(node.data.trim().replace(/\\s+/g, " "));
  return found;
}"""


FILLED = {  # what is typed before a button is pressed: something to explain, a mistake
    "Send": ("text", HOSTILE),
    "Check": ("rules", f"{RULES}rulez: 1\n"),
}


async def reach(visitor: Visitor, path: str) -> None:
    """Open a page, and press the button that its address here names."""
    address, _, button = path.partition(" then ")
    await visitor.go(address)
    if button:
        name, typed = FILLED[button]
        await visitor.page.locator(f"main [name={name}]").fill(typed)
        async with visitor.page.expect_navigation():
            await visitor.page.locator(f"main button[value={button.lower()}]:not(.unseen)").click(no_wait_after=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> AsyncIterator[Service]:
    """A run with a password in which something of every kind has happened."""
    password = {"RESPONDER_ADMIN_PASSWORD": PASSWORD}
    receiver.status = 200
    sender = {"RESPONDER_SENDER": "+393331234333"}
    async with serving(tmp_path_factory.mktemp("house"), receiver, rules=REMINDING, **password, **sender) as service:
        start = datetime.now(UTC) + timedelta(days=1)
        lines = [f"a{number},{ANNA},{start:%Y-%m-%d}T1{number}:00,{HOSTILE[:15]},check-up" for number in (1, 2)]
        (service.folder / "day.csv").write_text("\n".join(["id,originator,starts_at,name,service", *lines]) + "\n")
        await run_command(service, "appointments", "import", "day.csv")
        await run_command(service, "appointments", "reminders", "send-now", "a1")
        await run_command(service, "appointments", "set", "a1", "confirmed", "--note", HOSTILE[:15])
        for text, phone in (
            ("News ON", ANNA),
            ("News OFF", ANNA),
            (HOSTILE, BEA),
            ("News ON", BEA),
            ("Wrong number", BEA),
        ):
            await service.send(text, phone)
            await service.settled()
        receiver.status = GONE
        for number in range(3):
            await service.send(f"order {number}", BEA)
        await service.settled(90)
        receiver.status = 200
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def signed_in(chromium: Browser, house: Service) -> StorageState:
    """The cookies of somebody who has signed in."""
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{house.port}/sign-in")
    await page.get_by_role("textbox", name="Your name").fill("Anna")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Messages").wait_for()
    state = await context.storage_state()
    await context.close()
    return state


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pages(house: Service, signed_in: StorageState, chromium: Browser) -> Mapping[str, str]:
    """Every page by its address, with the heading it should have."""
    context = await chromium.new_context(storage_state=signed_in)
    answer = await context.request.get(f"http://127.0.0.1:{house.port}/messages.json")
    key = next(one["key"] for one in map(json.loads, (await answer.text()).splitlines()) if one["originator"] == BEA)
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{house.port}/messages/{key}")
    handle = str(await page.locator("main a.number").first.get_attribute("href")).rpartition("/")[2]
    await context.close()
    day = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    return {path.replace("KEY", key).replace("HANDLE", handle).replace("DAY", day): h for path, h in HEADINGS.items()}


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
async def test_axe_finds_nothing_on_any_page(
    house: Service, signed_in: StorageState, pages: Mapping[str, str], window: Opens, colours: str, screen: Any
) -> None:
    if not AXE:
        pytest.skip("AXE_CORE names no axe.min.js: npm install axe-core, and AXE_CORE=node_modules/axe-core/axe.min.js")
    found: list[str] = []
    visitor = await window(house, "/sign-in", viewport=screen, color_scheme=colours)
    await visitor.page.context.add_init_script(path=AXE)
    for path in ("/sign-in", *pages):
        if path == "/":
            await visitor.page.context.add_cookies(signed_in["cookies"])  # type: ignore[arg-type]  # (the same cookies)
        await reach(visitor, path)
        for is_hovering in (False, True):
            button = visitor.page.locator("main button:visible:not(.unseen)").first
            if is_hovering and not await button.count():
                continue
            if is_hovering:
                await button.hover()
            result = await visitor.read(
                f"axe.run(document, {{runOnly: {json.dumps(LEVELS)}, resultTypes: ['violations']}})"
            )
            found += [
                f"{path}: {one['id']} {node['html'][:120]}" for one in result["violations"] for node in one["nodes"]
            ]
    assert found == []


async def test_every_page_has_its_heading_and_landmarks_and_fits_a_narrow_screen(
    house: Service, signed_in: StorageState, pages: Mapping[str, str], window: Opens
) -> None:
    visitor = await window(house, storage_state=signed_in, viewport=NARROW)
    wrong = []
    for path, heading in pages.items():
        await reach(visitor, path)
        if await visitor.h1() != heading:
            wrong.append(f"{path}: h1 is {await visitor.h1()}")
        landmarks = await visitor.page.locator("main, nav[aria-label=Main]").count()
        if landmarks != 2:
            wrong.append(f"{path}: {landmarks} landmarks")
        width = await visitor.read("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wrong.append(f"{path}: {width} pixels wide")
    assert wrong == []


async def test_a_hostile_text_does_nothing_on_any_page(
    house: Service, signed_in: StorageState, pages: Mapping[str, str], window: Opens
) -> None:
    visitor = await window(house, storage_state=signed_in)
    for path in pages:
        await reach(visitor, path)
        assert await visitor.page.locator("main img, main b:has-text('bold'), main a[href^=http]").count() == 0, path
        assert not [
            text for text in await visitor.page.locator("main .text").all_inner_texts() if "bold</b> 49" in text
        ], path
        assert "\u202e" not in await visitor.page.locator("main").inner_text(), path


async def test_every_page_is_there_without_script(
    house: Service, signed_in: StorageState, pages: Mapping[str, str], window: Opens
) -> None:
    visitor = await window(house, storage_state=signed_in, java_script_enabled=False)
    for path, heading in pages.items():
        await reach(visitor, path)
        assert await visitor.h1() == heading, path
        assert await visitor.page.locator("nav").get_by_role("link").count() >= 6


async def test_every_page_is_usable_by_keyboard_and_shows_where_one_is(
    house: Service, signed_in: StorageState, pages: Mapping[str, str], window: Opens
) -> None:
    visitor = await window(house, storage_state=signed_in)
    wrong = []
    for path in pages:
        await reach(visitor, path)
        begins_at_top = " then " not in path and await visitor.read("document.activeElement === document.body")
        await visitor.read("document.activeElement.blur()")
        for step in range(40):
            if await visitor.read("document.activeElement.id === 'rules'"):
                await visitor.page.keyboard.press("Escape")  # there, Tab indents
            await visitor.page.keyboard.press("Tab")
            there = await visitor.read(WALK)
            if there["tag"] == "BODY":
                break
            if step == 0 and begins_at_top and there["name"] != "Skip to the page":
                wrong.append(f"{path}: begins at {there}")
            if there["outline"] == "none" or not there["isInside"] or not there["isOnTop"]:
                wrong.append(f"{path}: {there}")
    assert wrong == []


async def test_an_italian_page_has_no_english_word_of_ours(
    house: Service, signed_in: StorageState, pages: Mapping[str, str], window: Opens
) -> None:
    translations = json.loads(TRANSLATIONS.read_text())
    english = {key for key, said in translations.items() if isinstance(said, str) and said != key}
    italian = await window(house, storage_state=signed_in, locale="it-IT")
    left = []
    for path in pages:
        await reach(italian, path)
        assert await italian.read("document.documentElement.lang") == "it", path
        left += [
            f"{path}: {said}" for said in await italian.read(READABLE) if said in english or A_NAME_OF_CODE.search(said)
        ]
    assert left == []
    await italian.press("English")
    assert await italian.read("document.documentElement.lang") == "en"


async def test_script_and_style_of_every_page_are_small(
    house: Service, signed_in: StorageState, pages: Mapping[str, str], window: Opens
) -> None:
    visitor = await window(house, storage_state=signed_in)
    large = {}
    async with httpx.AsyncClient(timeout=30, headers={"accept-encoding": "gzip"}) as client:
        for path in pages:
            await reach(visitor, path)
            parts = await visitor.read(
                "[...document.querySelectorAll('link[rel=stylesheet], script')].map(one => one.href || one.src)"
            )
            sizes = [int((await client.get(part)).headers["content-length"]) for part in parts]
            if len(parts) < 2 or sum(sizes) > MOST_BYTES:
                large[path] = sizes
    assert large == {}


async def test_what_the_reader_prefers_is_honoured(house: Service, signed_in: StorageState, window: Opens) -> None:
    visitor = await window(house, storage_state=signed_in, color_scheme="dark", reduced_motion="reduce")
    dark = await visitor.read("getComputedStyle(document.body).backgroundColor")
    await visitor.page.emulate_media(color_scheme="light")
    assert await visitor.read("getComputedStyle(document.body).backgroundColor") != dark
    await visitor.press("Dark")
    await visitor.page.emulate_media(color_scheme="light")
    assert await visitor.read("getComputedStyle(document.body).backgroundColor") == dark
    await visitor.read("document.querySelector('#feed tbody tr').classList.add('fresh')")
    moving = await visitor.read("getComputedStyle(document.querySelector('#feed tbody tr')).animationName")
    assert moving == "none"
