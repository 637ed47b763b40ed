"""What needs a person, said on every page; and the page of the installation's health (F12)."""

import contextlib
import signal
import sqlite3

from playwright.async_api import expect

from tests.browser.conftest import Opens, Serves

DOCTOR_MS = 60_000  # a doctor may take this long on a busy machine; nobody waits for it
FINDINGS = "#findings tbody tr"


async def test_every_page_says_that_redis_is_away_and_that_texts_still_go_in(serve: Serves, window: Opens) -> None:
    service = await serve()
    desk = await window(service, "/lists")
    service.kill("redis", signal.SIGSTOP)
    try:
        await desk.page.locator("#notices .alarm").wait_for(timeout=15_000)
        assert "texts still go in" in await desk.page.locator("#notices").inner_text()
        assert await service.send("News ON", "+393334200001") == 200
    finally:
        service.kill("redis", signal.SIGCONT)


async def test_rules_that_are_refused_are_said_with_line_and_remedy(serve: Serves, window: Opens) -> None:
    service = await serve()
    file = service.folder / "rules.yaml"
    file.write_text(file.read_text().replace("- unsubscribe: news", "- unsubscibe: news"))
    desk = await window(service, "/deliveries")
    alarm = desk.page.locator("#notices .alarm").filter(has_text="rules.yaml:")
    await alarm.wait_for()
    assert "did you mean 'unsubscribe'" in await alarm.inner_text()


async def test_status_is_there_at_once_and_says_what_doctor_says_when_it_has_looked(
    serve: Serves, window: Opens
) -> None:
    desk = await window(await serve(), "/status")
    assert await desk.h1() == "Status"
    await desk.sees("Checking …")
    assert await desk.page.locator(FINDINGS).count() == 0
    await expect(desk.page.locator(FINDINGS)).not_to_have_count(0, timeout=DOCTOR_MS)
    shown = await desk.page.locator("#findings table").inner_text()
    for part in ("database", "redis", "rules"):
        assert part in shown.lower()
    assert await desk.page.locator("[data-unfinished]").count() == 0


async def test_without_script_status_reads_itself_again_until_the_doctor_has_looked(
    serve: Serves, window: Opens
) -> None:
    desk = await window(await serve(), "/status", java_script_enabled=False)
    await desk.sees("Checking …")
    await expect(desk.page.locator(FINDINGS)).not_to_have_count(0, timeout=DOCTOR_MS)


async def test_while_the_database_cannot_be_written_status_answers_with_503_and_a_sentence(
    serve: Serves, window: Opens
) -> None:
    service = await serve()
    desk = await window(service, "/lists")
    with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        await desk.page.locator("#notices .alarm").wait_for()
        assert "The database cannot be reached" in await desk.page.locator("#notices").inner_text()
        assert await desk.go("/status") == 503
        assert await desk.h1() == "Status"
        await desk.sees("The database cannot be reached")
