"""For everybody: no fault that axe can find, from 320 pixels, by keyboard, in both languages, light and dark."""

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ANNA, AXE, BRUNO, Service, visiting

HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}\u202eevil\x07 javascript:alert(1) https://elsewhere.example/"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def paths(service: Service) -> list[str]:
    """The pages, with something on each."""
    for text in ("News ON", "ORARI", HOSTILE, "basta messaggi per favore", "News OFF"):
        service.text(text)
    service.text("mi potete richiamare?", BRUNO)
    key = service.records("messages", "list")[-1]["key"]
    handle = service.lines("/messages.json")  # also sees that the list is there
    assert handle
    return [
        "/",
        "/inbox",
        "/lists",
        "/lists/news",
        "/deliveries?tab=all",
        "/rules",
        f"/messages/{key}",
        "PERSON",
        "PROOF",
    ]


@pytest.fixture(scope="module")
def person(chromium: Browser, service: Service, paths: list[str]) -> Iterator[str]:
    with visiting(chromium, service) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Number").fill(ANNA)
        page.get_by_role("button", name="Find").click()
        yield page.url.removeprefix(service.url)


def real(path: str, person: str) -> str:
    return {"PERSON": person, "PROOF": f"{person}/proof"}.get(path, path)


@pytest.mark.parametrize(("size", "colours"), list(itertools.product(SIZES, ("light", "dark"))))
def test_axe_finds_no_fault(
    chromium: Browser, service: Service, paths: list[str], person: str, size: str, colours: str
) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core here: npm pack axe-core, and AXE_CORE=…/axe.min.js")
    with visiting(chromium, service, viewport=SIZES[size], color_scheme=colours) as context:
        context.add_init_script(AXE.read_text("utf-8"))
        page = context.new_page()
        found = {path: faults(page, real(path, person)) for path in paths}
    assert {path: what for path, what in found.items() if what} == {}


def faults(page: Page, path: str) -> list[str]:
    page.goto(path)
    page.locator("main button").first.hover() if page.locator("main button:visible").count() else None
    result = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS)
    return [f"{fault['id']}: {node['html'][:150]}" for fault in result["violations"] for node in fault["nodes"]]


def test_from_320_pixels_nothing_scrolls_sideways(
    chromium: Browser, service: Service, paths: list[str], person: str
) -> None:
    with visiting(chromium, service, viewport={"width": 320, "height": 640}) as context:
        page = context.new_page()
        widths = {}
        for path in paths:
            page.goto(real(path, person))
            widths[path] = page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in widths.items() if width > 320} == {}


@pytest.mark.parametrize("language", ["en-US", "it-IT"])
def test_a_hostile_text_is_shown_literally_on_every_page(
    chromium: Browser, service: Service, paths: list[str], person: str, language: str
) -> None:
    with visiting(chromium, service, locale=language) as context:
        page = context.new_page()
        for path in paths:
            page.goto(real(path, person))
            assert page.locator("html").get_attribute("lang") == language[:2]
            assert page.locator("main img, main script, main a[href^=javascript], main a[href^=http]").count() == 0
            assert "49" not in page.locator("main .text").all_inner_texts()


def test_no_address_or_title_of_a_person_has_digits_of_the_number(
    chromium: Browser, service: Service, paths: list[str], person: str
) -> None:
    with visiting(chromium, service) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
        for path in (person, f"{person}/proof", "/inbox"):
            page.goto(path)
            assert ANNA[3:] not in page.title()
        page.get_by_role("link", name="Messages").first.click()
    assert [line for line in asked if ANNA[3:10] in line] == []


def test_every_page_can_be_walked_by_keyboard_with_the_focus_in_sight(
    chromium: Browser, service: Service, paths: list[str], person: str
) -> None:
    with visiting(chromium, service) as context:
        page = context.new_page()
        for path in paths:
            page.goto(real(path, person))
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.className") == "skip"
            for _ in range(15):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement === document.body"):
                    break  # the page is walked through
                seen = page.evaluate(
                    "(() => { const box = document.activeElement.getBoundingClientRect();"
                    " return getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                    " && box.bottom > 0 && box.top < innerHeight; })()"
                )
                assert seen, path


def test_targets_are_large_enough_for_a_finger(
    chromium: Browser, service: Service, paths: list[str], person: str
) -> None:
    with visiting(chromium, service, viewport=SIZES["phone"]) as context:
        page = context.new_page()
        small = []
        for path in paths:
            page.goto(real(path, person))
            boxes = page.locator("button:visible, input:visible, select:visible, nav a:visible").evaluate_all(
                "all => all.map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().height, one.type])"
            )
            small += [f"{path}: {html}" for html, height, kind in boxes if height < 24 and kind != "checkbox"]
    assert small == []
