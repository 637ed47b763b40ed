"""Leaving undoes what was to come: questions that are open, replies that wait, and more than was agreed to by START."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from responder.core.consent.standing import Outcome, SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.rulefile import read_rules
from responder.store.base.tables import subscriptions
from responder.store.consent.retention import TOGETHER, end_subscriptions
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.store.handoffs.closing import Closing, close
from responder.wiring import Store
from tests.builders import ANNA, inbound
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import Work

RULES = """
version: 1
languages: [en]
lists:
  news: {title: Weekly news}
  offers: {title: Offers, double_opt_in: true}
rules:
  - {name: news, when: {text: News ON}, then: [{subscribe: {list: news, for: 90d}}]}
  - {name: news-off, when: {text: News OFF}, then: [unsubscribe: news]}
  - {name: offers, when: {text: Offers ON}, then: [subscribe: offers]}
  - {name: offers-off, when: {text: Offers OFF}, then: [unsubscribe: offers]}
  - {name: later, when: {text: call me}, then: [{reply: {text: "Shall we call now?", delay: 30m}}]}
"""
ENDS = NOON + timedelta(days=90)
LEFT = SubscriptionStatus.UNSUBSCRIBED


@pytest.fixture
def work(store: Store, clock: StandingClock) -> Work:
    return Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))


async def say(work: Work, *texts: str) -> None:
    """Texts of Anna's, a minute apart."""
    for text in texts:
        await work.handle(inbound(text, received=work.clock.advance(minutes=1)))


async def remove(work: Work, name: str) -> Outcome:
    wanted = [SubscriberChange(originator=ANNA, list=name, status=LEFT, evidence="by phone")]
    outcomes = await put_subscribers(
        work.store.database, work.store.secret, wanted, operator="mia", now=work.clock.advance(minutes=1)
    )
    (outcome,) = outcomes.counts
    return outcome


async def stop_by_phone(work: Work) -> None:
    assert await opt_out(
        work.store.database, work.store.secret, ANNA, reason="called", operator="mia", now=work.clock.advance(minutes=1)
    )


@pytest.mark.parametrize("is_by_phone", [False, True])
async def test_start_brings_a_subscription_back_for_the_while_that_it_was_for(work: Work, *, is_by_phone: bool) -> None:
    await work.handle(inbound("News ON"))
    await (stop_by_phone(work) if is_by_phone else say(work, "STOP"))
    await say(work, "START")
    (row,) = await work.rows("subscriptions")
    assert (row.status, row.ends_at) == ("subscribed", ENDS)


async def test_start_does_not_bring_back_a_subscription_whose_time_is_over(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await say(work, "STOP")
    work.clock.now = ENDS
    await say(work, "START")
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert [row.event for row in await work.rows("consent_events", "seq") if row.list == "news"] == [
        "opt_in",
        "opt_out",
    ]


async def test_a_subscription_that_stop_took_does_not_end_once_more(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await say(work, "STOP")
    assert await end_subscriptions(work.store.database, work.store.secret, ENDS) == 0


async def test_all_subscriptions_of_a_campaign_end_at_once_however_many_they_are(work: Work) -> None:
    wanted = [
        SubscriberChange(originator=f"+39330{number:07}", list="news", evidence="form")
        for number in range(TOGETHER + 1)
    ]
    await put_subscribers(work.store.database, work.store.secret, wanted, operator="mia", now=NOON)
    async with work.store.database.write() as connection:
        await connection.execute(update(subscriptions).values(ends_at=ENDS))
    assert await end_subscriptions(work.store.database, work.store.secret, ENDS) == TOGETHER + 1
    assert {row.status for row in await work.rows("subscriptions")} == {"unsubscribed"}


async def test_start_does_not_bring_back_what_an_operator_took_off_after_the_stop(work: Work) -> None:
    await say(work, "News ON", "STOP")
    assert await remove(work, "news") is Outcome.CHANGED
    assert await remove(work, "news") is Outcome.UNCHANGED
    await say(work, "START")
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    last = [row for row in await work.rows("consent_events", "seq") if row.list == "news"][-1]
    assert (last.event, last.reason) == ("opt_out", "by phone")


async def test_a_reply_that_waits_when_an_operator_opts_the_number_out_is_not_sent_after_a_start(work: Work) -> None:
    await say(work, "call me")
    await stop_by_phone(work)
    await say(work, "START")
    assert [row.status for row in await work.rows("steps", "seq") if row.content == "Shall we call now?"] == [
        "suppressed"
    ]


async def test_a_reply_that_waits_when_a_hand_off_turns_out_to_be_a_stop_is_not_sent_after_a_start(work: Work) -> None:
    await say(work, "call me")
    await work.handle(inbound("I want you to stop", key="b" * 32, received=work.clock.advance(minutes=1)))
    closing = Closing(operator="mia", opts_out=True)
    await close(work.store.database, work.store.secret, "b" * 32, closing, now=work.clock.advance(minutes=1))
    await say(work, "START")
    assert [row.status for row in await work.rows("steps", "seq") if row.content == "Shall we call now?"] == [
        "suppressed"
    ]


@pytest.mark.parametrize("texts", [("STOP offers",), ("Offers OFF",), ("STOP", "START")])
async def test_yes_to_a_question_that_was_open_when_somebody_left_joins_nothing(
    work: Work, texts: tuple[str, ...]
) -> None:
    await say(work, "Offers ON", *texts, "yes")
    assert await work.lists_of(ANNA) == {"offers": "unsubscribed"}


async def test_yes_to_a_question_that_was_open_when_an_operator_took_the_number_off_joins_nothing(work: Work) -> None:
    await say(work, "Offers ON")
    await remove(work, "offers")
    await say(work, "yes")
    assert await work.lists_of(ANNA) == {"offers": "unsubscribed"}


async def test_whoever_asks_again_after_leaving_is_asked_again_and_joins(work: Work) -> None:
    await say(work, "Offers ON", "STOP offers", "Offers ON", "yes")
    assert await work.lists_of(ANNA) == {"offers": "subscribed"}


async def test_a_subscription_that_ends_between_two_texts_of_a_batch_is_ended_with_its_event(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await work.receive(
        inbound("hello", received=ENDS - timedelta(minutes=1)),
        inbound("Offers ON", received=ENDS + timedelta(minutes=1)),
    )
    work.clock.now = ENDS + timedelta(minutes=2)
    await work.handler().handle()
    assert await end_subscriptions(work.store.database, work.store.secret, work.clock()) == 1
    assert [row.event for row in await work.rows("consent_events", "seq") if row.list == "news"] == [
        "opt_in",
        "opt_out",
    ]
