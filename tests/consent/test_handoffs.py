"""What a person does about a hand-off: closes it, decides that it was a STOP, or writes back."""

import asyncio
import json
from typing import Any

import pytest

from responder.core.contact.effects import StepKind
from responder.core.operations.front_desk import Closed
from responder.core.outbound.fates import Endpoint
from responder.errors import ResponderError
from responder.store.base.records import read_all
from responder.store.consent.erasure import erase
from responder.store.consent.reading import verify
from responder.store.handoffs.closing import Answer, Closing, answer, close
from responder.store.handoffs.handoffs import count_open, find_handoffs, list_handoffs, said_since
from responder.store.outbound.holds import tell_disabled
from tests.builders import ANNA, BRUNO, SHOP, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture
DOUBTFUL, KEY, OTHER = "I want you to stop", "a" * 32, "b" * 32
LATER = NOON + minutes(60)

ASKED = "Do you want no more texts from us? Then text STOP. If not, you need do nothing."


async def done(work: Work, key: str = KEY, *, note: str = "", opts_out: bool = False) -> Closed:
    closing = Closing(operator="mia", note=note, opts_out=opts_out)
    return await close(work.store.database, work.store.secret, key, closing, now=LATER, notify=["crm"])


async def write(work: Work, text: str = "Shall I take you off?", key: str = KEY, after: float = 0) -> tuple[str, bool]:
    written = Answer(operator="mia", text=text)
    return await answer(work.store.database, work.store.secret, key, written, LATER + minutes(after))


async def events(work: Work) -> list[tuple[str, str | None]]:
    return [(row.event, row.list) for row in await work.rows("consent_events", "seq")]


async def told(work: Work) -> list[dict[str, Any]]:
    return [
        json.loads(row.content) for row in await work.rows("steps", "seq") if row.kind == "webhook" and row.sender == ""
    ]


async def test_a_review_that_is_done_stands_in_the_ledger_with_who_and_why(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    assert await done(work, note="only this week") == Closed(ended_review=True, is_opted_out=False, others=0, reviews=0)
    event = (await work.rows("consent_events", "seq"))[-1]
    assert (event.event, event.operator, event.reason, event.message_key) == (
        "review_closed",
        "mia",
        "only this week",
        KEY,
    )
    assert (event.channel, event.at, event.originator) == ("operator", LATER, ANNA)
    assert (await verify(work.store.database, work.store.secret)).faults == ()


async def test_a_review_that_is_done_holds_no_marketing(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    await done(work)
    await work.handle(inbound("News ON", received=LATER))
    assert [one.step.content for one in await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10)] == [
        ASKED,
        "Welcome to Weekly news.",
    ]


async def test_another_review_of_the_number_is_told(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY), inbound(DOUBTFUL, key=OTHER, received=NOON + minutes(1)))
    closed = await done(work)
    assert (closed.others, closed.reviews) == (1, 1)


async def test_a_hand_off_that_is_no_review_leaves_the_ledger_alone(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY))
    assert not (await done(work)).ended_review
    assert await events(work) == []
    (row,) = await work.rows("handoffs")
    assert (row.closed_at, row.closed_by, row.note) == (LATER, "mia", None)


