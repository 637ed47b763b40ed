"""Events: webhooks that ask are told of changes, in the transaction of the change."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from responder.core.contact.effects import StepKind
from responder.core.outbound.fates import LEASE
from responder.rulefile import read_rules
from responder.store.outbound.abandoned import settle_abandoned
from responder.store.reading.events import read_events
from tests.builders import ANNA, BRUNO, inbound, minutes, reply_step
from tests.conftest import NOON
from tests.worker.conftest import RULES, Work
from tests.worker.going_out import Out, going_out
from tests.worker.test_handling import appoint

HEARING = RULES.replace(
    "rules:\n",
    """  ear: {url: "https://ear.example.com/", events: [consent.changed, appointment.changed, delivery.changed, handoff.opened]}
  deaf: {url: "https://deaf.example.com/"}
rules:
""",
    1,
)


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    work.rules = read_rules(HEARING, "rules.yaml", {})
    async with going_out(work) as out:
        out.rules = work.rules
        yield out


async def heard(out: Out) -> list[Any]:
    rows = [row for row in await out.work.rows("steps", "seq") if row.recipient == "ear"]
    assert len({row.key for row in rows}) == len(rows)
    return [json.loads(row.content) for row in rows]


async def test_a_change_of_consent_is_told(out: Out) -> None:
    await out.work.handle(inbound("News ON", key="a" * 32))
    [event] = await heard(out)
    assert (event["type"], event["timestamp"]) == ("consent.changed", "2026-11-23T12:00:00Z")
    assert event["data"] == {
        "originator": ANNA,
        "list": "news",
        "event": "opt_in",
        "at": "2026-11-23T12:00:00Z",
        "message_key": "a" * 32,
        "channel": "sms_keyword",
        "rule": "news-on",
        "sequence": 1,
    }


async def test_who_is_told_hears_what_is_kept_for_who_asks_later(out: Out) -> None:
    await appoint(out.work)
    await out.work.handle(inbound("yes"), inbound("News ON", BRUNO), inbound("please stop texting me", "+393301234569"))
    kept, _ = await read_events(out.work.store.database, 0, 100)
    about = {event.type: [one.data for one in kept if one.type == event.type] for event in kept}
    told = [(event["type"], event["data"]) for event in await heard(out)]
    assert {kind for kind, _ in told} == {"appointment.changed", "consent.changed"}
    assert [(kind, data) for kind, data in told if data not in about[kind]] == []
    assert "sms_phrase" in [data["channel"] for kind, data in told if kind == "consent.changed"]


async def test_a_stop_is_told_for_everything_and_for_each_list(out: Out) -> None:
    await out.work.handle(inbound("News ON"), inbound("STOP", received=NOON + minutes(1)))
    assert [(e["data"]["event"], e["data"]["list"]) for e in await heard(out)] == [
        ("opt_in", "news"),
        ("opt_out", None),
        ("opt_out", "news"),
    ]


async def test_changes_of_consent_can_be_put_in_order_by_their_place_in_the_ledger(out: Out) -> None:
    await out.work.handle(inbound("News ON"), inbound("STOP", received=NOON + minutes(1)))
    await out.work.handle(inbound("START", received=NOON + minutes(2)))
    of_ledger = {row.seq: (row.list, row.event) for row in await out.work.rows("consent_events")}
    told = {event["data"]["sequence"]: (event["data"]["list"], event["data"]["event"]) for event in await heard(out)}
    assert told == of_ledger
    assert sorted(told) == list(range(1, len(told) + 1))


async def test_two_rules_that_say_the_same_of_a_list_have_a_number_each(out: Out) -> None:
    first = "  - {name: first, when: {text: News ON}, continue: true, then: [subscribe: news]}\n"
    twice = HEARING.replace("  - name: news-on\n", f"{first}  - name: news-on\n")
    out.work.rules = read_rules(twice.replace("  deaf: {", "  too: {events: [consent.changed], "), "rules.yaml", {})
    await out.work.handle(inbound("News ON"))
    calls = [row for row in await out.work.rows("steps", "seq") if row.recipient in {"ear", "too"}]
    told = [(row.recipient, json.loads(row.content)["data"]["sequence"]) for row in calls]
    assert sorted(told) == [("ear", 1), ("ear", 2), ("too", 1), ("too", 2)]


async def test_changes_of_an_appointment_are_numbered(out: Out) -> None:
    await appoint(out.work)
    await out.work.handle(inbound("yes"))
    await out.work.handle(inbound("no", received=NOON + minutes(1)))
    changes = [event["data"]["appointment"] for event in await heard(out) if event["type"] == "appointment.changed"]
    assert [(change["status"], change["sequence"]) for change in changes] == [("confirmed", 2), ("cancelled", 3)]


async def test_a_changed_appointment_is_told_as_it_stands_afterwards(out: Out) -> None:
    await appoint(out.work)
    await out.work.handle(inbound("yes"))
    [event] = await heard(out)
    assert (event["type"], event["data"]["appointment"]["status"]) == ("appointment.changed", "confirmed")


async def test_a_hand_off_is_told(out: Out) -> None:
    await out.work.handle(inbound("blah"))
    [event] = await heard(out)
    assert (event["type"], event["data"]["reason"], event["data"]["message"]["text"]) == (
        "handoff.opened",
        "unrecognised",
        "blah",
    )


async def test_what_a_newer_word_superseded_is_not_told(out: Out) -> None:
    await out.work.handle(inbound("News OFF", sent=NOON - minutes(1)))
    before = len(await heard(out))
    await out.work.handle(inbound("News ON", sent=NOON - minutes(16)))
    assert len(await heard(out)) == before


async def test_what_becomes_of_a_reply_is_told(out: Out) -> None:
    await out.queue(reply_step("k-1"))
    await out.deliver()
    [event] = await heard(out)
    assert (event["type"], event["data"]["key"], event["data"]["status"]) == ("delivery.changed", "k-1", "sent")


async def test_a_reply_that_was_suppressed_or_whose_worker_was_killed_is_told(out: Out) -> None:
    await out.queue(reply_step("k-1"), reply_step("k-2", expires_at=NOON - minutes(1)))
    await out.work.store.steps.claim(StepKind.REPLY, "killed", NOON, 10, notify=["ear"])
    out.work.clock.advance(seconds=LEASE.total_seconds() + 1)
    await settle_abandoned(out.work.store.database, out.work.clock(), ["ear"])
    assert [event["data"]["status"] for event in await heard(out)] == ["suppressed", "uncertain"]


async def test_nobody_is_told_of_a_reply_that_will_be_tried_again(out: Out, unused_tcp_port: int) -> None:
    out.receiver.port = unused_tcp_port
    await out.queue(reply_step("k-1"))
    await out.deliver()
    assert await heard(out) == []


async def test_a_reply_that_comes_to_the_same_status_again_is_told_again(out: Out) -> None:
    out.receiver.drops = True
    await out.queue(reply_step("k-1"))
    for _ in range(2):
        await out.deliver()
        out.work.clock.advance(minutes=1)
        await out.work.store.steps.retry("k-1", out.work.clock())
    assert [event["data"]["status"] for event in await heard(out)] == ["uncertain", "uncertain"]


async def test_who_did_not_ask_is_not_told(out: Out) -> None:
    await out.work.handle(inbound("blah"), inbound("News ON"))
    assert [row for row in await out.work.rows("steps") if row.recipient == "deaf"] == []
