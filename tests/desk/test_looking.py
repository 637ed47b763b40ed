"""What people look at: lists by pages, one record, and all of one number."""

import pytest

from responder.core.appointments.booking import read_booking
from responder.core.operations.pages import MessageFilter, SubscriberFilter
from responder.core.sms.message import MessageStatus
from responder.desk.appointments import local, put_appointment
from responder.desk.consent import list_subscribers, put_subscriber
from responder.desk.desk import Desk, Invalid, Missing, Refused
from responder.desk.handoffs import close_handoff, list_handoffs, show_handoff
from responder.desk.messages import list_messages, show_message
from responder.desk.people import Entry, EntryKind, everything_about, handle_of, number_of, read_timeline
from responder.store.base import records
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work

KEYS = [f"{letter}0" * 16 for letter in "abcdef"]


async def arrive(work: Work, *texts: str) -> None:
    await work.handle(*(inbound(text, key=key) for text, key in zip(texts, KEYS, strict=False)))


async def test_a_list_goes_on_after_the_last_of_a_page(work: Work, desk: Desk) -> None:
    await arrive(work, "one", "two", "three")
    first = await list_messages(desk).page(limit=2)
    assert ([record.text for record in first.items], first.next) == (["one", "two"], KEYS[1])
    second = await list_messages(desk).page(limit=2, after=first.next)
    assert ([record.text for record in second.items], second.next) == (["three"], None)


async def test_a_list_is_read_backwards_as_well(work: Work, desk: Desk) -> None:
    await arrive(work, "one", "two", "three")
    first = await list_messages(desk).page(limit=2, newest_first=True)
    assert [record.text for record in first.items] == ["three", "two"]
    second = await list_messages(desk).page(limit=2, after=first.next, newest_first=True)
    assert ([record.text for record in second.items], second.next) == (["one"], None)


async def test_a_search_says_how_far_it_looked_and_goes_on_from_there(
    work: Work, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "STRIDE", 1)
    await work.handle(
        inbound("News ON", key=KEYS[0], received=NOON - minutes(3)),
        inbound("what?", BRUNO, key=KEYS[1], received=NOON - minutes(2)),
        inbound("who?", BRUNO, key=KEYS[2], received=NOON - minutes(1)),
    )
    found = list_messages(desk, MessageFilter(rule="news-on"))
    first = await found.page(limit=5, newest_first=True)
    assert (first.items, first.next, first.looked_back_to) == ((), KEYS[1], NOON - minutes(2))
    second = await found.page(limit=5, newest_first=True, after=first.next)
    assert ([record.key for record in second.items], second.next) == ([KEYS[0]], None)


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (MessageFilter(rule="news-on"), ["News ON"]),
        (MessageFilter(list="news"), ["News ON"]),
        (MessageFilter(list="offers"), []),
        (MessageFilter(unmatched=True), ["what?"]),
        (MessageFilter(originator=BRUNO), ["what?"]),
        (MessageFilter(status=MessageStatus.FAILED), []),
        (MessageFilter(since=NOON), ["News ON", "what?"]),
        (MessageFilter(before=NOON), []),
    ],
)
async def test_messages_are_narrowed_down(work: Work, desk: Desk, only: MessageFilter, found: list[str]) -> None:
    await work.handle(inbound("News ON"), inbound("what?", BRUNO))
    assert [record.text for record in (await list_messages(desk, only).page(limit=10)).items] == found
    assert await list_messages(desk, only).count() == len(found)


async def test_the_place_in_a_list_of_numbers_tells_none(desk: Desk) -> None:
    for number in (ANNA, BRUNO):
        await put_subscriber(desk, number, "news", joins=True, operator="mia", evidence="paper form")
    first = await list_subscribers(desk).page(limit=1)
    assert first.next
    assert first.next.isalpha()
    second = await list_subscribers(desk, SubscriberFilter(list="news")).page(limit=5, after=first.next)
    assert [record.originator for record in (*first.items, *second.items)] == [ANNA, BRUNO]


@pytest.mark.parametrize("after", ["nothing", "ab" * 32, ""])
async def test_a_place_that_is_none_is_told(desk: Desk, after: str) -> None:
    for listed in (list_messages(desk), list_subscribers(desk)):
        with pytest.raises(Invalid, match="after"):
            await listed.page(limit=1, after=after)


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_page_has_bounds(desk: Desk, limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        await list_messages(desk).page(limit=limit)


async def test_a_record_is_found_by_the_beginning_of_its_key(work: Work, desk: Desk) -> None:
    await work.handle(inbound("one", key="ab" * 16), inbound("two", key="ac" * 16))
    assert (await show_message(desk, "ab")).message.text == "one"
    with pytest.raises(Refused, match="several"):
        await show_message(desk, "a")
    with pytest.raises(Missing, match="no message"):
        await show_message(desk, "ff")


async def test_a_hand_off_names_the_appointment_to_come(work: Work, desk: Desk) -> None:
    row = {"id": "a1", "originator": ANNA, "starts_at": "2026-11-24T09:00", "name": "Anna Rossi"}
    await put_appointment(desk, read_booking(row, await local(desk)))
    await arrive(work, "can I bring my dog?")
    record = await show_handoff(desk, KEYS[0])
    assert record.appointment
    assert (record.appointment.name, record.status) == ("Anna Rossi", "open")
    assert record.as_json()["message"]["text"] == "can I bring my dog?"


async def test_a_handle_leads_to_a_number_that_only_a_list_has(desk: Desk) -> None:
    await put_subscriber(desk, ANNA, "news", joins=True, operator="mia", evidence="paper form")
    number = number_of(desk, handle_of(desk, ANNA))
    assert number == ANNA
    assert [record.list async for record in everything_about(desk, number)["lists"].every()] == ["news"]
    with pytest.raises(Missing):
        number_of(desk, "abcdef")


async def test_all_of_a_number_stands_on_one_line_of_time(work: Work, desk: Desk) -> None:
    await work.handle(inbound("News ON", received=NOON - minutes(5)), inbound("what?", key=KEYS[0]))
    work.clock.advance(minutes=10)
    await close_handoff(desk, KEYS[0], operator="mia", note="called")
    line = await read_timeline(desk, ANNA)
    assert [entry.kind for entry in line.items][:2] == [EntryKind.DONE, EntryKind.HANDED_OFF]
    assert {entry.kind for entry in line.items} == set(EntryKind) - {EntryKind.APPOINTMENT}
    assert [entry.at for entry in line.items] == sorted((entry.at for entry in line.items), reverse=True)


async def test_the_line_of_time_goes_on_page_by_page(work: Work, desk: Desk) -> None:
    await work.handle(*(inbound("News ON", received=NOON + minutes(number)) for number in range(5)))
    whole = await read_timeline(desk, ANNA)
    parts: list[Entry] = []
    after: str | None = None
    while True:
        page = await read_timeline(desk, ANNA, limit=2, after=after)
        parts += page.items
        if (after := page.next) is None:
            break
    assert [(entry.kind, entry.subject) for entry in parts] == [(entry.kind, entry.subject) for entry in whole.items]


async def test_closing_a_hand_off_leaves_it_out_of_the_open_ones(work: Work, desk: Desk) -> None:
    await arrive(work, "what?")
    await close_handoff(desk, KEYS[0], operator="mia")
    assert (await list_handoffs(desk).page(limit=5)).items == ()
    assert [record.by for record in (await list_handoffs(desk, every=True).page(limit=5)).items] == ["mia"]
