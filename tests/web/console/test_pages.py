"""The pages show what the desk tells, and nothing that anybody texted is ever markup."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert, text, update

from responder.core.appointments.booking import Booking
from responder.core.operations.messages import Counts
from responder.core.operations.records import Source
from responder.core.rehearsal.trials import try_all
from responder.desk.appointments import put_appointment as put_one
from responder.desk.consent import erase_number, opt_out_number, put_subscriber
from responder.desk.handoffs import answer_handoff
from responder.desk.messages import list_messages, message_as_test, waiting_counts
from responder.rulefile import read_rules
from responder.store.base.history import RuleVersions
from responder.store.base.tables import handoffs, messages
from tests.builders import ANNA, inbound
from tests.conftest import NOON
from tests.web.console.conftest import RULES, Installation

HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}\u202eevil\x07<script>"
PAGES = ("/", "/inbox", "/inbox?show=all", "/lists", "/lists/news", "/deliveries", "/deliveries?tab=all")


async def put(installation: Installation, typed: str = "News ON") -> str:
    message = inbound(typed)
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


async def test_what_left_without_a_decision_stands_on_the_page_of_its_message(installation: Installation) -> None:
    key = await put(installation)
    async with installation.store.database.write() as connection:
        row = {"message_key": key, "originator": ANNA, "reason": "unrecognised", "opened_at": NOON}
        await connection.execute(insert(handoffs).values(row))
    await answer_handoff(installation.desk, key, "We call you.", operator="Mara")
    async with installation.browser() as browser:
        page = await browser.get(f"/messages/{key}")
    assert (page.status_code, "We call you." in page.text) == (200, True)


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
    for typed in ("one", "two"):
        await put(installation, typed)
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


async def put_appointment(installation: Installation, identifier: str = "a1") -> None:
    booking = Booking(
        id=identifier, originator=ANNA, starts_at=NOON + timedelta(hours=3), name="Anna Rossi", asked_at=NOON
    )
    await put_one(installation.desk, booking)


async def test_the_board_shows_the_day_by_the_clock_of_the_rules_file(installation: Installation) -> None:
    await put_appointment(installation)
    async with installation.browser() as browser:
        page = (await browser.get("/appointments")).text
        other = (await browser.get("/appointments?day=2026-11-24")).text
    assert ">16:00</time>" in page
    assert "Anna Rossi" in page
    assert "no answer yet <b>1</b>" in page
    assert "Nobody has an appointment on this day" in other


async def test_a_status_set_by_hand_stands_in_the_history_with_who_did_it(installation: Installation) -> None:
    await put_appointment(installation)
    async with installation.browser() as browser:
        await browser.post("/sign-in", name="Ugo")
        done = await browser.post("/appointments/a1/status", status="confirmed", note="by telephone")
        history = (await browser.get("/appointments/a1")).text
    assert done.headers["location"] == "/appointments?day=2026-11-23"
    assert "Ugo" in history
    assert "by telephone" in history


async def test_an_appointment_may_have_any_id(installation: Installation) -> None:
    await put_appointment(installation, "2026/11 #7 à?")
    async with installation.browser() as browser:
        page = (await browser.get("/appointments")).text
        address = page.partition('href="/appointments/2026')[2].partition('"')[0]
        one = await browser.get(f"/appointments/2026{address}")
        done = await browser.post(f"/appointments/2026{address}/status", status="confirmed")
    assert "<h1>Appointment</h1>" in one.text
    assert done.status_code == 303


async def test_the_calendar_is_at_a_secret_address_and_has_no_number(installation: Installation) -> None:
    await put_appointment(installation)
    async with installation.browser() as browser:
        page = (await browser.get("/appointments")).text
        address = page.partition('href="/calendar/')[2].partition('"')[0]
        calendar = await browser.get(f"/calendar/{address}")
        wrong = await browser.get("/calendar/nothing.ics")
    assert calendar.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "DTSTART:20261123T150000Z" in calendar.text
    assert ANNA[3:] not in calendar.text
    assert wrong.status_code == 404


async def test_the_rules_of_an_older_version_are_shown_as_they_were(installation: Installation) -> None:
    await RuleVersions(installation.store.database).keep("abc", [Source(file="rules.yaml", text="first\nsecond")], NOON)
    async with installation.browser() as browser:
        page = (await browser.get("/rules?version=abc")).text
        missing = await browser.get("/rules?version=none")
    assert 'id="L2"' in page
    assert "an older version" in page
    assert missing.status_code == 404


async def test_the_proof_says_as_of_a_day_what_was_agreed_to_then(installation: Installation) -> None:
    await put_subscriber(installation.desk, ANNA, "news", joins=True, operator="Ugo", evidence="paper form")
    async with installation.browser() as browser:
        where = (await browser.post("/find", number=ANNA)).headers["location"]
        now = (await browser.get(f"{where}/proof")).text
        before = (await browser.get(f"{where}/proof?as_of=2026-11-01")).text
    assert "is as it was written" in now
    assert "paper form" in now
    assert "The ledger has no event of this number" in before


async def test_a_ledger_that_was_changed_by_hand_is_told_to_be_broken(installation: Installation) -> None:
    await put_subscriber(installation.desk, ANNA, "news", joins=True, operator="Ugo", evidence="paper form")
    async with installation.store.database.write() as connection:
        await connection.execute(text("UPDATE consent_events SET event = 'opt_out'"))
    async with installation.browser() as browser:
        where = (await browser.post("/find", number=ANNA)).headers["location"]
        page = (await browser.get(f"{where}/proof")).text
    assert "is broken" in page
    assert "event 1" in page


async def test_a_list_counts_by_day_with_the_word_that_brought_people(installation: Installation) -> None:
    await put_subscriber(installation.desk, ANNA, "news", joins=True, operator="Ugo", evidence="paper form")
    async with installation.browser() as browser:
        page = (await browser.get("/lists/news")).text
        counts = (await browser.get("/lists.json")).text
    assert "<td>Mon 23 Nov</td>" in page
    assert json.loads(counts) == {"list": "news", "subscribed": 1, "pending": 0, "unsubscribed": 0}


async def test_a_number_that_opted_out_has_no_reply_box_but_the_reason(installation: Installation) -> None:
    await opt_out_number(installation.desk, ANNA, operator="Ugo")
    async with installation.browser() as browser:
        where = (await browser.post("/find", number=ANNA)).headers["location"]
        page = (await browser.get(where)).text
    assert "This number said STOP" in page
    assert '<textarea id="reply"' not in page


async def test_an_erased_number_is_told_to_be_and_shows_no_text(installation: Installation) -> None:
    await put(installation, "something private")
    await erase_number(installation.desk, ANNA, operator="Ugo")
    async with installation.browser() as browser:
        where = (await browser.post("/find", number=ANNA)).headers["location"]
        page = (await browser.get(where)).text
    assert "This number was erased" in page
    assert "something private" not in page


async def test_a_hand_off_that_somebody_else_closed_says_who_did(installation: Installation) -> None:
    key = await put(installation)
    async with installation.store.database.write() as connection:
        await connection.execute(
            insert(handoffs).values(message_key=key, originator=ANNA, reason="unrecognised", opened_at=NOON)
        )
    async with installation.browser() as anna, installation.browser() as ugo:
        await anna.post("/sign-in", name="Anna")
        await ugo.post("/sign-in", name="Ugo")
        await ugo.post(f"/inbox/{key}/done", note="called")
        await anna.post(f"/inbox/{key}/done")
        page = (await anna.get("/inbox")).text
    assert "Ugo has closed this one already." in page


HARD = (
    "News ON",
    "Sì 👍 <3",
    'say "yes"\nto: me',
    "\u202eevil\x07\x85\u2028end",
    "key: [value, {a: b}]",
    "#comment",
    "-",
    "' it's",
)


@pytest.mark.parametrize("typed", HARD)
async def test_a_message_copied_as_a_test_passes_in_the_rules_file(installation: Installation, typed: str) -> None:
    key = await put(installation, typed)
    rule = "news-on" if typed == HARD[0] else "fallback"
    async with installation.store.database.write() as connection:
        await connection.execute(update(messages).values(status="handled", rule=rule))
    copied = await message_as_test(installation.desk, key)
    assert copied
    rules = read_rules(f"{RULES}tests:\n{copied}", "rules.yaml", {})
    assert rules.tests[0].turns[0].text == typed
    assert [trial.differences for trial in try_all(rules, NOON) if not trial.passed] == []
