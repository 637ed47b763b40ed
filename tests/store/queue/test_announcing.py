"""What operators and other systems change is told to webhooks, in the transaction of the change."""

import json
from datetime import timedelta
from typing import Any

import pytest

from responder.core.appointments.booking import Booking
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.errors import StorageError
from responder.store.appointments.bookings import API, delete_appointment, put_bookings
from responder.store.base.tables import subscriptions
from responder.store.consent.retention import end_subscriptions
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import preview_subscribers, put_subscribers
from responder.wiring import Store
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import RULES, Work, work

__all__ = ["work"]  # the fixture
TELL = ("crm", "erp")
STARTS = NOON + timedelta(days=1)


async def told(work: Work) -> list[dict[str, Any]]:
    """What one of the webhooks is told, in its order."""
    return [
        json.loads(row.content)
        for row in await work.rows("steps", "seq")
        if row.recipient == "crm" and row.sender == ""
    ]


async def book(work: Work, *ids: str, starts_at: Any = STARTS, notify: tuple[str, ...] = TELL, **other: Any) -> None:
    bookings = [Booking(id=each, originator=ANNA, starts_at=starts_at, **other) for each in ids]
    await put_bookings(work.store.database, bookings, work.clock(), notify=notify)


async def put(work: Work, *wanted: SubscriberChange, **other: Any) -> None:
    await put_subscribers(
        work.store.database, work.store.secret, wanted, operator="mia", now=NOON, notify=TELL, **other
    )


async def test_a_new_appointment_is_told_in_the_envelope_of_every_event(work: Work) -> None:
    await book(work, "a1", name="Anna")
    (call,) = await told(work)
    assert call == {
        "type": "appointment.changed",
        "timestamp": "2026-11-23T12:00:00Z",
        "data": {
            "appointment": {
                "id": "a1",
                "originator": ANNA,
                "starts_at": "2026-11-24T12:00:00Z",
                "name": "Anna",
                "service": "",
                "location": "",
                "language": "",
                "status": "scheduled",
                "updated_at": "2026-11-23T12:00:00Z",
                "old_status": None,
                "old_starts_at": None,
                "sequence": 1,
            },
            "message": None,
            "rule": None,
        },
    }


async def test_each_webhook_that_asks_gets_a_call_with_an_id_of_its_own(work: Work) -> None:
    await book(work, "a1", "a2")
    rows = await work.rows("steps", "seq")
    assert sorted(row.recipient for row in rows) == ["crm", "crm", "erp", "erp"]
    assert (len({row.key for row in rows}), {row.status for row in rows}, {row.originator for row in rows}) == (
        4,
        {"queued"},
        {ANNA},
    )


async def test_a_moved_appointment_is_told_with_what_it_was(work: Work) -> None:
    await book(work, "a1", asked_at=NOON)
    await work.handle(inbound("yes"))
    work.clock.advance(minutes=1)
    await book(work, "a1", starts_at=STARTS + minutes(30))
    moved = (await told(work))[-1]["data"]["appointment"]
    assert (moved["old_status"], moved["status"], moved["sequence"]) == ("confirmed", "scheduled", 3)
    assert (moved["old_starts_at"], moved["starts_at"]) == ("2026-11-24T12:00:00Z", "2026-11-24T12:30:00Z")


async def test_neither_the_same_again_nor_other_details_are_told(work: Work) -> None:
    await book(work, "a1")
    await book(work, "a1")
    await book(work, "a1", location="Room 3")
    assert len(await told(work)) == 1


async def test_a_deleted_appointment_is_told_as_cancelled(work: Work) -> None:
    await book(work, "a1")
    await delete_appointment(work.store.database, "a1", NOON, by=API, notify=TELL)
    await delete_appointment(work.store.database, "a1", NOON, by=API, notify=TELL)
    _, gone = await told(work)
    told_of = {
        name: gone["data"]["appointment"][name] for name in ("id", "status", "old_status", "sequence", "deleted")
    }
    assert told_of == {"id": "a1", "status": "cancelled", "old_status": "scheduled", "sequence": 2, "deleted": True}


async def test_where_nobody_asks_nothing_is_queued(work: Work) -> None:
    await book(work, "a1", notify=())
    assert await work.rows("steps") == []


