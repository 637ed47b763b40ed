"""An opt-out by a phrase is listed with its text, and a person may take it back; a bare STOP is final."""

import pytest

from responder.errors import ResponderError
from responder.store.consent.by_hand import correct
from responder.store.consent.reading import verify
from responder.store.consent.stopping import opt_out
from tests.builders import ANNA, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture
AMERICAN = "+12025550123"
PHRASE = "please stop texting me"


async def corrected(work: Work, originator: str = ANNA) -> None:
    await correct(
        work.store.database, work.store.secret, originator, reason="she meant bills", operator="mia", now=work.clock()
    )


async def test_an_opt_out_by_a_phrase_is_taken_back_with_the_lists_it_took(work: Work) -> None:
    await work.handle(inbound("news on"), inbound(PHRASE, received=NOON + minutes(1)))
    work.clock.advance(minutes=5)
    await corrected(work)
    assert await work.lists_of(ANNA) == {"news": "subscribed"}
    assert [row.opted_out for row in await work.rows("contacts")] == [False]
    last = (await work.rows("consent_events"))[-2:]
    assert [(event.event, event.list, event.operator, event.reason) for event in last] == [
        ("corrected", None, "mia", "she meant bills"),
        ("corrected", "news", "mia", "she meant bills"),
    ]
    assert (await verify(work.store.database, work.store.secret)).faults == ()


async def test_an_opt_out_by_a_person_of_ours_is_taken_back(work: Work) -> None:
    await opt_out(work.store.database, work.store.secret, ANNA, reason="phone", operator="mia", now=NOON)
    await corrected(work)
    assert [row.opted_out for row in await work.rows("contacts")] == [False]


@pytest.mark.parametrize(
    ("texts", "number", "why"),
    [
        (["STOP"], ANNA, "in a word of its own"),
        (["please stop"], ANNA, "in a word of its own"),
        (["unsubscribe the lot of it"], ANNA, "in a word of its own"),
        ([PHRASE, "STOP"], ANNA, "in a word of its own"),
        ([PHRASE], AMERICAN, r"\+1 numbers"),
        ([PHRASE, "START"], ANNA, "has not opted out"),
        (["hello"], ANNA, "has not opted out"),
    ],
)
async def test_a_word_of_their_own_is_final(work: Work, texts: list[str], number: str, why: str) -> None:
    for minute, text in enumerate(texts):
        await work.handle(inbound(text, originator=number, received=NOON + minutes(minute)))
    with pytest.raises(ResponderError, match=why):
        await corrected(work, number)
