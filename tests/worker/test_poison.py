"""Poison: a message that breaks its handler is given up in the end, alone."""

from sqlalchemy import insert

from responder.store.base.tables import contacts
from responder.store.inbox.inbox import GIVE_UP_AFTER, LEASE
from tests.builders import ANNA, inbound
from tests.worker.conftest import Work

NEIGHBOURS = [f"+39330000{n:04}" for n in range(5)]


async def poison(work: Work) -> None:
    """Let everything that is known of Anna break the batch in which it is read."""
    async with work.store.database.write() as connection:
        await connection.execute(insert(contacts).values(originator=ANNA, revision=1, fields="this is not JSON"))


async def states(work: Work) -> dict[str, str]:
    return {row.originator: row.status for row in await work.rows("messages", "seq")}


async def test_a_message_that_breaks_its_batch_fails_at_once_and_with_the_true_reason(work: Work) -> None:
    await poison(work)
    await work.handle(inbound(originator=ANNA))
    [message] = await work.rows("messages")
    assert (message.status, message.error) == ("failed", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)")


async def test_those_that_came_with_it_are_handled_once(work: Work) -> None:
    await poison(work)
    await work.handle(inbound(originator=ANNA), *(inbound(originator=neighbour) for neighbour in NEIGHBOURS))
    assert await states(work) == {ANNA: "failed"} | dict.fromkeys(NEIGHBOURS, "handled")
    assert len(await work.rows("consent_events")) == len(NEIGHBOURS)


async def test_those_that_come_later_do_not_wait_for_it(work: Work) -> None:
    await poison(work)
    await work.receive(inbound(originator=ANNA))
    for _ in range(GIVE_UP_AFTER):  # workers that are killed with it in their hands
        assert await work.store.inbox.claim("killed", work.clock(), 10)
        await work.handle(*(inbound(originator=neighbour) for neighbour in NEIGHBOURS))
        work.clock.advance(seconds=LEASE.total_seconds() + 1)
    await work.handler().handle()
    assert await states(work) == {ANNA: "failed"} | dict.fromkeys(NEIGHBOURS, "handled")
