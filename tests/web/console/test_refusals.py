"""What is not there, not taken, or broken is told on a page, in the reader's language."""

from html import unescape

import pytest

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
