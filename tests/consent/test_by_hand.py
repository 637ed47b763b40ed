"""Subscriptions as an operator changes them: with proof, and without bringing anybody back."""

import pytest

from responder.core.consent.standing import Outcome, Outcomes, SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.store.consent.erasure import erase
from responder.store.consent.reading import verify
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import preview_subscribers, put_subscribers
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture
LATER = NOON + minutes(60)
LEAVES = SubscriptionStatus.UNSUBSCRIBED


async def put(work: Work, *wanted: SubscriberChange) -> Outcomes:
    return await put_subscribers(work.store.database, work.store.secret, wanted, operator="mia", now=LATER)


def joining(originator: str = ANNA, **other: str) -> SubscriberChange:
    return SubscriberChange(originator=originator, list="news", evidence=other.pop("evidence", "paper form"), **other)  # type: ignore[arg-type]  # texts


async def test_a_number_put_on_a_list_is_on_it_with_the_proof(work: Work) -> None:
    assert (await put(work, joining(language="it"))).counts == {Outcome.NEW: 1}
    assert await work.lists_of(ANNA) == {"news": "subscribed"}
    (event,) = await work.rows("consent_events")
    assert (event.event, event.list, event.channel, event.operator, event.reason) == (
        "opt_in",
        "news",
        "operator",
        "mia",
        "paper form",
    )
    (contact,) = await work.rows("contacts")
    assert contact.language == "it"


async def test_what_stands_already_is_no_event(work: Work) -> None:
    await put(work, joining())
    assert (await put(work, joining())).counts == {Outcome.UNCHANGED: 1}
    assert len(await work.rows("consent_events")) == 1


async def test_a_dry_run_changes_nothing(work: Work) -> None:
    assert (await preview_subscribers(work.store.database, work.store.secret, [joining()])).counts == {Outcome.NEW: 1}
    assert (await work.lists_of(ANNA), await work.rows("consent_events")) == ({}, [])


@pytest.mark.parametrize("text", ["STOP", "News OFF"])
async def test_nobody_is_brought_back_who_opted_out(work: Work, text: str) -> None:
    await work.handle(inbound("News ON"), inbound(text, received=NOON + minutes(1)))
    outcomes = await put(work, joining(BRUNO), joining())
    assert outcomes.left_out == [1]
    assert (await work.lists_of(ANNA), await work.lists_of(BRUNO)) == ({"news": "unsubscribed"}, {"news": "subscribed"})


async def test_nobody_is_brought_back_who_was_erased(work: Work) -> None:
    await erase(work.store.database, work.store.secret, ANNA, "mia", NOON)
    assert (await put(work, joining())).left_out == [0]


async def test_a_number_taken_off_a_list_has_left_it(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await put(work, SubscriberChange(originator=ANNA, list="news", status=LEAVES, evidence="by phone"))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert [row.event for row in await work.rows("consent_events", "seq")] == ["opt_in", "opt_out"]


async def test_an_older_text_that_comes_late_does_not_undo_what_an_operator_did(work: Work) -> None:
    await put(work, SubscriberChange(originator=ANNA, list="news", status=LEAVES))
    await work.handle(inbound("News ON", received=NOON))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}


async def test_an_opt_out_by_phone_is_like_a_stop(work: Work) -> None:
    await work.handle(inbound("News ON"))
    assert await opt_out(work.store.database, work.store.secret, ANNA, reason="called us", operator="mia", now=LATER)
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    (contact,) = await work.rows("contacts")
    assert contact.opted_out
    assert not await opt_out(work.store.database, work.store.secret, ANNA, reason="", operator="mia", now=LATER)


async def test_start_brings_back_what_an_opt_out_by_phone_took(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await opt_out(work.store.database, work.store.secret, ANNA, reason="", operator="mia", now=LATER)
    await work.handle(inbound("START", received=LATER + minutes(1)))
    assert await work.lists_of(ANNA) == {"news": "subscribed"}


async def test_the_chain_stays_one(work: Work) -> None:
    await put(work, joining(), joining(BRUNO))
    await work.handle(inbound("STOP", received=LATER + minutes(1)))
    await opt_out(work.store.database, work.store.secret, BRUNO, reason="", operator="mia", now=LATER)
    verdict = await verify(work.store.database, work.store.secret)
    assert (verdict.events, verdict.faults) == (6, ())


async def test_a_thousand_are_put_in_one_go(work: Work) -> None:
    outcomes = await put(work, *(joining(f"+3933000{n:05}") for n in range(1200)))
    assert outcomes.counts == {Outcome.NEW: 1200}
    assert (await verify(work.store.database, work.store.secret)).events == 1200
