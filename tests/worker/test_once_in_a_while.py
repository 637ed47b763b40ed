"""Cooldowns are decided from SQL: within a batch, across workers, and after a restart."""

import asyncio
from datetime import timedelta

import pytest

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.rules.rules import Rules
from responder.rulefile import read_rules
from responder.store.inbox.commit import Commits
from responder.store.inbox.contacts import read_known
from responder.store.outbound.claims import Fate
from responder.wiring import Store
from responder.worker.handling import plan_all
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import Work

RULES = """
version: 1
rules:
  - name: hours
    when: {text: hours}
    cooldown: 24h
    then: [{reply: Nine to six.}]
fallback:
  then: [{reply: {text: "Sorry?", once_per: 24h}}, {set: {name: "{{ message.text }}"}}]
"""


@pytest.fixture
def rules() -> Rules:
    return read_rules(RULES, "rules.yaml", {})


@pytest.fixture
def work(store: Store, clock: StandingClock, rules: Rules) -> Work:
    return Work(store=store, clock=clock, rules=rules)


async def sent(work: Work) -> list[tuple[str, str]]:
    """Every reply that was queued, with whom it is for."""
    return [(row.recipient, row.content) for row in await work.rows("steps", "seq")]


async def test_two_messages_in_one_batch_count(work: Work) -> None:
    await work.handle(inbound("hours"), inbound("hours"), inbound("hours"), inbound("hours", BRUNO))
    assert sorted(await sent(work)) == [(ANNA, "Nine to six."), (ANNA, "Sorry?"), (BRUNO, "Nine to six.")]


async def test_what_an_earlier_batch_did_counts(work: Work) -> None:
    await work.handle(inbound("eh"))
    await work.handle(inbound("what"))
    assert await sent(work) == [(ANNA, "Sorry?")]
    assert [row.fields for row in await work.rows("contacts")] == ['{"name": "what"}']


async def test_a_period_ends(work: Work) -> None:
    await work.handle(inbound("eh"))
    later = work.clock.advance(hours=24)
    await work.handle(inbound("what", received=later))
    assert await sent(work) == [(ANNA, "Sorry?")] * 2
    known = (await read_known(work.store.database, work.store.secret, [ANNA], later))[ANNA]
    assert known.uses == {"fallback:1": later}


async def test_workers_that_plan_at_the_same_time_answer_once(work: Work) -> None:
    for text in ("eh", "what", "hm"):
        await work.receive(inbound(text))
    await asyncio.gather(*(work.handler().handle() for _ in range(4)))
    await work.handler().handle()
    assert await sent(work) == [(ANNA, "Sorry?")]
    assert {row.status for row in await work.rows("messages")} == {"handled"}


async def test_what_was_used_is_kept_under_the_name_of_the_rule_and_the_place_of_the_reply(work: Work) -> None:
    await work.handle(inbound("hours"), inbound("eh"))
    assert [(row.originator, row.of, row.used_at) for row in await work.rows("uses", "of")] == [
        (ANNA, "fallback:1", NOON),
        (ANNA, "hours", NOON),
    ]


async def test_a_plan_that_did_not_know_of_a_use_is_made_anew(work: Work) -> None:
    before = (await read_known(work.store.database, work.store.secret, [ANNA], NOON))[ANNA]
    await work.handle(inbound("eh"))
    await work.receive(inbound("what"))
    [(message, _)] = await work.store.inbox.claim("slow", NOON, 10)
    planned = plan_all(before, [message], work.rules, {})
    committed = await Commits(work.store.database, work.store.secret).commit([planned], "slow", NOON)
    assert (committed.handled, committed.must_replan) == (0, True)


ALONE = """
version: 1
languages: [en]
limits: {replies: 2/10m, mute: 1m}
webhooks: {crm: {url: "https://crm.example.com/hook"}}
rules:
  - {name: hours, when: {text: hours}, then: [reply: {text: We open at nine., once_per: 24h}]}
  - {name: place, when: {text: place}, cooldown: 24h, then: [reply: In the old town.]}
  - {name: call, when: {text: call}, cooldown: 24h, then: [webhook: crm, reply: We will call.]}
  - {name: note, when: {text: note}, cooldown: 24h, then: [hand_off: noted]}
  - {name: news, when: {starts_with: news}, then: [reply: "{{ rest }}"]}
"""
ONCE = [("hours", "We open at nine."), ("place", "In the old town.")]


