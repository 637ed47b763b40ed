"""Limits count what was queued, whichever worker queued it and however often it was started again."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from responder.core.rules.limits import NOTICES, Limits
from responder.rulefile import read_rules
from responder.store.outbound.webhook_replies import settle_unanswered
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import RULES, Work


async def name_again(work: Work, number: int) -> None:
    await work.handle(inbound(f"my name is {number}", received=work.clock.now))


async def test_the_limit_counts_over_workers_and_restarts(work: Work) -> None:
    for number in range(8):  # each with a handler of its own, as after a restart
        await name_again(work, number)
    assert await work.replies() == [*(f"Hello {number}." for number in range(5)), NOTICES["en"]]


async def test_the_limit_counts_within_one_batch(work: Work) -> None:
    await work.handle(*(inbound(f"my name is {number}") for number in range(8)))
    assert await work.replies() == [*(f"Hello {number}." for number in range(5)), NOTICES["en"]]


async def test_the_limit_holds_with_several_workers_at_once(work: Work) -> None:
    await work.receive(*(inbound(f"my name is {n}", originator) for n in range(8) for originator in (ANNA, BRUNO)))
    await asyncio.gather(*(work.handler().handle() for _ in range(4)))
    assert len(await work.replies()) == 12


async def test_silence_is_kept_and_ends(work: Work) -> None:
    for number in range(7):
        await name_again(work, number)
    [contact] = await work.rows("contacts")
    assert contact.muted_until == NOON + minutes(60)
    work.clock.advance(minutes=61)
    await name_again(work, 99)
    assert (await work.replies())[-1] == "Hello 99."


async def test_what_was_held_back_is_recorded_all_the_same(work: Work) -> None:
    for number in range(8):
        await name_again(work, number)
    assert [status for _, status, _ in await work.decided()] == ["handled"] * 8
    assert (await work.rows("contacts"))[0].fields == '{"name": "7"}'


async def test_an_echo_of_what_was_queued_is_not_answered(work: Work) -> None:
    await name_again(work, 1)
    await work.handle(inbound("HELLO 1", received=NOON + minutes(1)))
    assert (await work.decided())[-1] == ("HELLO 1", "handled", None)
    assert await work.rows("handoffs") == []


async def test_two_services_pointed_at_each_other_stop_by_themselves(work: Work) -> None:
    """Both numbers belong to one installation, so each text sent comes in for the other number."""
    work.rules = read_rules(
        RULES.replace("hand_off: unrecognised", 'reply: "What does {{ message.key }} mean?"'), "rules.yaml", {}
    )
    await work.handle(inbound("hello", ANNA))
    seen = 0
    for _ in range(100):
        replies = [row for row in await work.rows("steps", "seq") if row.kind == "reply"]
        new, seen = replies[seen:], len(replies)
        if not new:
            break
        now = work.clock.advance(seconds=5)
        await work.handle(*(inbound(row.content, row.sender, destination=row.recipient, received=now) for row in new))
    assert (new, seen <= 14) == ([], True)  # five answers and one notice each, and what each asks about a doubt
    assert ANNA in {row.originator for row in await work.rows("contacts") if row.muted_until}


async def test_what_an_opt_out_held_back_does_not_count(work: Work) -> None:
    for number in range(8):
        await name_again(work, number)
        if number == 0:
            await work.handle(inbound("STOP", received=NOON))
    assert NOTICES["en"] not in await work.replies()


SPARSE = [NOON + minutes(20 * number) for number in range(7)]
DENSE = [NOON + timedelta(seconds=10 * number) for number in range(20)]


async def in_batches(work: Work, moments: Sequence[datetime]) -> int:
    """How many answers a number gets for texts of these moments, handled in batches after an outage."""
    work.rules = read_rules(TALKATIVE, "rules.yaml", {})
    work.clock.now = NOON + timedelta(hours=5)
    for number in range(0, len(moments), 3):
        await work.handle(*(inbound(f"it is {moment}", received=moment) for moment in moments[number : number + 3]))
        work.clock.advance(seconds=1)
    return sum(text.startswith("Hello") for text in await work.replies())


async def test_whoever_wrote_slowly_while_the_service_was_away_is_answered(work: Work) -> None:
    assert await in_batches(work, SPARSE) == len(SPARSE)


async def test_a_machine_that_wrote_while_the_service_was_away_falls_silent(work: Work) -> None:
    assert await in_batches(work, DENSE) == 5
    assert NOTICES["en"] in await work.replies()


async def test_a_machine_falls_silent_in_whatever_order_its_texts_are_handled(work: Work) -> None:
    assert await in_batches(work, DENSE[::-1]) == 5


async def test_what_a_webhook_answers_late_counts_for_the_text_that_it_answers(work: Work) -> None:
    work.rules = read_rules(WITH_PRICE, "rules.yaml", {})
    for moment in SPARSE:
        await work.receive(inbound("price", received=moment))
    work.clock.now = NOON + timedelta(hours=5)
    await work.handler().handle()
    await settle_unanswered(work.store.database, Limits(equal=None), work.clock.advance(minutes=1))
    assert await work.replies() == ["We will call."] * len(SPARSE)


TALKATIVE = """
version: 1
languages: [en]
fallback: {then: [reply: "Hello {{ message.text }}."]}
"""
WITH_PRICE = """
version: 1
webhooks: {crm: {url: "https://crm.example.com/hook"}}
rules:
  - {name: price, when: {text: price}, then: [webhook: {to: crm, reply: "{{ response.price }}", otherwise: We will call.}]}
"""
