"""A STOP ends all that waits to leave, and START does not bring it back; a confirmation and the answers to newer HELP and START still leave."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.outbound.leaving import OPTED_OUT
from responder.core.rules.limits import Limits
from responder.rulefile import read_rules
from responder.store.base.tables import steps
from responder.store.consent.stopping import opt_out
from responder.store.handoffs.closing import Answer, answer
from responder.store.outbound.claims import Fate
from responder.store.outbound.gates import put_off
from responder.store.outbound.webhook_replies import settle_unanswered
from responder.wiring import Store
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import Work

RULES = """
version: 1
languages: [en]
appointments: {quiet_hours: 21:00-08:00}
reserved:
  stop: {reply: Stopped.}
  start: {reply: Started.}
  help: {reply: Helped.}
webhooks: {crm: {url: "https://crm.example.com/hook"}}
rules:
  - {name: hours, when: {text: hours}, then: [reply: At nine.]}
  - {name: later, when: {text: later}, then: [reply: {text: Later., delay: 1m}]}
  - {name: much-later, when: {text: much later}, then: [reply: {text: Much later., delay: 14h}]}
  - {name: price, when: {text: price}, then: [webhook: {to: crm, reply: "{{ response.price }}", otherwise: We will call.}]}
  - {name: person, when: {text: person}, then: [hand_off: asked]}
"""
MINUTE = timedelta(minutes=1)


@pytest.fixture
def work(store: Store, clock: StandingClock) -> Work:
    return Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))


async def say(work: Work, *texts: str) -> None:
    """Texts of Anna's, a minute apart."""
    for text in texts:
        await work.handle(inbound(text, received=work.clock.advance(minutes=1)))


async def by_phone(work: Work) -> None:
    await opt_out(
        work.store.database, work.store.secret, ANNA, reason="called", operator="mia", now=work.clock.advance(minutes=1)
    )


async def leaving(work: Work) -> list[str]:
    """What is claimed in an hour, when the gateway takes us again."""
    work.clock.advance(hours=1)
    return [one.step.content for one in await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 100)]


async def fate(work: Work, text: str) -> tuple[str, str | None]:
    [row] = [row for row in await work.rows("steps") if row.content == text]
    return row.status, row.last_error


STOPS: dict[str, Callable[[Work], Awaitable[None]]] = {"text": lambda work: say(work, "STOP"), "phone": by_phone}


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize(
    ("said", "text"), [("hours", "At nine."), ("later", "Later."), ("much later", "Much later."), ("HELP", "Helped.")]
)
async def test_what_waits_is_ended_at_once_and_stays_so_after_a_start(
    work: Work, said: str, text: str, stop: str
) -> None:
    await say(work, said)
    await STOPS[stop](work)
    assert await fate(work, text) == ("suppressed", OPTED_OUT)
    await say(work, "START")
    work.clock.advance(hours=14)
    assert text not in await leaving(work)


@pytest.mark.parametrize("stop", STOPS)
async def test_the_welcome_of_an_earlier_start_does_not_leave(work: Work, stop: str) -> None:
    await say(work, "STOP", "START")
    await STOPS[stop](work)
    assert await leaving(work) == []


@pytest.mark.parametrize("stop", STOPS)
async def test_the_answers_to_a_newer_help_and_a_newer_start_leave(work: Work, stop: str) -> None:
    await STOPS[stop](work)
    await say(work, "HELP", "START")
    assert await leaving(work) == ["Helped.", "Started."]


@pytest.mark.parametrize("stop", STOPS)
async def test_what_is_said_after_a_start_is_answered(work: Work, stop: str) -> None:
    await say(work, "hours")
    await STOPS[stop](work)
    await say(work, "START", "later")
    assert await leaving(work) == ["Started.", "Later."]


async def test_the_answer_to_a_help_leaves_that_is_newer_than_a_stop_which_comes_late(work: Work) -> None:
    await say(work, "HELP", "hours")
    await work.handle(inbound("STOP", sent=NOON - MINUTE, received=work.clock.advance(minutes=1)))
    assert await leaving(work) == ["Helped."]


async def test_what_a_late_stop_ends_is_not_brought_back_by_a_start(work: Work) -> None:
    await say(work, "hours")
    await work.handle(inbound("STOP", sent=NOON - MINUTE, received=work.clock.advance(minutes=1)))
    await say(work, "START")
    assert await leaving(work) == ["Started."]