@pytest.fixture
def alone(work: Work) -> Work:
    work.rules = read_rules(ALONE, "rules.yaml", {})
    return work


async def say(work: Work, *texts: str, originator: str = ANNA) -> None:
    for text in texts:
        await work.handle(inbound(text, originator, received=work.clock.advance(seconds=10)))


async def used(work: Work) -> list[str]:
    return [row.of for row in await work.rows("uses", "of")]


@pytest.mark.parametrize(("asks", "answer"), ONCE)
async def test_what_a_limit_held_back_is_sent_once_the_limit_allows(alone: Work, asks: str, answer: str) -> None:
    await say(alone, "news 1", "news 2", asks)
    assert await used(alone) == []
    alone.clock.advance(hours=2)
    await say(alone, asks, asks)
    assert [text for _, text in await sent(alone)].count(answer) == 1


@pytest.mark.parametrize(("asks", "answer"), ONCE)
async def test_what_an_opt_out_held_back_is_sent_after_a_start(alone: Work, asks: str, answer: str) -> None:
    await say(alone, "STOP", asks, "START", asks)
    waiting = await alone.store.steps.claim(StepKind.REPLY, "w", alone.clock(), 100)
    assert [one.step.content for one in waiting].count(answer) == 1


@pytest.mark.parametrize(("asks", "answer"), ONCE)
async def test_what_a_stop_ended_before_it_left_is_sent_after_a_start(alone: Work, asks: str, answer: str) -> None:
    await say(alone, asks, "STOP")
    assert await used(alone) == []
    await say(alone, "START", asks)
    waiting = await alone.store.steps.claim(StepKind.REPLY, "w", alone.clock(), 100)
    assert answer in [one.step.content for one in waiting]


@pytest.mark.parametrize("batches", [1, 2], ids=["of the same batch", "of an earlier batch"])
@pytest.mark.parametrize(("asks", "answer"), ONCE)
async def test_what_a_stop_ends_is_sent_after_a_start_behind_it_in_one_batch(
    alone: Work, asks: str, answer: str, batches: int
) -> None:
    first, *others = [
        inbound(text, received=NOON + timedelta(seconds=at)) for at, text in enumerate((asks, "STOP", "START", asks))
    ]
    for batch in [[first, *others]] if batches == 1 else [[first], others]:
        await alone.handle(*batch)
    waiting = [row.content for row in await alone.rows("steps") if row.status == "queued"]
    assert waiting.count(answer) == 1


async def test_what_came_too_late_to_be_of_use_has_used_up_nothing(alone: Work) -> None:
    await say(alone, "hours")
    alone.clock.advance(hours=7)
    assert await alone.store.steps.claim(StepKind.REPLY, "w", alone.clock(), 100) == []
    assert await used(alone) == []


async def test_what_the_gateway_never_took_has_used_up_nothing(alone: Work) -> None:
    await say(alone, "hours")
    [one] = await alone.store.steps.claim(StepKind.REPLY, "w", alone.clock(), 100)
    await alone.store.steps.record(
        [Fate(key=one.step.key, status=StepStatus.DEAD, error="no route")], "w", alone.clock()
    )
    assert await used(alone) == []


async def test_what_may_have_left_has_used_it_up(alone: Work) -> None:
    await say(alone, "hours")
    [one] = await alone.store.steps.claim(StepKind.REPLY, "w", alone.clock(), 100)
    await alone.store.steps.record(
        [Fate(key=one.step.key, status=StepStatus.UNCERTAIN, error="timeout")], "w", alone.clock()
    )
    assert await used(alone) == ["hours:1"]


async def test_a_rule_whose_call_leaves_rests_though_its_reply_was_held_back(alone: Work) -> None:
    await say(alone, "news 1", "news 2", "call", "call")
    assert sum(row.kind == "webhook" for row in await alone.rows("steps")) == 1


async def test_a_rule_without_texts_rests_as_before(alone: Work) -> None:
    await say(alone, "note", "note")
    assert (await used(alone), len(await alone.rows("handoffs"))) == (["note"], 1)


async def test_what_cannot_be_sent_to_a_name_uses_up_nothing(alone: Work) -> None:
    await say(alone, "hours", "place", originator="ACME")
    assert await used(alone) == []
