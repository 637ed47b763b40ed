"""What is not there, not taken, or broken is told on a page, in the reader's language."""

import ast
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from responder.desk import desk
from responder.store.handoffs import closing
from responder.store.reading import failed_messages
from responder.web.console import console
from responder.web.console.console import PAGES
from tests.web.console.conftest import OURS, PASSWORD, Installation


@pytest.mark.parametrize("path", ["/nothing", "/inbox/none", "/lists/none", "/lists/none.json", "/messages/x"])
async def test_what_is_not_there_has_a_page_that_says_so(installation: Installation, path: str) -> None:
    async with installation.browser() as browser:
        page = await browser.get(path)
    assert page.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_request_that_a_page_does_not_take_is_told_which_it_takes(installation: Installation) -> None:
    async with installation.browser() as browser:
        page = await browser.client.put("/inbox", headers=OURS)
    assert page.status_code == 405
    assert "GET" in page.headers["allow"]
    assert "<h1>Not done</h1>" in page.text


ACTS = sorted(
    route.path.format(key="k", name="news", handle="h")
    for page in PAGES
    for route in page.routes
    if route.methods == {"POST"} and not any(one.path == route.path for one in page.routes if one is not route)
    if not route.path.startswith("/appointments/")  # whose ids may look like any of them
)


@pytest.mark.parametrize("path", ACTS)
async def test_whoever_looks_where_an_act_is_done_is_led_to_the_page_above_it(
    installation: Installation, path: str
) -> None:
    async with installation.browser() as browser:
        led = await browser.get(path)
        above = led.headers["location"]
        page = await browser.get(above)
    assert (led.status_code, path.startswith(above)) == (303, True)
    assert page.status_code != 405
    assert "<h1>Not done</h1>" not in page.text


async def test_a_refused_reply_leads_to_the_inbox(installation: Installation) -> None:
    async with installation.browser() as browser:
        led = await browser.get("/inbox/k/reply?draft=1")
    assert led.headers["location"] == "/inbox"


async def test_a_fault_of_ours_is_a_page_too(installation: Installation) -> None:
    installation.mistakes = (7,)  # type: ignore[assignment]  # what no page can show
    async with installation.browser(raises=False) as browser:
        page = await browser.get("/", **{"accept-language": "it"})
    assert page.status_code == 500
    assert "Qualcosa è andato storto" in unescape(page.text)


async def test_whoever_has_not_signed_in_learns_no_more_of_what_is_not_there(installation: Installation) -> None:
    installation.set(admin_password=PASSWORD)
    async with installation.browser() as browser:
        page = await browser.get("/nothing")
    assert page.status_code == 404
    assert "<nav" not in page.text


TOLD = {"Refused", "Invalid", "Missing", "Overtaken", "NoPlace", "ResponderError"}
CODED = {"because", "reason_of"}
NEVER_PRESSED = {  # asked for by commands, by the API, or by an address that nobody can press
    "page",
    "_typed",
    "every",
    "read_events",
    "read_timeline",
    "_read_moment",
    "correct_opt_out",
    "put_version_back",
    "diff_versions",
    "find_version",
    "verify_ledger",
    "once",
    "_change",
}


def refusals_of(path: Path) -> Iterator[str]:
    """Each refusal of a module that has no code: the function that raises it, and what it says."""
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.name in NEVER_PRESSED:
            continue
        for node in ast.walk(function):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[ast.JoinedStr() | ast.Constant(), *_])):
                    if name in TOLD:
                        yield f"{path.name}, {function.name}: {ast.unparse(node)}"
                case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[ast.Call(func=ast.Name(id=made)), *_])):
                    if name in TOLD and made not in CODED:
                        yield f"{path.name}, {function.name}: {ast.unparse(node)}"


def test_every_refusal_that_a_press_can_bring_has_a_code_by_which_it_is_told_in_italian() -> None:
    folders = (Path(one.__file__ or "").parent for one in (desk, console))
    modules = [path for folder in folders for path in folder.rglob("*.py")]
    modules += [Path(one.__file__ or "") for one in (closing, failed_messages)]
    assert [refusal for path in sorted(modules) for refusal in refusals_of(path)] == []


@pytest.mark.parametrize(
    ("path", "fields", "italian"),
    [
        ("/find", {"number": "12"}, "'12' non è un numero di telefono"),
        ("/lists/news", {"act": "join", "number": "+393331234567"}, "scrivi da dove viene il consenso"),
        ("/lists/news", {"act": "leave", "number": "+393331234567"}, "non è mai stato nella lista news"),
        ("/try", {"do": "send", "from": "+393331234567", "text": " "}, "scrivi che cosa viene inviato"),
        ("/try", {"do": "send", "from": "+393331234567", "text": "x", "at": "never"}, "non è un'ora"),
        ("/rules/pause", {"rule": "news-on"}, "scegli per quanto tempo"),
        ("/messages/none/retry", {}, "ha la chiave 'none'"),
    ],
)
async def test_a_refused_press_is_told_in_the_language_of_the_page(
    installation: Installation, path: str, fields: dict[str, str], italian: str
) -> None:
    async with installation.browser() as browser:
        page = await browser.client.post(path, data=fields, headers=OURS | {"accept-language": "it"})
    assert italian in unescape(page.text)
    assert 'lang="en"' not in page.text.partition("<main")[2]
