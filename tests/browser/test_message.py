"""Why a text was answered, or was not: the page of one message (F2)."""

import pytest

from tests.browser.commands import records
from tests.browser.conftest import RULES, Opens, Serves
from tests.conftest import wait_until
from tests.end_to_end.service import Service

ANNA, BEA, CARLO, DORA = "+393332000001", "+393332000002", "+393332000003", "+393332000004"
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}\u202eevil"


async def message_of(service: Service, text: str, number: str) -> str:
    """Send a text, and tell its key once it is handled."""
    await service.send(text, number)
    await service.settled()
    return str(service.query(f"SELECT key FROM messages WHERE originator = '{number}' ORDER BY seq DESC")[0][0])  # noqa: S608  (ours)


async def test_near_misses_are_those_of_the_command(service: Service, window: Opens) -> None:
    key = await message_of(service, "News Om", ANNA)
    desk = await window(service, f"/messages/{key}")
    assert await desk.h1() == "Message"
    shown = await desk.page.locator("main").inner_text()
    told = (await records(service, "messages", "show", key))[0]["near_misses"]
    assert told
    for miss in told:
        assert miss["rule"] in shown
        assert str(miss["line"]) in shown
        assert miss["why"] in shown


async def test_a_hostile_text_is_shown_as_it_was_typed_and_does_nothing(service: Service, window: Opens) -> None:
    key = await message_of(service, HOSTILE, BEA)
    handle = (await window(service)).page.get_by_role("link", name=BEA).first
    person = await handle.get_attribute("href")
    for path in ("/", f"/messages/{key}", str(person), "/inbox"):
        desk = await window(service, path)
        said = desk.page.locator("main bdi.text", has_text="onerror").first
        assert (await said.inner_text()).replace("U+202E", "\u202e") == HOSTILE, path
        assert await desk.page.locator("main .mark").first.inner_text() == "U+202E"
        assert await desk.page.locator("main img").count() == 0
        assert not [url for url in desk.requests if url.endswith("/x")]
        assert "49" not in await said.inner_text()


async def test_an_overtaken_message_says_so_and_names_the_newer_word(service: Service, window: Opens) -> None:
    await service.send("News OFF", CARLO, date_time="20261123140000")
    await service.settled()
    await service.send("News ON", CARLO, date_time="20261123130000")
    await service.settled()
    keys = service.query(f"SELECT key FROM messages WHERE originator = '{CARLO}' ORDER BY seq DESC")  # noqa: S608
    desk = await window(service, f"/messages/{keys[0][0]}")
    await desk.sees("Overtaken")
    await desk.page.locator("main").get_by_role("link", name="News OFF").click()
    assert desk.page.url.endswith(str(keys[1][0]))


async def test_the_line_of_the_rule_is_shown_as_it_was_though_the_file_has_changed(
    serve: Serves, window: Opens
) -> None:
    service = await serve()
    key = await message_of(service, "News ON", DORA)
    file = service.folder / "rules.yaml"
    old = (await service.readyz())["rules"]["hash"]
    file.write_text(
        file.read_text()
        .replace("name: news-on", "name: joined")
        .replace("languages: [en, it]", "languages: [en, it]\n# a line more")
    )

    async def is_new() -> bool:
        return bool((await service.readyz()).get("rules", {}).get("hash") != old)

    await wait_until(is_new, 60)
    desk = await window(service, f"/messages/{key}")
    place = desk.page.locator(".source").first
    line = 1 + RULES.splitlines().index("  - name: news-on")
    assert f"rules.yaml:{line}" in await place.inner_text()
    assert "news-on" in await place.inner_text()
    await place.get_by_role("link").click()
    assert await desk.h1() == "Rules"
    await desk.sees("an older version")
    assert "news-on" in await desk.page.locator(f"#L{line}").inner_text()


@pytest.mark.parametrize("path", ["/messages/no-such-key", "/people/nobody"])
async def test_what_is_not_there_is_said_so(service: Service, window: Opens, path: str) -> None:
    desk = await window(service)
    assert await desk.go(path) == 404
    assert await desk.h1() == "Not found"
