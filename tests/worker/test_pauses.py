"""While a person has the conversation: as it is stored, read back, and ended."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from responder.rulefile import read_rules
from responder.store.base.tables import handoffs
from responder.store.inbox.contacts import read_known
from responder.store.reading.contacts_then import Beginning, read_past
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import RULES, Work, work

__all__ = ["work"]  # the fixture
PAUSING = read_rules(
    RULES.replace("hand_off: unrecognised", "hand_off: {reason: unrecognised, pause: 1h}"), "rules.yaml", {}
)


@pytest.fixture
def pausing(work: Work) -> Work:
    return replace(work, rules=PAUSING)


async def paused_until(work: Work) -> list[object]:
    known = await read_known(work.store.database, work.store.secret, [ANNA, BRUNO], NOON)
    return [known[originator].paused_until for originator in (ANNA, BRUNO)]


async def test_the_pause_is_of_the_number_and_from_its_text(pausing: Work) -> None:
    pausing.clock.advance(minutes=3)
    await pausing.handle(inbound("what?"))
    assert await paused_until(pausing) == [NOON + minutes(60), None]


async def test_rules_do_not_answer_meanwhile_and_answer_afterwards(pausing: Work) -> None:
    await pausing.handle(inbound("what?"))
    await pausing.handle(
        inbound("News ON", received=NOON + minutes(59)), inbound("News ON", BRUNO, received=NOON + minutes(59))
    )
    assert (await pausing.lists_of(ANNA), await pausing.lists_of(BRUNO)) == ({}, {"news": "subscribed"})
    await pausing.handle(inbound("News ON", received=NOON + minutes(60)))
    assert await pausing.lists_of(ANNA) == {"news": "subscribed"}


async def test_texts_that_wait_together_are_paused_by_the_first(pausing: Work) -> None:
    await pausing.handle(inbound("what?"), inbound("News ON", received=NOON + minutes(1)))
    assert await pausing.lists_of(ANNA) == {}
    assert len(await pausing.rows("handoffs")) == 1


async def test_a_hand_off_that_is_closed_pauses_nothing(pausing: Work) -> None:
    await pausing.handle(inbound("what?"))
    async with pausing.store.database.write() as connection:
        await connection.execute(update(handoffs).values(closed_at=NOON))
    assert await paused_until(pausing) == [None, None]


@pytest.mark.parametrize(("closed_after", "was_paused"), [(None, True), (30, True), (10, False)])
async def test_a_replay_begins_with_the_pause_of_that_time(
    pausing: Work, closed_after: int | None, was_paused: bool
) -> None:
    await pausing.handle(inbound("what?"), inbound("hello", received=NOON + minutes(20)))
    if closed_after:
        async with pausing.store.database.write() as connection:
            await connection.execute(update(handoffs).values(closed_at=NOON + minutes(closed_after)))
    begin = Beginning(at=NOON + minutes(20), seq=(await pausing.rows("messages", "seq"))[1].seq)
    (known,) = await read_past(pausing.store.database, [ANNA], begin)
    assert known.paused_until == (NOON + timedelta(hours=1) if was_paused else None)
    (before,) = await read_past(pausing.store.database, [ANNA], replace(begin, at=NOON, seq=begin.seq - 1))
    assert before.paused_until is None