async def test_a_stop_and_a_start_in_one_batch_leave_nothing_of_before(work: Work) -> None:
    said = ("later", "HELP", "STOP", "START", "hours")
    await work.handle(*(inbound(text, received=NOON + number * MINUTE) for number, text in enumerate(said)))
    work.clock.advance(minutes=4)
    assert [text for text in await leaving(work) if text != "Stopped."] == ["Started.", "At nine."]


async def test_a_start_and_a_stop_in_one_batch_leave_the_confirmation_alone(work: Work) -> None:
    said = ("STOP", "START", "STOP")
    await work.handle(*(inbound(text, received=NOON + number * MINUTE) for number, text in enumerate(said)))
    claimed = await work.store.steps.claim(StepKind.REPLY, "w", NOON + 2 * MINUTE, 100)
    assert [one.step.content for one in claimed] == ["Stopped."]


@pytest.mark.parametrize("stop", STOPS)
async def test_a_reply_that_is_put_off_as_the_number_opts_out_does_not_leave_in_the_morning(
    work: Work, stop: str
) -> None:
    await say(work, "later")
    work.clock.advance(minutes=5)
    if work.store.database.is_sqlite:
        await STOPS[stop](work)
    else:
        async with work.store.database.write() as connection:  # a claim in quiet hours
            await put_off(connection, work.clock(), work.clock() + timedelta(minutes=30))
            await STOPS[stop](work)
    await say(work, "START")
    assert (await leaving(work), await fate(work, "Later.")) == (["Started."], ("suppressed", OPTED_OUT))


async def test_a_help_that_another_claim_holds_as_the_number_opts_out_does_not_leave(work: Work) -> None:
    if work.store.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    await say(work, "HELP")
    async with work.store.database.write() as connection:
        await connection.execute(select(steps.c.seq).with_for_update())
        await say(work, "STOP", "START")
    assert await leaving(work) == ["Started."]


async def test_a_reply_that_is_tried_again_does_not_leave_after_a_stop_and_a_start(work: Work) -> None:
    await say(work, "hours")
    [one] = await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 100)
    await say(work, "STOP", "START")
    again = Fate(key=one.step.key, status=StepStatus.QUEUED, next_attempt_at=work.clock(), error="busy")
    await work.store.steps.record([again], "w", work.clock())
    assert await leaving(work) == ["Started."]


@pytest.mark.parametrize("texts", [("STOP",), ("STOP", "START")])
async def test_a_reply_that_waits_for_a_webhook_is_ended_whenever_that_answers(
    work: Work, texts: tuple[str, ...]
) -> None:
    await say(work, "price", *texts)
    work.clock.advance(minutes=1)
    await settle_unanswered(work.store.database, Limits(), work.clock())
    assert await fate(work, "We will call.") == ("suppressed", OPTED_OUT)
    assert "We will call." not in await leaving(work)


async def test_a_reply_that_waits_for_a_webhook_since_a_start_leaves(work: Work) -> None:
    await say(work, "STOP", "START", "price")
    await settle_unanswered(work.store.database, Limits(), work.clock.advance(minutes=1))
    assert await leaving(work) == ["Started.", "We will call."]


async def test_what_a_person_wrote_before_a_stop_is_ended_and_what_they_write_after_a_start_leaves(work: Work) -> None:
    await work.handle(inbound("person", key="a" * 32))
    for text, then in (("Hello.", ("STOP", "START")), ("Hello again.", ())):
        written = Answer(operator="mia", text=text)
        await answer(work.store.database, work.store.secret, "a" * 32, written, work.clock.advance(minutes=5))
        await say(work, *then)
    assert await leaving(work) == ["Started.", "Hello again."]


async def test_what_was_asked_between_a_stop_and_a_start_is_not_answered_later(work: Work) -> None:
    await say(work, "STOP", "hours")
    assert await fate(work, "At nine.") == ("suppressed", OPTED_OUT)
    await say(work, "START")
    assert await leaving(work) == ["Started."]


async def test_what_waits_for_others_is_left_alone(work: Work) -> None:
    await work.handle(inbound("hours", BRUNO))
    await say(work, "STOP")
    assert await leaving(work) == ["At nine."]
