"""Numbers of events: whoever reads them in order misses none, however many write at once."""

import asyncio

from sqlalchemy import select

from responder.core.rules.sections import Event
from responder.store.base.events import MOST_IN_A_ROW, note_event, note_messages
from responder.store.base.tables import events
from responder.store.reading.events import read_events
from responder.wiring import Store
from tests.conftest import NOON

WRITERS, EACH, TIMES = 5, 3, 12


async def test_a_reader_that_goes_on_from_the_last_number_misses_none(store: Store) -> None:
    async def write(writer: int) -> None:
        for time in range(TIMES):
            async with store.database.write() as connection:
                for number in range(EACH):
                    note_event(connection, Event.MESSAGE_HANDLED, NOON, message_key=f"{writer}-{time}-{number}")
                    await asyncio.sleep(0)

    seen: list[int] = []

    async def read() -> None:
        found, _ = await read_events(store.database, seen[-1] if seen else 0, 1000)
        seen.extend(event.seq for event in found)

    writing = asyncio.gather(*map(write, range(WRITERS)))
    while not writing.done():
        await read()
    await writing
    await read()
    everything, has_more = await read_events(store.database, 0, 1000)
    assert (seen, has_more) == ([event.seq for event in everything], False)
    assert len(seen) == WRITERS * EACH * TIMES


async def test_the_events_of_one_change_stand_together(store: Store) -> None:
    async def write(writer: int) -> None:
        async with store.database.write() as connection:
            for _ in range(EACH):
                note_event(connection, Event.ALERT_OPENED, NOON, subject=str(writer), details={"writer": writer})
                await asyncio.sleep(0)

    await asyncio.gather(*map(write, range(WRITERS)))
    found, _ = await read_events(store.database, 0, 100)
    writers = [event.data["writer"] for event in found]
    assert [writers[at : at + EACH] for at in range(0, len(writers), EACH)] == [[one] * EACH for one in writers[::EACH]]


async def test_events_of_a_large_batch_share_rows_and_are_read_page_by_page(store: Store) -> None:
    keys = [f"{number:032x}" for number in range(MOST_IN_A_ROW + 2)]
    async with store.database.write() as connection:
        note_messages(connection, Event.MESSAGE_HANDLED, NOON, keys)
    async with store.database.read() as connection:
        rows = (await connection.execute(select(events.c.seq, events.c.many).order_by(events.c.seq))).all()
    assert [tuple(row) for row in rows] == [(MOST_IN_A_ROW, MOST_IN_A_ROW), (MOST_IN_A_ROW + 2, 2)]
    first, goes_on = await read_events(store.database, 0, MOST_IN_A_ROW - 1)
    rest, goes_on_again = await read_events(store.database, first[-1].seq, MOST_IN_A_ROW)
    assert [event.seq for event in (*first, *rest)] == list(range(1, len(keys) + 1))
    assert (goes_on, goes_on_again) == (True, False)
