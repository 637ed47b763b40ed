"""Limits count what was queued, whichever worker queued it and however often it was started again."""

import asyncio

from responder.core.notices import NOTICES
from responder.rulefile import read_rules
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
    """Both numbers belong to one installation here, so that each text that it sends comes in as a message of the other number."""
    work.rules = read_rules(RULES.replace("hand_off: unrecognised", 'reply: "What does {{ message.key }} mean?"'), "rules.yaml", {})
    await work.handle(inbound("hello", ANNA))
    seen = 0
    for _ in range(100):
        replies = [row for row in await work.rows("steps", "seq") if row.kind == "reply"]
        new, seen = replies[seen:], len(replies)
        if not new:
            break
        now = work.clock.advance(seconds=5)
        await work.handle(*(inbound(row.content, row.sender, destination=row.recipient, received=now) for row in new))
    assert (new, seen <= 12) == ([], True)
    assert ANNA in {row.originator for row in await work.rows("contacts") if row.muted_until}


async def test_what_an_opt_out_held_back_does_not_count(work: Work) -> None:
    for number in range(8):
        await name_again(work, number)
        if number == 0:
            await work.handle(inbound("STOP", received=NOON))
    assert NOTICES["en"] not in await work.replies()
