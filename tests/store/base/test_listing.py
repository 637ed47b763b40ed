"""Lists: all of them or the newest, in order, over any number of pages."""

from dataclasses import replace

import pytest

from responder.store.base.records import PAGE, read_all
from responder.store.base.tables import appointments, subscriptions
from responder.store.reading.records import find_messages, list_appointments, list_messages, list_subscribers
from responder.wiring import Store
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON


async def texts(store: Store, newest: int | None = None) -> list[str]:
    return [message.text async for message in read_all(store.database, list_messages(), newest)]


async def test_a_list_goes_over_several_pages_without_a_gap(store: Store) -> None:
    count = PAGE * 2
    await store.inbox.add([inbound(f"{number}", key=f"{number:032x}") for number in range(count)], {})
    assert await texts(store) == [f"{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("newest", "expected"), [(1, ["c"]), (2, ["b", "c"]), (3, ["a", "b", "c"]), (4, ["a", "b", "c"])]
)
async def test_the_newest_are_listed_oldest_first(store: Store, newest: int, expected: list[str]) -> None:
    for text in "abc":
        await store.inbox.add([inbound(text)], {})
    assert await texts(store, newest) == expected


async def test_what_shares_a_time_is_listed_once_each(store: Store) -> None:
    row = {"since": NOON, "status": "subscribed", "order_at": NOON, "order_seq": 1, "taken_by_stop": False}
    rows = [
        row | {"originator": originator, "list": name} for originator in (BRUNO, ANNA) for name in ("offers", "news")
    ]
    async with store.database.write() as connection:
        await connection.execute(subscriptions.insert(), rows)
    found = [(record.originator, record.list) async for record in read_all(store.database, list_subscribers(), 3)]
    assert found == [(ANNA, "offers"), (BRUNO, "news"), (BRUNO, "offers")]


async def test_pages_go_on_within_one_time(store: Store) -> None:
    row = {
        "originator": ANNA,
        "starts_at": NOON,
        "name": "",
        "service": "",
        "location": "",
        "language": "",
        "status": "scheduled",
        "updated_at": NOON,
    }
    async with store.database.write() as connection:
        await connection.execute(appointments.insert(), [row | {"id": f"{number:05}"} for number in range(PAGE + 5)])
    found = [record.appointment.id async for record in read_all(store.database, list_appointments())]
    assert found == [f"{number:05}" for number in range(PAGE + 5)]


async def test_what_comes_in_while_a_list_is_read_changes_nothing_before_it(store: Store) -> None:
    await store.inbox.add([inbound("a"), inbound("b")], {})
    found = []
    async for message in read_all(store.database, list_messages()):
        found.append(message.text)
        await store.inbox.add([replace(inbound("late"), received_at=NOON - minutes(60))], {})
    assert found == ["a", "b"]


@pytest.mark.parametrize("beginning", ["", "g", "a%", "A' OR 1=1", "ab" * 17])
async def test_what_cannot_begin_a_key_finds_nothing(store: Store, beginning: str) -> None:
    await store.inbox.add([inbound(key="ab" * 16)], {})
    assert await find_messages(store.database, beginning) == []


async def test_a_message_is_found_by_the_beginning_of_its_key_in_any_case(store: Store) -> None:
    await store.inbox.add([inbound(key="ab" * 16), inbound(key="ac" * 16), inbound(key="b0" * 16)], {})
    assert [found.message.key for found in await find_messages(store.database, "AB")] == ["ab" * 16]
