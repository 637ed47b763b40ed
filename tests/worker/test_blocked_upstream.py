"""A number that the gateway refuses as blocked has opted out there, and is not texted again."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from responder.core.contact.effects import StepKind
from responder.rulefile import read_rules
from responder.store.consent.reading import verify
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.receiver import ACCEPTED
from tests.worker.conftest import RULES, Work
from tests.worker.going_out import Out, going_out

BLOCKED = b'{"results": [{"accepted": false, "statusCode": 403}]}'
HEARING = RULES.replace(
    "webhooks:\n", 'webhooks:\n  ear: {url: "https://ear.example.com/", events: [consent.changed]}\n', 1
)
WHY = "the destination is blocked or opted out at the gateway (HTTP 200)"


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    work.rules = read_rules(HEARING, "rules.yaml", {})
    async with going_out(work) as out:
        out.rules = work.rules
        out.receiver.body = BLOCKED
        yield out


async def events(out: Out) -> list[tuple[Any, ...]]:
    return [(row.event, row.list, row.channel) for row in await out.work.rows("consent_events", "seq")]


async def test_a_refusal_of_a_blocked_number_is_an_opt_out_with_its_proof(out: Out) -> None:
    await out.work.handle(inbound("News ON", key="a" * 32))
    await out.deliver()
    assert await events(out) == [
        ("opt_in", "news", "sms_keyword"),
        ("opt_out", None, "gateway_refusal"),
        ("opt_out", "news", "gateway_refusal"),
    ]
    whole = (await out.work.rows("consent_events", "seq"))[1]
    assert (whole.originator, whole.reason, whole.message_key) == (ANNA, WHY, "a" * 32)
    assert await out.work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert (await verify(out.work.store.database, out.work.store.secret)).faults == ()


async def test_it_is_told_to_webhooks(out: Out) -> None:
    await out.work.handle(inbound("News ON"))
    await out.deliver()
    told = [json.loads(row.content)["data"] for row in await out.work.rows("steps", "seq") if row.recipient == "ear"]
    assert [(one["event"], one["list"], one["channel"], one["sequence"]) for one in told[1:]] == [
        ("opt_out", None, "gateway_refusal", 2),
        ("opt_out", "news", "gateway_refusal", 3),
    ]


async def test_the_number_is_not_texted_again(out: Out) -> None:
    await out.work.handle(inbound("News ON"))
    await out.deliver()
    out.receiver.body = ACCEPTED
    await out.work.handle(inbound("my name is Anna", received=NOON + minutes(1)), inbound("my name is Bruno", BRUNO))
    await out.deliver()
    assert [
        (row.originator, row.status) for row in await out.work.rows("steps", "seq") if row.kind == StepKind.REPLY
    ] == [
        (ANNA, "dead"),
        (ANNA, "suppressed"),
        (BRUNO, "sent"),
    ]


async def test_whoever_has_opted_out_already_is_recorded_once(out: Out) -> None:
    await out.work.handle(inbound("STOP"))
    await out.deliver()
    assert await events(out) == [("opt_out", None, "sms_keyword")]


async def test_a_start_that_came_after_the_refused_text_was_written_stands(out: Out) -> None:
    await out.work.handle(inbound("my name is Anna"))
    [claimed] = await out.work.store.steps.claim(StepKind.REPLY, "slow", NOON, 1)
    await out.work.handle(inbound("START", received=NOON + minutes(1)))
    await out.deliverer()._send(claimed, "slow", NOON)
    assert await events(out) == [("opt_in", None, "sms_keyword")]


async def test_the_answer_to_a_start_that_is_refused_as_well_is_an_opt_out_again(out: Out) -> None:
    await out.work.handle(inbound("my name is Anna"))
    await out.deliver()
    out.work.clock.advance(minutes=1)
    await out.work.handle(inbound("START", received=NOON + minutes(1)))
    await out.deliver()
    assert [event for event, _, _ in await events(out)] == ["opt_out", "opt_in", "opt_out"]
    assert [row.opted_out for row in await out.work.rows("contacts")] == [True]


async def test_any_other_refusal_is_no_opt_out(out: Out) -> None:
    out.receiver.body = b'{"results": [{"accepted": false, "statusCode": 400}]}'
    await out.work.handle(inbound("my name is Anna"))
    await out.deliver()
    assert await events(out) == []
