"""Events as they are kept: every kind, in the order of their commits, without a text of their own."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from responder.core.appointments.booking import read_booking
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.rules.sections import Event
from responder.desk.appointments import local, put_appointment, remove_appointment
from responder.desk.consent import erase_number, put_subscriber
from responder.desk.deliveries import read_events
from responder.desk.desk import Desk, Invalid
from responder.desk.handoffs import close_handoff
from responder.store.base.events import note_event
from responder.store.base.tables import events
from responder.store.outbound.claims import Fate
from responder.store.outbound.replies import SIMULATED
from responder.store.reading.events import forget_events
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.worker.conftest import Work

KEY = "a1" * 16
BOOKING = {"id": "v1", "originator": ANNA, "starts_at": "2026-11-24T09:00", "name": "Anna Rossi"}


async def types(desk: Desk) -> list[str]:
    return [str(event.type) for event in (await read_events(desk, limit=100)).items]


async def test_every_text_is_an_event_whether_or_not_a_webhook_asks(work: Work, desk: Desk) -> None:
    await work.handle(inbound("News ON", key=KEY), inbound("STOP", BRUNO))
    handled = [event for event in (await read_events(desk, limit=100)).items if event.type == "message.handled"]
    assert [event.data["rule"] for event in handled] == ["news-on", "reserved:stop"]
    assert handled[0].data["message"] == {
        "key": KEY,
        "originator": ANNA,
        "destination": "+393331234333",
        "text": "News ON",
        "sent_at": None,
        "received_at": "2026-11-23T12:00:00Z",
        "channel": "webhook",
    }


async def test_what_a_text_changes_is_an_event_as_well(work: Work, desk: Desk) -> None:
    await put_appointment(desk, read_booking(BOOKING, await local(desk)))
    work.clock.advance(minutes=1)
    await work.handle(inbound("yes", received=work.clock.now), inbound("News ON", BRUNO, received=work.clock.now))
    await work.handle(inbound("what?", BRUNO, received=work.clock.now))
    assert sorted(await types(desk)) == [
        "appointment.changed",
        "appointment.changed",
        "consent.changed",
        "handoff.opened",
        *["message.handled"] * 3,
    ]
    changed = [event.data for event in (await read_events(desk, limit=100)).items if "appointment" in str(event.type)]
    assert [one["appointment"]["status"] for one in changed] == ["scheduled", "confirmed"]
    assert changed[1]["message"]["text"] == "yes"


async def test_what_is_done_by_hand_is_an_event(work: Work, desk: Desk) -> None:
    await work.handle(inbound("what?", key=KEY))
    await put_appointment(desk, read_booking(BOOKING, await local(desk)))
    await remove_appointment(desk, "v1")
    await put_subscriber(desk, ANNA, "news", joins=True, operator="mia", evidence="paper form")
    await close_handoff(desk, KEY, operator="mia", note="called")
    assert (await types(desk))[2:] == [
        "appointment.changed",
        "appointment.changed",
        "consent.changed",
        "handoff.closed",
    ]
    closed = (await read_events(desk, limit=100)).items[-1].data
    assert (closed["by"], closed["note"], closed["originator"]) == ("mia", "called", ANNA)
    assert closed["opted_out"] is False


async def test_a_hand_off_that_was_a_stop_is_an_event_that_says_so(work: Work, desk: Desk) -> None:
    await work.handle(inbound("what?", key=KEY))
    await close_handoff(desk, KEY, operator="mia", opts_out=True)
    closed = (await read_events(desk, limit=100)).items[-1]
    assert (closed.type, closed.data["opted_out"]) == ("handoff.closed", True)


async def test_the_fate_of_a_reply_is_an_event(work: Work, desk: Desk) -> None:
    await work.handle(inbound("News ON", key=KEY))
    (claimed,) = await work.store.steps.claim(StepKind.REPLY, "w", work.clock.now, 10)
    await work.store.steps.record([Fate(key=claimed.step.key, status=StepStatus.SENT)], "w", work.clock.now)
    fate = (await read_events(desk, limit=100)).items[-1]
    assert (fate.type, fate.data["status"], fate.data["key"]) == ("delivery.changed", "sent", claimed.step.key)


async def test_a_reply_that_is_only_simulated_is_one_as_well(work: Work, desk: Desk) -> None:
    await work.handle(inbound("News ON", key=KEY))
    await work.store.steps.pretend(StepKind.REPLY, SIMULATED, work.clock.now, 10)
    fate = (await read_events(desk, limit=100)).items[-1]
    assert (fate.type, fate.data["status"], fate.data["message_key"]) == ("delivery.changed", "simulated", KEY)


async def test_who_was_away_catches_up_from_the_last_number(work: Work, desk: Desk) -> None:
    await work.handle(*(inbound(f"text {number}") for number in range(3)))
    first = await read_events(desk, limit=2)
    assert first.next == str(first.items[-1].seq)
    rest = await read_events(desk, limit=100, after=first.next)
    assert [event.seq for event in (*first.items, *rest.items)] == list(range(1, 7))
    assert rest.next is None
    assert (await read_events(desk, limit=5, after=str(rest.items[-1].seq))).items == ()


async def test_nothing_of_a_text_or_a_number_is_kept_with_an_event(work: Work, desk: Desk) -> None:
    await put_appointment(desk, read_booking(BOOKING, await local(desk)))
    await work.handle(inbound("yes"), inbound("my name is Anna Rossi"), inbound("STOP"))
    async with work.store.database.read() as connection:
        kept = json.dumps([list(map(str, row)) for row in (await connection.execute(select(events))).all()])
    for word in (ANNA, "Anna", "yes", "STOP"):
        assert word not in kept


async def test_what_was_erased_is_gone_from_events(work: Work, desk: Desk) -> None:
    await put_appointment(desk, read_booking(BOOKING, await local(desk)))
    await work.handle(inbound("News ON", key=KEY), inbound("what?"))
    await erase_number(desk, ANNA, operator="mia")
    told = json.dumps([event.as_json() for event in (await read_events(desk, limit=100)).items])
    for word in (ANNA, "News ON", "what?", "Anna"):
        assert word not in told
    handled = [event for event in (await read_events(desk, limit=100)).items if event.type == "message.handled"]
    assert (handled[0].data["message"]["key"], handled[0].data["message"]["text"]) == (KEY, None)


async def test_old_events_go_and_numbers_never_come_back(work: Work, desk: Desk) -> None:
    await work.handle(inbound("one"))
    assert await forget_events(work.store.database, work.clock.now + minutes(1)) == 2
    await work.handle(inbound("two"))
    assert [event.seq for event in (await read_events(desk, limit=5)).items] == [3, 4]
    assert await forget_events(work.store.database, work.clock.now - timedelta(days=30)) == 0


@pytest.mark.parametrize("after", ["x", "-1", "", "9" * 30])
async def test_a_number_that_is_none_is_told(desk: Desk, after: str) -> None:
    with pytest.raises(Invalid, match="after"):
        await read_events(desk, limit=5, after=after)


async def test_a_change_that_is_undone_leaves_no_event(work: Work, desk: Desk) -> None:
    async def undone() -> None:
        async with work.store.database.write() as connection:
            note_event(connection, Event.MESSAGE_HANDLED, work.clock.now, message_key=KEY)
            raise KeyError

    await work.receive(inbound("one"))
    with pytest.raises(KeyError):
        await undone()
    await work.handler().handle()
    assert await types(desk) == ["message.handled", "handoff.opened"]
