"""One person on one line of time, and what can be written to them (F3)."""

import re

import httpx

from tests.browser.commands import records, run_command
from tests.browser.conftest import Opens
from tests.browser.visitor import Visitor
from tests.end_to_end.service import Service

ANNA, BEA, CARLO, DORA, EMMA = (f"+39333300000{number}" for number in range(1, 6))


async def person(service: Service, window: Opens, number: str) -> Visitor:
    """The page of a number, found by typing it."""
    desk = await window(service)
    await desk.page.get_by_role("textbox", name="Number").fill(number)
    await desk.press("Find")
    assert await desk.h1() == "Person"
    return desk


async def test_texts_reply_report_and_opt_out_stand_in_order_on_one_page(service: Service, window: Opens) -> None:
    await service.send("News ON", ANNA)
    await service.settled()
    key = service.query(f"SELECT key FROM steps WHERE originator = '{ANNA}' AND kind = 'reply'")[0][0]  # noqa: S608
    event = {"id": "msg_1", "globalId": key, "status": "DELIVERED", "doneDate": "2026-11-23T13:00:05.000+0100"}
    async with httpx.AsyncClient(timeout=30) as client:
        await client.post(f"http://127.0.0.1:{service.port}/webhook/delivery", json=[event])
    await service.send("STOP", ANNA)
    await service.settled()
    desk = await person(service, window, ANNA)
    shown = await desk.page.locator("#talk").inner_text()
    order = [
        shown.index(one) for one in ("News ON", "Welcome to our news.", "delivered", "STOP", "opted out everything")
    ]
    assert order == sorted(order)
    told = await records(service, "messages", "list", "--from", ANNA)
    assert await desk.page.locator("#talk li.in").count() == len(told) == 2
    events = [event["event"] for event in await records(service, "consent", "show", ANNA)]
    between = [one.split()[1] for one in await desk.page.locator("#talk .between").all_inner_texts() if one.strip()]
    assert (events.count("opt_in"), events.count("opt_out")) == (between.count("joined"), between.count("opted"))
    assert ANNA in await desk.page.locator("aside").inner_text()
    assert await desk.page.get_by_role("textbox", name="Reply").count() == 0
    await desk.sees("This number said STOP")
    await desk.page.locator("#talk li.in a").first.click()
    assert await desk.h1() == "Message"
    assert await desk.page.locator("tr", has_text="Welcome to our news.").locator(".status.delivered").is_visible()


async def test_the_counter_knows_how_a_text_is_sent(service: Service, window: Opens) -> None:
    await service.send("News ON", BEA)
    await service.settled()
    desk = await person(service, window, BEA)
    box, counter = desk.page.get_by_role("textbox", name="Reply"), desk.page.locator("#size")
    await box.fill("è")
    assert await counter.inner_text() == "1 segment · 1/160"
    await box.fill("ê")
    assert await counter.inner_text() == "1 segment · 1/70"
    await box.fill("a" * 161)
    assert await counter.inner_text() == "2 segments · 161/306"


async def test_the_same_reply_twice_is_one_delivery_and_carries_who_wrote_it(service: Service, window: Opens) -> None:
    await service.send("Are you open?", CARLO)
    await service.settled()
    desk = await person(service, window, CARLO)
    for said in ("It leaves within seconds", "nothing more is sent"):
        await desk.page.get_by_role("textbox", name="Reply").fill("Until six.")
        await desk.press("Reply")
        await desk.sees(said)
    await service.settled()
    assert service.query(f"SELECT count(*) FROM steps WHERE originator = '{CARLO}'") == [(1,)]  # noqa: S608


async def test_no_address_and_no_title_has_a_number_in_it(service: Service, window: Opens) -> None:
    await service.send("News ON", DORA)
    await service.settled()
    desk = await person(service, window, DORA)
    await desk.press("Proof of consent", "link")
    assert await desk.h1() == "Proof"
    titles = await desk.page.title()
    digits = [
        one
        for one in (*desk.requests, *desk.referrers, titles)
        if re.search(r"\d{7}", re.sub(r"[0-9a-f]{12,}|m-[\w-]+", "", one))
    ]
    assert DORA[3:] not in " ".join((*desk.requests, *desk.referrers))
    assert any("/people/" in one for one in desk.referrers), "a page that tells nothing would prove nothing"
    assert digits == []


async def test_an_erased_person_is_said_to_be_erased_and_shows_no_text(service: Service, window: Opens) -> None:
    await service.send("my secret words", EMMA)
    await service.settled()
    await run_command(service, "consent", "erase", EMMA, "--yes")
    desk = await person(service, window, EMMA)
    await desk.sees("erased")
    assert "my secret words" not in await desk.page.locator("body").inner_text()
    assert await desk.page.get_by_role("textbox", name="Reply").count() == 0
