"""What happens once in a while is decided from SQL: for several messages in one batch, several workers, and after a restart."""

import asyncio

import pytest

from responder.core.rules import Rules
from responder.rulefile import read_rules
from responder.store.commit import Commits
from responder.store.known import read_known
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
    assert [(row.originator, row.of, row.used_at) for row in await work.rows("uses", "of")] == [(ANNA, "fallback:1", NOON), (ANNA, "hours", NOON)]


async def test_a_plan_that_did_not_know_of_a_use_is_made_anew(work: Work) -> None:
    before = (await read_known(work.store.database, work.store.secret, [ANNA], NOON))[ANNA]
    await work.handle(inbound("eh"))
    await work.receive(inbound("what"))
    [(message, _)] = await work.store.inbox.claim("slow", NOON, 10)
    planned = plan_all(before, [message], work.rules, {})
    committed = await Commits(work.store.database, work.store.secret).commit([planned], "slow", NOON)
    assert (committed.handled, committed.must_replan) == (0, True)