async def test_what_is_not_changed_is_not_told(work: Work) -> None:
    longer_than_its_column = "x" * 70 if not work.store.database.is_sqlite else None
    if longer_than_its_column is None:
        return
    with pytest.raises(StorageError):
        await book(work, "a1", longer_than_its_column)
    assert await work.rows("steps") == []


async def test_who_is_put_on_a_list_or_taken_off_is_told(work: Work) -> None:
    since = NOON - timedelta(days=3)
    await put(
        work,
        SubscriberChange(originator=ANNA, list="news", since=since),
        SubscriberChange(originator=BRUNO, list="news", status=SubscriptionStatus.PENDING),
    )
    await put(
        work,
        SubscriberChange(originator=ANNA, list="news", status=SubscriptionStatus.UNSUBSCRIBED),
        SubscriberChange(originator=BRUNO, list="offers"),
    )
    calls = [call["data"] for call in await told(work)]
    assert calls[0] == {
        "originator": ANNA,
        "list": "news",
        "event": "opt_in",
        "at": "2026-11-20T12:00:00Z",
        "message_key": None,
        "channel": "operator",
        "rule": None,
        "sequence": 1,
    }
    assert [(call["originator"], call["list"], call["event"]) for call in calls[1:]] == [
        (BRUNO, "news", "opt_in_asked"),
        (ANNA, "news", "opt_out"),
        (BRUNO, "offers", "opt_in"),
    ]


async def test_an_import_that_changes_nothing_tells_nothing(work: Work) -> None:
    await preview_subscribers(work.store.database, work.store.secret, [SubscriberChange(originator=ANNA, list="news")])
    await put(work, SubscriberChange(originator=ANNA, list="news"))
    await put(work, SubscriberChange(originator=ANNA, list="news"))
    assert len(await told(work)) == 1


async def test_an_opt_out_by_phone_is_told_for_everything_and_each_list(work: Work) -> None:
    await put(work, SubscriberChange(originator=ANNA, list="news"))
    for _ in range(2):
        await opt_out(
            work.store.database,
            work.store.secret,
            ANNA,
            reason="called",
            operator="mia",
            now=NOON + minutes(1),
            notify=TELL,
        )
    assert [(call["data"]["list"], call["data"]["event"]) for call in (await told(work))[1:]] == [
        (None, "opt_out"),
        ("news", "opt_out"),
    ]


async def test_the_end_of_a_subscription_for_a_while_is_told(work: Work) -> None:
    work.rules = read(RULES.replace("- subscribe: news", "- subscribe: {list: news, for: 90d}"))
    await work.handle(inbound("News ON"))
    for _ in range(2):
        await end_subscriptions(work.store.database, work.store.secret, NOON + timedelta(days=91), TELL)
    (call,) = await told(work)
    assert (call["data"]["event"], call["data"]["channel"], call["data"]["at"]) == (
        "opt_out",
        "expiry",
        "2027-02-21T12:00:00Z",
    )


async def test_what_no_text_changed_by_itself_carries_its_number_in_the_ledger(work: Work) -> None:
    await put(
        work,
        SubscriberChange(originator=ANNA, list="news"),
        SubscriberChange(originator=BRUNO, list="news"),
        SubscriberChange(originator=BRUNO, list="offers"),
    )
    await opt_out(
        work.store.database,
        work.store.secret,
        ANNA,
        reason="called",
        operator="mia",
        now=NOON + minutes(1),
        notify=TELL,
    )
    async with work.store.database.write() as connection:
        await connection.execute(
            subscriptions.update().where(subscriptions.c.status == "subscribed").values(ends_at=NOON + minutes(2))
        )
    await end_subscriptions(work.store.database, work.store.secret, NOON + minutes(3), TELL)
    assert await numbered(work) == [
        (row.seq, row.originator, row.list, row.event) for row in await work.rows("consent_events", "seq")
    ]
    assert len(await numbered(work)) == 7


async def numbered(work: Work) -> list[tuple[Any, ...]]:
    return [
        tuple(call["data"].get(name) for name in ("sequence", "originator", "list", "event"))
        for call in await told(work)
    ]


async def test_many_are_told_in_one_go(store: Store, clock: StandingClock) -> None:
    work = Work(store=store, clock=clock, rules=read(RULES))
    await book(work, *(f"a{number}" for number in range(1200)))
    assert len(await work.rows("steps")) == 2400


def read(text: str) -> Any:
    from responder.rulefile import read_rules

    return read_rules(text, "rules.yaml", {})