async def test_it_is_done_once(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    await done(work)
    with pytest.raises(ResponderError, match=rf"hand-off {KEY}: mia closed it at 2026-11-23T13:00:00Z"):
        await done(work, opts_out=True)
    assert (await events(work))[1:] == [("review_closed", None)]


async def test_a_stop_in_other_words_opts_out_with_the_text_as_proof(work: Work) -> None:
    await work.handle(inbound("News ON", sent=NOON - minutes(5)), inbound(DOUBTFUL, key=KEY))
    assert (await done(work, note="clear enough", opts_out=True)).is_opted_out
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert (await events(work))[2:] == [("opt_out", None), ("opt_out", "news"), ("review_closed", None)]
    whole = (await work.rows("consent_events", "seq"))[2]
    assert (whole.text, whole.message_key, whole.operator, whole.reason, whole.at) == (
        DOUBTFUL,
        KEY,
        "mia",
        "clear enough",
        NOON,
    )
    assert (whole.destination, whole.folded, whole.rule, whole.recorded_at) == (
        SHOP,
        "i want you to stop",
        "reserved:review",
        LATER,
    )
    assert (await verify(work.store.database, work.store.secret)).faults == ()


async def test_an_opt_out_by_a_person_is_told_to_webhooks(work: Work) -> None:
    await work.handle(inbound("News ON", sent=NOON - minutes(5)), inbound(DOUBTFUL, key=KEY))
    await done(work, opts_out=True)
    calls = await told(work)
    assert [
        (call["type"], call["data"]["list"], call["data"]["event"], call["data"]["sequence"]) for call in calls
    ] == [
        ("consent.changed", None, "opt_out", 3),
        ("consent.changed", "news", "opt_out", 4),
    ]
    assert calls[0]["data"] == {
        "originator": ANNA,
        "list": None,
        "event": "opt_out",
        "at": "2026-11-23T12:00:00Z",
        "message_key": KEY,
        "channel": "operator",
        "rule": None,
        "sequence": 3,
    }


async def test_start_brings_back_what_the_person_took(work: Work) -> None:
    await work.handle(inbound("News ON", sent=NOON - minutes(5)), inbound(DOUBTFUL, key=KEY))
    await done(work, opts_out=True)
    await work.handle(inbound("START", received=LATER + minutes(1)))
    assert await work.lists_of(ANNA) == {"news": "subscribed"}


async def test_a_list_that_was_joined_after_the_text_is_kept(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY), inbound("News ON", received=NOON + minutes(5)))
    await done(work, opts_out=True)
    assert await work.lists_of(ANNA) == {"news": "subscribed"}


async def test_a_start_since_stands(work: Work) -> None:
    await work.handle(
        inbound("STOP", received=NOON - minutes(2)),
        inbound("what?", key=KEY),
        inbound("START", received=NOON + minutes(5)),
    )
    with pytest.raises(ResponderError, match="has said START since"):
        await done(work, opts_out=True)
    (row,) = await work.rows("handoffs")
    assert row.closed_at is None


async def test_who_is_opted_out_already_is_not_opted_out_twice(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY), inbound("STOP", received=NOON + minutes(5)))
    assert (await done(work, opts_out=True)).is_opted_out
    assert await events(work) == [("review_opened", None), ("opt_out", None), ("review_closed", None)]


async def test_a_plan_of_before_the_decision_is_made_anew(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    (before,) = await work.rows("contacts")
    await done(work)
    (after,) = await work.rows("contacts")
    assert after.revision > before.revision


async def test_a_person_writes_from_the_number_that_was_texted(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY))
    assert await write(work) == (f"{KEY}-h1", True)
    (claimed,) = await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10)
    assert (claimed.step.to, claimed.step.sender, claimed.step.content, claimed.step.segments) == (
        ANNA,
        SHOP,
        "Shall I take you off?",
        1,
    )
    (row,) = await work.rows("steps")
    assert (row.operator, row.message_key, row.purpose) == ("mia", KEY, "person")


async def test_a_text_that_was_typed_twice_is_one(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY))
    first = await write(work)
    assert await write(work, after=1) == (first[0], False)
    assert await write(work, "Another text", after=1) == (f"{KEY}-h2", True)
    assert await write(work, after=3) == (f"{KEY}-h3", True)


async def test_a_person_may_ask_who_may_want_to_stop(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    work.clock.now = LATER
    await write(work)
    assert len(await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10)) == 2  # ours, and what the service asked


async def test_nobody_writes_to_who_said_stop(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY), inbound("STOP", received=NOON + minutes(1)))
    with pytest.raises(
        ResponderError,
        match=f"hand-off {KEY}: the originator opted out, so no text may go there before the number says START",
    ):
        await write(work)


async def test_a_stop_after_the_text_was_written_holds_it_back(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY))
    await write(work)
    await work.handle(inbound("STOP", received=LATER))
    claimed = await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10)
    assert "Shall I take you off?" not in [one.step.content for one in claimed]


