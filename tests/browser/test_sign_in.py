"""Coming in: who may look, who is held back, and what ends a visit (F13)."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.browser.conftest import PASSWORD, RULES, Opens
from tests.browser.visitor import Visitor
from tests.end_to_end.service import Service, serving
from tests.receiver import Receiver

SIGNED_IN_AS = ".tools .who"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def locked(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> AsyncIterator[Service]:
    """A run with a password."""
    folder = tmp_path_factory.mktemp("locked")
    password = {"RESPONDER_ADMIN_PASSWORD": PASSWORD}
    async with serving(folder, receiver, rules=RULES, **password) as service:
        yield service


async def sign_in(visitor: Visitor, password: str = PASSWORD) -> None:
    await visitor.page.get_by_role("textbox", name="Your name").fill("Anna")
    await visitor.page.get_by_label("Password").fill(password)
    await visitor.press("Sign in")


async def test_every_page_leads_to_sign_in_and_from_there_back_to_itself(locked: Service, window: Opens) -> None:
    visitor = await window(locked, "/inbox?show=all")
    assert await visitor.h1() == "Sign in"
    await sign_in(visitor)
    assert visitor.page.url.endswith("/inbox?show=all")
    assert await visitor.h1() == "Hand-offs"
    assert await visitor.page.locator(SIGNED_IN_AS).inner_text() == "Anna"
    await visitor.press("Sign out")
    assert await visitor.h1() == "Sign in"
    await visitor.go("/")
    assert await visitor.h1() == "Sign in"


async def test_a_password_manager_and_paste_can_fill_the_form(locked: Service, window: Opens) -> None:
    visitor = await window(locked, "/sign-in")
    fields = await visitor.read(
        "[...document.querySelectorAll('.door input[id]')].map((f) => [f.type, f.autocomplete])"
    )
    assert fields == [["text", "username"], ["password", "current-password"]]
    await visitor.page.get_by_role("textbox", name="Your name").fill("Anna")
    field = visitor.page.get_by_label("Password")
    await field.focus()
    await visitor.page.keyboard.insert_text(PASSWORD)
    await visitor.page.keyboard.press("Enter")
    await visitor.page.wait_for_url("**/")
    assert await visitor.h1() == "Messages"


async def test_a_wrong_password_is_told_and_read_out_and_what_was_typed_as_name_stays(
    locked: Service, window: Opens
) -> None:
    visitor = await window(locked, "/sign-in")
    await sign_in(visitor, "not this one, surely")
    await visitor.page.get_by_role("alert").wait_for()
    assert await visitor.page.get_by_role("textbox", name="Your name").input_value() == "Anna"
    assert await visitor.page.get_by_label("Password").get_attribute("aria-invalid") == "true"


async def test_too_many_wrong_passwords_hold_one_address_back_and_no_other(locked: Service) -> None:
    form = {"name": "Eve", "password": "wrong wrong wrong"}
    ours = {"sec-fetch-site": "same-origin"}
    url = f"http://127.0.0.1:{locked.port}/sign-in"
    near = httpx.AsyncHTTPTransport(local_address="127.0.0.9")
    async with httpx.AsyncClient(transport=near, timeout=30) as guesser, httpx.AsyncClient(timeout=30) as other:
        answers = [await guesser.post(url, data=form, headers=ours) for _ in range(10)]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0
        right = await other.post(url, data={"name": "Anna", "password": PASSWORD}, headers=ours)
        assert right.status_code == 303
    assert "127.0.0.9" in locked.said()
    assert "wrong wrong" not in locked.said()


async def test_sign_out_everywhere_ends_the_visits_of_all_windows(locked: Service, window: Opens) -> None:
    one, other = await window(locked, "/status"), await window(locked, "/lists")
    for visitor in (one, other):
        await sign_in(visitor)
    await one.press("Sign out everywhere")
    assert await one.h1() == "Sign in"
    await other.go("/lists")
    assert await other.h1() == "Sign in"


async def test_a_new_password_ends_every_visit(locked: Service, window: Opens) -> None:
    visitor = await window(locked, "/rules")
    await sign_in(visitor)
    assert await visitor.h1() == "Rules"
    await locked.stop()
    locked.settings["RESPONDER_ADMIN_PASSWORD"] = "another one, as long"
    await locked.start()
    visitor.complaints.clear()  # of the moment in which nobody was there
    await visitor.go("/rules")
    assert await visitor.h1() == "Sign in"


async def test_another_site_can_neither_act_nor_reach_an_open_console_by_a_name_of_its_own(
    service: Service, window: Opens
) -> None:
    home = await window(service)
    await home.sees("Open without a password")
    async with httpx.AsyncClient(timeout=30) as client:
        url = f"http://127.0.0.1:{service.port}"
        foreign = await client.post(
            f"{url}/preferences", data={"theme": "dark"}, headers={"origin": "http://evil.test"}
        )
        assert foreign.status_code == 403
    rebound = await window(service, host="rebound.test", allowed=("status of 403", "Cross-Origin-Opener-Policy"))
    assert await rebound.go("/") == 403
    assert "RESPONDER_ADMIN_PASSWORD" in await rebound.page.locator("body").inner_text()
