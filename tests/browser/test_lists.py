"""Lists and how they grew, files brought in, and the proof of what somebody allowed (F9, F10)."""

import contextlib
import sqlite3

import pytest_asyncio
from playwright.async_api import Page

from tests.browser.commands import records
from tests.browser.conftest import Opens
from tests.end_to_end.service import Service

ANNA, BEA, CARLO = (f"+39333500000{number}" for number in range(1, 4))
HEAD = "originator,list,status,since,language,evidence\n"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def readers(service: Service) -> Service:
    """Two who joined by a word, of whom one has left again."""
    for text, number in (("News ON", ANNA), ("News ON", BEA), ("News OFF", BEA)):
        await service.send(text, number)
        await service.settled()
    return service


async def test_the_totals_are_those_of_the_command(readers: Service, window: Opens) -> None:
    desk = await window(readers, "/lists")
    assert await desk.h1() == "Lists"
    row = await desk.page.locator("tr", has_text="Weekly news").locator("td.figure").all_inner_texts()
    assert row == ["1", "0", "1"]
    told = next(one for one in await records(readers, "subscribers", "counts") if one.get("list") == "news")
    assert row == [str(told[name]) for name in ("subscribed", "pending", "unsubscribed")]


async def test_the_chart_has_a_table_with_the_same_figures_and_the_words_that_brought_people(
    readers: Service, window: Opens
) -> None:
    desk = await window(readers, "/lists/news")
    bars = await desk.page.locator("svg rect").count()
    assert bars == 2
    description = await desk.page.locator("svg desc").text_content()
    assert "At most 2 joined and 1 left" in str(description)
    cells = await desk.page.locator("details table tbody tr").first.locator("td").all_inner_texts()
    assert cells[1:4] == ["2", "1", "1"]
    assert "news on" in cells[4].lower()


async def test_an_import_with_a_wrong_line_changes_nothing_and_names_the_line(readers: Service, window: Opens) -> None:
    desk = await window(readers, "/lists/news")
    await bring_in(
        desk.page, f"{HEAD}{CARLO},news,subscribed,2026-01-01T10:00:00+01:00,it,paper\n3.93E11,news,subscribed,,it,\n"
    )
    await desk.press_and_wait("Import")
    assert await desk.h1() == "Import"
    await desk.sees("Nothing was changed.")
    assert "people.csv:3" in await desk.page.locator("pre").inner_text()
    assert readers.query(f"SELECT count(*) FROM subscriptions WHERE originator = '{CARLO}'") == [(0,)]  # noqa: S608


async def test_a_refused_import_is_told_in_italian_to_whoever_reads_italian(readers: Service, window: Opens) -> None:
    desk = await window(readers, "/lists/news", locale="it-IT")
    await bring_in(desk.page, f"{HEAD}3.93E11,news,subscribed,,it,\n")
    await desk.press_and_wait("Importa")
    told = await desk.page.locator("pre").inner_text()
    assert "people.csv:2: originator: '3.93E11' è un numero arrotondato dal foglio di calcolo" in told
    assert "people.csv: non è stato importato nulla" in told


async def test_an_import_brings_people_in_but_nobody_who_opted_out(readers: Service, window: Opens) -> None:
    await readers.send("STOP", ANNA)
    await readers.settled()
    desk = await window(readers, "/lists/news")
    since = "2026-01-01T10:00:00+01:00"
    await bring_in(
        desk.page, f"{HEAD}{CARLO},news,subscribed,{since},it,paper\n{ANNA},news,subscribed,{since},it,paper\n"
    )
    await desk.press_and_wait("Import")
    await desk.sees("Done.")
    stands = dict(readers.query("SELECT originator, status FROM subscriptions"))
    assert stands[CARLO] == "subscribed"
    assert stands[ANNA] != "subscribed"


async def bring_in(page: Page, content: str) -> None:
    await page.get_by_label("File").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )


async def test_the_proof_says_how_it_stood_on_a_day_and_whether_the_ledger_is_whole(
    readers: Service, window: Opens
) -> None:
    desk = await window(readers)
    await desk.page.get_by_role("textbox", name="Number").fill(BEA)
    await desk.press("Find")
    await desk.press("Proof of consent", "link")
    assert await desk.h1() == "Proof"
    await desk.sees("is as it was written")
    for part in ("News ON", "News OFF", "Hash before"):
        await desk.sees(part)
    path = desk.page.url.removeprefix(desk.origin)
    await desk.go(f"{path}?as_of=2020-01-01")
    await desk.sees("none")
    await desk.page.emulate_media(media="print")
    assert not await desk.page.locator("nav").is_visible()
    with contextlib.closing(sqlite3.connect(readers.database, timeout=20)) as connection, connection:
        seq = connection.execute("SELECT min(seq) FROM consent_events WHERE originator = ?", (BEA,)).fetchone()[0]
        connection.execute("UPDATE consent_events SET text = 'never said' WHERE seq = ?", (seq,))
    await desk.go(path)
    await desk.sees("is broken")
    assert str(seq) in await desk.page.locator("dd [lang=en]").inner_text()
