"""The pages show what the desk tells, and nothing that anybody texted is ever markup."""

import json
from datetime import timedelta

import pytest

from responder.core.operations.overview import Counts
from responder.desk.messages import list_messages
from responder.desk.overview import waiting_counts
from tests.builders import inbound
from tests.web.console.conftest import Installation

HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}\u202eevil\x07<script>"
PAGES = ("/", "/inbox", "/inbox?show=all", "/lists", "/lists/news", "/deliveries", "/deliveries?tab=all")


async def put(installation: Installation, text: str = "News ON") -> str:
    message = inbound(text)
    await installation.store.inbox.add([message], {})
    return message.key


@pytest.mark.parametrize("path", PAGES)
async def test_an_empty_page_says_what_would_stand_there(installation: Installation, path: str) -> None:
    async with installation.browser() as browser:
        page = await browser.get(path)
    assert page.status_code == 200
    assert 'class="empty"' in page.text or "<tbody>" in page.text


async def test_a_text_is_shown_literally_with_its_direction_mark_as_a_mark(installation: Installation) -> None:
    key = await put(installation, HOSTILE)
    async with installation.browser() as browser:
        pages = [await browser.get("/"), await browser.get(f"/messages/{key}")]
    for page in pages:
        assert "&lt;img src=x onerror=alert(1)&gt;{{7*7}}" in page.text
        assert "<img" not in page.text
        assert "\u202e" not in page.text
        assert "U+202E" in page.text


async def test_a_person_is_at_a_handle_and_no_address_or_title_has_a_number(installation: Installation) -> None:
    await put(installation)
    async with installation.browser() as browser:
        found = await browser.post("/find", number="330 1234567")
        page = await browser.get(found.headers["location"])
    assert found.status_code == 303
    assert "330" not in found.headers["location"]
    assert "<h1>Person</h1>" in page.text
    assert "News ON" in page.text
    title = page.text.partition("<title>")[2].partition("</title>")[0]
    assert not any(letter.isdigit() for letter in title)


async def test_whatever_is_no_handle_is_not_found(installation: Installation) -> None:
    async with installation.browser() as browser:
        assert (await browser.get("/people/abcd")).status_code == 404
        assert (await browser.get("/messages/ffff")).status_code == 404


async def test_filters_stand_in_the_address_and_narrow_the_page(installation: Installation) -> None:
    await put(installation, "News ON")
    async with installation.browser() as browser:
        assert "News ON" in (await browser.get("/?status=received")).text
        assert "No message is like that" in (await browser.get("/?status=failed")).text
        assert "No message is like that" in (await browser.get("/?day=2026-11-01")).text
        assert (await browser.get("/?status=nonsense")).status_code == 422
        assert (await browser.get("/?day=nonsense")).status_code == 422


async def test_the_lines_are_those_of_the_desk_oldest_first(installation: Installation) -> None:
    for text in ("one", "two"):
        await put(installation, text)
    async with installation.browser() as browser:
        lines = (await browser.get("/messages.json")).text.splitlines()
    expected = [record.as_json() async for record in list_messages(installation.desk).every()]
    assert len(lines) == len(expected) == 2
    assert [json.loads(line) for line in lines] == expected


async def test_a_cell_of_a_table_is_never_a_formula(installation: Installation) -> None:
    await put(installation, "=HYPERLINK(1)")
    async with installation.browser() as browser:
        table = (await browser.get("/messages.csv")).text
    assert "'=HYPERLINK(1)" in table
    assert ",+393301234567," in table


async def test_unanswered_appointments_and_unmatched_texts_are_counted_by_the_day_of_the_rules_file(
    installation: Installation,
) -> None:
    await put(installation)
    assert await waiting_counts(installation.desk) == Counts(
        handoffs=0, given_up=0, unmatched_today=0, unanswered_today=0
    )


async def test_without_redis_every_page_says_that_texts_still_go_in(installation: Installation) -> None:
    installation.redis_is_up = False
    async with installation.browser() as browser:
        assert "Redis is away: texts still go in" in (await browser.get("/inbox")).text


async def test_refused_rules_are_told_on_every_page_with_line_and_remedy(installation: Installation) -> None:
    installation.mistakes = ("rules.yaml:3:1: unknown key 'rulez', did you mean 'rules'?",)
    async with installation.browser() as browser:
        page = await browser.get("/")
    assert "The rules file has mistakes" in page.text
    assert "rules.yaml:3:1" in page.text


async def test_a_reply_to_a_person_goes_out_once_however_often_it_is_pressed(installation: Installation) -> None:
    await put(installation)
    async with installation.browser() as browser:
        where = (await browser.post("/find", number="+393301234567")).headers["location"]
        for _ in range(2):
            assert (await browser.post(f"{where}/reply", text="On our way.")).status_code == 303
        page = await browser.get(where)
        deliveries = (await browser.get("/deliveries.json")).text.splitlines()
    assert len(deliveries) == 1
    assert "On our way." in page.text


async def test_an_empty_reply_comes_back_with_the_sentence_beside_the_field(installation: Installation) -> None:
    await put(installation)
    async with installation.browser() as browser:
        where = (await browser.post("/find", number="+393301234567")).headers["location"]
        page = await browser.post(f"{where}/reply", text=" ")
    assert page.status_code == 422
    assert 'aria-invalid="true" autofocus' in page.text


async def test_a_page_is_as_of_the_file_s_zone_and_has_the_exact_time_for_whoever_points_at_it(
    installation: Installation,
) -> None:
    await put(installation)
    installation.clock.advance(hours=1)
    async with installation.browser() as browser:
        page = (await browser.get("/")).text
    assert ">13:00</time>" in page
    assert 'title="2026-11-23 12:00:00 UTC"' in page
    installation.clock.now += timedelta(days=2)
    async with installation.browser() as browser:
        assert ">23 Nov, 13:00</time>" in (await browser.get("/")).text
