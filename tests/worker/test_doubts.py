"""A text that may be a stop: until a person decides, nothing queued before it goes out."""

from datetime import timedelta

from sqlalchemy import update

from responder.core.contact.effects import StepKind
from responder.store.base.tables import handoffs
from tests.builders import ANNA, inbound
from tests.conftest import NOON
from tests.worker.conftest import Work

DOUBTFUL = "I want you to stop"
ASKED = "Do you want no more texts from us? Then text STOP. If not, you need do nothing."


async def claimed(work: Work) -> list[str]:
    return [step.step.content for step in await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)]


async def test_a_doubt_opens_a_hand_off_and_stands_in_the_ledger(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL))
    assert [(row.originator, row.reason, row.closed_at) for row in await work.rows("handoffs")] == [
        (ANNA, "may want no more texts", None)
    ]
    [event] = await work.rows("consent_events")
    assert (event.event, event.word, event.step, event.pack, event.channel) == (
        "review_opened",
        "STOP",
        "9",
        "all 2026-11",
        "sms_phrase",
    )


async def test_a_stop_stands_in_the_ledger_with_its_step_and_pack(work: Work) -> None:
    await work.handle(inbound("please stop texting me"))
    [event] = await work.rows("consent_events")
    assert (event.event, event.word, event.step, event.pack, event.channel) == (
        "opt_out",
        "stop texting",
        "3",
        "all 2026-11",
        "sms_phrase",
    )


async def test_a_question_who_writes_stands_in_the_ledger_with_what_was_answered(work: Work) -> None:
    await work.handle(inbound("Help!"))
    [event] = await work.rows("consent_events")
    assert (event.event, event.list, event.word, event.step, event.channel) == (
        "help",
        None,
        "HELP",
        "5",
        "sms_keyword",
    )
    assert [event.wording] == await work.replies()


async def test_the_explanation_keeps_what_was_recognised(work: Work) -> None:
    await work.handle(inbound("Stop!"))
    [message] = await work.rows("messages")
    assert (
        '"reserved": {"outcome": "opt_out", "step": 1, "word": "STOP", "pack": "all", "pack_version": "2026-11"'
        in message.explanation
    )


async def test_a_text_that_was_queued_before_the_doubt_does_not_go_out(work: Work) -> None:
    await work.handle(inbound("news on", sent=NOON - timedelta(minutes=2)))
    await work.handle(inbound(DOUBTFUL))
    assert await claimed(work) == [ASKED]
    replies = {row.content: row.status for row in await work.rows("steps") if row.kind == "reply"}
    assert replies.pop("Welcome to Weekly news.") == "suppressed"


async def test_what_somebody_asks_for_after_the_doubt_is_answered(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL))
    work.clock.advance(seconds=30)
    await work.handle(inbound("news on", sent=NOON + timedelta(seconds=30)))
    assert await claimed(work) == [ASKED, "Welcome to Weekly news."]


async def test_once_a_person_has_decided_nothing_is_held_back(work: Work) -> None:
    await work.handle(inbound("news on", sent=NOON - timedelta(minutes=2)))
    await work.handle(inbound(DOUBTFUL))
    async with work.store.database.write() as connection:
        await connection.execute(update(handoffs).values(closed_at=NOON))
    assert sorted(await claimed(work)) == [ASKED, "Welcome to Weekly news."]


async def test_a_keyword_after_the_doubt_closes_it_in_the_ledger_and_for_the_staff(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL))
    work.clock.advance(seconds=30)
    await work.handle(inbound("news on", sent=NOON + timedelta(seconds=30)))
    [row] = await work.rows("handoffs")
    assert (row.closed_at is not None, row.note) == (True, "a later text was clear")
    assert [event.event for event in await work.rows("consent_events")] == [
        "review_opened",
        "review_closed",
        "opt_in",
    ]


async def test_a_doubt_is_asked_about_once(work: Work) -> None:
    await work.handle(inbound(DOUBTFUL))
    work.clock.advance(seconds=30)
    await work.handle(inbound("wrong number", sent=NOON + timedelta(seconds=30)))
    assert await claimed(work) == [ASKED]