async def test_open_ones_are_listed_with_their_texts(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY), inbound(DOUBTFUL, BRUNO, key=OTHER))
    work.clock.advance(minutes=1)
    await work.handle(inbound("hello?", received=NOON + minutes(1)))
    await done(work, OTHER)
    open_ = [record async for record in read_all(work.store.database, list_handoffs())]
    assert [(record.text, record.reason, record.later_texts) for record in open_] == [
        ("what?", "unrecognised", 1),
        ("hello?", "unrecognised", 0),
    ]
    assert len([record async for record in read_all(work.store.database, list_handoffs(every=True))]) == 3
    assert (await count_open(work.store.database)).count == 2


async def test_the_conversation_has_both_sides_by_time(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY))
    await write(work)
    await work.handle(
        inbound("Yes please", received=LATER + minutes(1)), inbound("hello", BRUNO, received=LATER + minutes(1))
    )
    (record,) = await find_handoffs(work.store.database, KEY[:8])
    assert [(said.text, said.is_ours) for said in await said_since(work.store.database, record)] == [
        ("Shall I take you off?", True),
        ("Yes please", False),
    ]


async def test_an_erasure_takes_hand_off_and_note_along(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    await done(work, note="Anna wants out", opts_out=True)
    await erase(work.store.database, work.store.secret, ANNA, "mia", LATER)
    assert await work.rows("handoffs") == []
    assert ANNA not in str([tuple(row) for row in await work.rows("steps")])
    assert (await verify(work.store.database, work.store.secret)).faults == ()


async def test_nobody_writes_to_who_was_erased(work: Work) -> None:
    await erase(work.store.database, work.store.secret, ANNA, "mia", NOON - minutes(5))
    await work.handle(inbound("what?", key=KEY))
    with pytest.raises(ResponderError, match="opted out"):
        await write(work)


async def test_two_who_write_the_same_at_once_write_it_once(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY))
    written = await asyncio.gather(*(write(work) for _ in range(4)))
    assert sorted(is_new for _, is_new in written) == [False, False, False, True]
    assert len(await work.rows("steps")) == 1


async def test_of_two_who_close_it_at_once_one_does(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    closed = await asyncio.gather(*(done(work) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in closed].count(Closed) == 1
    assert [event for event, _ in await events(work)] == ["review_opened", "review_closed"]


async def test_a_hand_off_of_a_number_that_was_erased_is_gone(work: Work) -> None:
    await work.handle(inbound("what?", key=KEY))
    await erase(work.store.database, work.store.secret, ANNA, "mia", LATER)
    with pytest.raises(ResponderError, match="its number was erased"):
        await write(work)


async def off(work: Work, *names: str) -> list[str]:
    """Switch webhooks off by a call of the message KEY, and tell the keys of the hand-offs."""
    async with work.store.database.write() as connection:
        for name in names:
            await tell_disabled(
                connection, Endpoint(name=name, address="x", reason="HTTP 410"), ANNA, NOON + minutes(1)
            )
    return [
        row.message_key for row in await work.rows("handoffs", "opened_at", "reason") if "is switched off" in row.reason
    ]


async def test_a_webhook_that_is_switched_off_is_handed_over_beside_what_its_message_was_handed_over_for(
    work: Work,
) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    [before] = await work.rows("handoffs")
    await off(work, "crm", "erp")
    first, *others = await work.rows("handoffs", "opened_at", "reason")
    assert first == before
    assert [row.reason for row in others] == [f"webhook {name} is switched off: HTTP 410" for name in ("crm", "erp")]


async def test_closing_that_of_a_webhook_leaves_the_other_open(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    [key] = await off(work, "crm")
    assert await done(work, key) == Closed(ended_review=False, is_opted_out=False, others=1, reviews=1)
    assert [record.key async for record in read_all(work.store.database, list_handoffs())] == [KEY]


async def test_that_of_a_webhook_is_listed_without_a_text_and_found_by_its_key(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL, key=KEY))
    [key] = await off(work, "crm")
    [record] = await find_handoffs(work.store.database, key[:12])
    assert (record.key, record.originator, record.text, record.later_texts) == (key, ANNA, None, 0)


async def test_one_about_no_message_can_be_closed_and_no_more(work: Work) -> None:
    [key] = await off(work, "crm")
    with pytest.raises(ResponderError, match="leave --opt-out out"):
        await done(work, key, opts_out=True)
    with pytest.raises(ResponderError, match="nobody to answer"):
        await write(work, key=key)
    assert not (await done(work, key)).ended_review
