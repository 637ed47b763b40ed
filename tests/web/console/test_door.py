"""Who may look at the console, from where, and for how long."""

import pytest

from tests.web.console.conftest import OURS, PASSWORD, Installation


@pytest.fixture
def guarded(installation: Installation) -> Installation:
    installation.set(admin_password=PASSWORD)
    return installation


async def test_without_a_password_this_machine_may_look_and_reads_that_it_is_open(installation: Installation) -> None:
    async with installation.browser() as browser:
        page = await browser.get("/")
    assert page.status_code == 200
    assert "Open without a password" in page.text


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-forwarded-proto"])
async def test_without_a_password_whatever_came_through_a_proxy_is_refused(
    installation: Installation, header: str
) -> None:
    async with installation.browser() as browser:
        page = await browser.get("/", **{header: "for=192.0.2.7"})
    assert page.status_code == 403
    assert "RESPONDER_ADMIN_PASSWORD" in page.text


async def test_without_a_password_a_foreign_host_is_refused(installation: Installation) -> None:
    async with installation.browser(origin="http://rebound.example:8000") as browser:
        assert (await browser.get("/")).status_code == 403


@pytest.mark.parametrize(
    "settings", [{"public_url": "https://desk.example.com"}, {"trusted_proxies": "192.0.2.0/24"}], ids=str
)
async def test_without_a_password_a_console_that_others_reach_is_closed(
    installation: Installation, settings: dict[str, str]
) -> None:
    installation.set(**settings)
    async with installation.browser() as browser:
        assert (await browser.get("/")).status_code == 403


async def test_with_a_password_the_first_page_leads_to_the_sign_in_and_back(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        away = await browser.get("/inbox?show=all")
        assert (away.status_code, away.headers["location"]) == (303, "/sign-in?next=/inbox%3Fshow%3Dall")
        back = await browser.post("/sign-in", name="Anna", password=PASSWORD, next="/inbox?show=all")
        assert (back.status_code, back.headers["location"]) == (303, "/inbox?show=all")
        assert "Anna" in (await browser.get("/inbox")).text


async def test_the_sign_in_leads_to_no_other_site(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        back = await browser.post("/sign-in", name="Anna", password=PASSWORD, next="//elsewhere.example")
    assert back.headers["location"] == "/"


async def test_data_and_stream_are_refused_without_a_page(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        assert {(await browser.get(path)).status_code for path in ("/messages.json", "/inbox.csv", "/events")} == {401}


async def test_a_wrong_password_is_told_beside_the_field_and_the_name_stays(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        page = await browser.sign_in("wrong")
    assert page.status_code == 422
    assert 'value="Anna"' in page.text
    assert 'aria-describedby="wrong" autofocus' in page.text


async def test_nobody_signs_in_without_a_name(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        assert (await browser.sign_in(name="  ")).status_code == 422


async def test_after_five_wrong_passwords_an_address_has_to_wait(
    guarded: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    async with guarded.browser() as browser:
        statuses = [(await browser.sign_in("wrong")).status_code for _ in range(10)]
        refused = await browser.sign_in()
    assert statuses == [422] * 5 + [429] * 5
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "client=127.0.0.1" in caplog.text
    assert "wrong'" not in caplog.text


async def test_another_address_still_gets_in(guarded: Installation) -> None:
    async with guarded.browser() as browser, guarded.browser(address="192.0.2.9") as other:
        for _ in range(6):
            await browser.sign_in("wrong")
        assert (await other.sign_in()).status_code == 303


async def test_a_visit_ends_with_the_password(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        await browser.sign_in()
        cookies = browser.client.cookies
    guarded.set(admin_password="another one, just as long")
    async with guarded.browser() as browser:
        browser.client.cookies = cookies
        assert (await browser.get("/")).status_code == 303


async def test_a_visit_ends_after_half_a_day_without_a_click(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        await browser.sign_in()
        guarded.clock.advance(hours=11)
        assert (await browser.get("/")).status_code == 200
        guarded.clock.advance(hours=11)
        assert (await browser.get("/")).status_code == 200
        guarded.clock.advance(hours=13)
        assert (await browser.get("/")).status_code == 303


async def test_a_visit_ends_after_a_week(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        await browser.sign_in()
        for _ in range(15):
            guarded.clock.advance(hours=11)
            assert (await browser.get("/")).status_code == 200
        guarded.clock.advance(hours=11)
        assert (await browser.get("/")).status_code == 303


async def test_signing_out_ends_this_visit(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        await browser.sign_in()
        await browser.post("/sign-out")
        assert (await browser.get("/")).status_code == 303


async def test_signing_out_everywhere_ends_the_visits_of_everybody(guarded: Installation) -> None:
    async with guarded.browser() as anna, guarded.browser(address="192.0.2.9") as ugo:
        await anna.sign_in()
        await ugo.sign_in(name="Ugo")
        await ugo.post("/sign-out-everywhere")
        assert (await anna.get("/")).status_code == 303
        assert (await anna.sign_in()).status_code == 303
        assert (await anna.get("/")).status_code == 200


async def test_an_act_that_another_site_asks_for_changes_nothing(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        await browser.sign_in()
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://elsewhere.example"}, {}):
            refused = await browser.client.post("/sign-out", headers=headers)
            assert refused.status_code == 403
        assert (await browser.get("/")).status_code == 200


async def test_an_older_browser_is_known_by_its_origin(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        answer = await browser.client.post(
            "/sign-in", data={"name": "Anna", "password": PASSWORD}, headers={"origin": "http://127.0.0.1:8000"}
        )
    assert answer.status_code == 303


async def test_on_https_the_cookie_is_bound_to_this_host(guarded: Installation) -> None:
    async with guarded.browser(origin="https://desk.example.com") as browser:
        cookie = (await browser.sign_in()).headers["set-cookie"]
    assert cookie.startswith("__Host-responder_console=")
    assert {"path=/", "httponly", "secure", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}


async def test_on_plain_http_the_cookie_needs_no_tls(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        cookie = (await browser.sign_in()).headers["set-cookie"]
    assert cookie.startswith("responder_console=")
    assert "secure" not in cookie.lower()


async def test_every_answer_has_the_headers(guarded: Installation) -> None:
    async with guarded.browser() as browser:
        answers = [await browser.get("/sign-in"), await browser.get("/"), await browser.get("/nothing")]
        answers.append(await browser.client.post("/sign-in", headers=OURS))
    for answer in answers:
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
            " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["permissions-policy"] == "camera=(), microphone=(), geolocation=()"
        assert answer.headers["cache-control"] == "no-store"


async def test_in_an_open_console_a_name_can_be_given(installation: Installation) -> None:
    async with installation.browser() as browser:
        await browser.post("/sign-in", name="Ugo")
        assert "Ugo" in (await browser.get("/")).text
