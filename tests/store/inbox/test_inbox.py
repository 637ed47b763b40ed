"""The inbox: once under a key, claimed in order, by one worker at a time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from responder.core.sms.message import Inbound
from responder.errors import StorageError
from responder.store.base.tables import messages
from responder.store.inbox.claiming import FARTHEST_LOOK, LeftToOthersError
from responder.store.inbox.inbox import ALONE_AFTER, AT_WORK, LEASE
from responder.wiring import Store
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.crowd import Crowd


async def count(store: Store) -> int:
    async with store.database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(messages))).scalar_one()


async def claimed_texts(store: Store, owner: str = "w1", limit: int = 100, at: timedelta = timedelta(0)) -> list[str]:
    return [message.text for message, _ in await store.inbox.claim(owner, NOON + at, limit)]


async def test_a_key_that_is_there_already_changes_nothing(store: Store) -> None:
    first = inbound("News ON", key="a" * 32)
    await store.inbox.add([first], {})
    await store.inbox.add([inbound("something else", key="a" * 32)], {})
    assert await claimed_texts(store) == ["News ON"]


async def test_the_same_message_a_hundred_times_at_once_is_one(store: Store) -> None:
    message = inbound()
    await asyncio.gather(*(store.inbox.add([message, inbound(key="b" * 32)], {}) for _ in range(100)))
    assert await count(store) == 2


async def test_claims_come_in_the_order_of_arrival(store: Store) -> None:
    for number in range(5):
        await store.inbox.add([inbound(f"m{number}", f"+3933000000{number}")], {})
    assert await claimed_texts(store, limit=3) == ["m0", "m1", "m2"]
    assert await claimed_texts(store) == ["m3", "m4"]


async def test_messages_of_one_commit_keep_the_order_of_arrival(store: Store) -> None:
    await store.inbox.add(
        [inbound("one", key="c" * 32), inbound("two", key="a" * 32), inbound("three", key="b" * 32)], {}
    )
    assert await claimed_texts(store) == ["one", "two", "three"]


async def test_what_is_claimed_is_not_claimed_again(store: Store) -> None:
    await store.inbox.add([inbound()], {})
    assert await claimed_texts(store, "w1") == ["News ON"]
    assert await claimed_texts(store, "w2") == []


async def test_a_killed_workers_claim_ends_with_its_lease(store: Store) -> None:
    await store.inbox.add([inbound()], {})
    await claimed_texts(store, "killed")
    assert await claimed_texts(store, "w2", at=LEASE + minutes(0.01)) == ["News ON"]
    assert timedelta(seconds=15) >= LEASE


async def test_all_that_waits_from_an_originator_goes_to_one_worker(store: Store) -> None:
    await store.inbox.add([inbound("first", ANNA)], {})
    assert await claimed_texts(store, "w1") == ["first"]
    await store.inbox.add([inbound("second", ANNA), inbound("other", BRUNO)], {})
    assert await claimed_texts(store, "w2") == ["other"]


async def test_a_claim_takes_all_messages_of_its_originators(store: Store) -> None:
    await store.inbox.add([inbound("a1", ANNA)], {})
    await store.inbox.add([inbound("b1", BRUNO)], {})
    await store.inbox.add([inbound("a2", ANNA)], {})
    assert await claimed_texts(store, limit=1) == ["a1", "a2"]


async def test_two_workers_claiming_at_once_share_the_originators(store: Store) -> None:
    for number in range(40):
        await store.inbox.add([inbound(f"m{n}", f"+393300000{number:03}") for n in range(3)], {})
    claims = await asyncio.gather(*(store.inbox.claim(f"w{n}", NOON, 10) for n in range(4)))
    by_worker = [{message.originator for message, _ in claim} for claim in claims]
    assert sum(len(originators) for originators in by_worker) == len(set.union(*by_worker))


async def test_a_phone_that_sends_without_end_leaves_room_for_others_in_a_claim(store: Store) -> None:
    await store.inbox.add([inbound(f"m{number:03}", ANNA) for number in range(200)], {})
    await store.inbox.add([inbound("hello", BRUNO)], {})
    first, then = await claimed_texts(store, limit=20), await claimed_texts(store, "w2", limit=20)
    assert (first[0], first[-1], first == [*sorted(first[:-1]), "hello"]) == ("m000", "hello", True)
    assert 5 <= len(first) <= 10
    assert then == []  # the rest is of the same phone, of which a worker has some in hand


async def test_a_phone_that_nobody_else_waits_behind_fills_no_claim_either(store: Store) -> None:
    await store.inbox.add([inbound(f"m{number:03}", ANNA) for number in range(200)], {})
    assert await claimed_texts(store, limit=100) == [f"m{number:03}" for number in range(26)]


async def test_others_are_claimed_past_a_phone_that_another_worker_has_in_hand(store: Store) -> None:
    if store.database.is_sqlite:
        pytest.skip("SQLite's claim is the same, and one worker's")
    crowd = Crowd(store.database)
    await crowd.waiting(FARTHEST_LOOK + 2_000, one_phone=True)
    assert 100 < len(await store.inbox.claim("w1", NOON, 500)) < 200
    await store.inbox.add([inbound("hello", BRUNO)], {})
    assert await claimed_texts(store, "w2") == ["hello"]


async def test_a_message_that_workers_died_of_is_not_taken_with_those_before_it(store: Store) -> None:
    poison = inbound("poison", ANNA)
    await store.inbox.add([inbound("innocent", ANNA)], {})
    await store.inbox.add([poison], {})
    async with store.database.write() as connection:
        await connection.execute(update(messages).where(messages.c.key == poison.key).values(attempts=ALONE_AFTER))
    assert await claimed_texts(store, limit=1) == ["innocent"]


async def few_texts(store: Store, owner: str, at: timedelta = timedelta(0), limit: int = 100) -> list[str] | None:
    """What a worker takes that leaves few; None if it leaves them."""
    try:
        claimed = await store.inbox.claim(owner, NOON + at, limit, leaves_few=True)
    except LeftToOthersError:
        return None
    return [message.text for message, _ in claimed]


async def test_few_messages_are_left_to_a_worker_who_is_at_work(store: Store) -> None:
    if store.database.is_sqlite:
        pytest.skip("nothing is left to others where one writes at a time")
    await store.inbox.add([inbound("in hand", ANNA)], {})
    assert await few_texts(store, "w1") == ["in hand"]
    await store.inbox.add([inbound("hello", BRUNO)], {})
    assert [await few_texts(store, "w2") for _ in range(2)] == [None, None]
    assert await few_texts(store, "w1") is None, "nor does one who asks again before it has ended"
    await store.inbox.release("w1")
    assert await few_texts(store, "w2") == ["in hand", "hello"]


async def test_nothing_is_left_to_a_worker_who_has_not_come_back_for_long(store: Store) -> None:
    await store.inbox.add([inbound("in hand", ANNA)], {})
    await few_texts(store, "killed")
    await store.inbox.add([inbound("hello", BRUNO)], {})
    assert await few_texts(store, "w2", AT_WORK) == ["hello"]


@pytest.mark.parametrize("in_hand", [1, 20])
async def test_more_than_a_claim_takes_is_left_to_nobody(store: Store, in_hand: int) -> None:
    if store.database.is_sqlite:
        pytest.skip("nothing is left to others where one writes at a time")
    await store.inbox.add([inbound(originator=f"+39331{n:07}") for n in range(in_hand)], {})
    assert len(await few_texts(store, "w1") or ()) == in_hand
    await store.inbox.add([inbound(originator=f"+39332{n:07}") for n in range(9)], {})
    assert await few_texts(store, "w2", limit=10) is None
    await store.inbox.add([inbound(originator="+393330000000")], {})
    assert len(await few_texts(store, "w2", limit=10) or ()) == 10


async def test_what_is_released_can_be_claimed_at_once(store: Store) -> None:
    await store.inbox.add([inbound()], {})
    await claimed_texts(store, "w1")
    await store.inbox.release("w1")
    assert await claimed_texts(store, "w2") == ["News ON"]


async def test_a_message_that_workers_died_of_is_handled_alone(store: Store) -> None:
    await store.inbox.add([inbound("poison", ANNA)], {})
    for attempt in range(ALONE_AFTER):
        await claimed_texts(store, "killed", at=attempt * (LEASE + minutes(1)))
    await store.inbox.add([inbound("innocent", BRUNO)], {})
    later = ALONE_AFTER * (LEASE + minutes(1))
    assert await claimed_texts(store, "w1", at=later) == ["poison"]
    assert await claimed_texts(store, "w2", at=later) == ["innocent"]


async def test_a_failed_message_waits_no_more(store: Store) -> None:
    message = inbound()
    await store.inbox.add([message], {})
    await store.inbox.fail(message.key, "ValueError", NOON)
    assert await claimed_texts(store) == []
    assert await store.inbox.oldest_waiting() is None


async def test_the_times_to_the_answers_are_stored_with_a_later_message(store: Store) -> None:
    first, second, third = (inbound(key=letter * 32) for letter in "abc")
    await store.inbox.add([first, second], {})
    await store.inbox.add([third], {first.key: 7, second.key: 12, "d" * 32: 1})
    async with store.database.read() as connection:
        times = await connection.execute(select(messages.c.answer_ms).order_by(messages.c.key))
        assert list(times.scalars()) == [7, 12, None]


async def test_a_row_that_the_database_refuses_is_told_from_a_database_that_fails(store: Store) -> None:
    if store.database.is_sqlite:
        pytest.skip("SQLite takes any text")
    bad: Inbound = inbound("nul \x00")
    with pytest.raises(StorageError) as caught:
        await store.inbox.add([bad], {})
    assert caught.value.is_in_the_data


async def test_nothing_is_lost_when_two_batches_with_the_same_keys_cross(store: Store) -> None:
    batch = [inbound(originator=f"+39330{n:07}") for n in range(50)]
    await asyncio.gather(store.inbox.add(batch, {}), store.inbox.add(batch[::-1], {}), store.inbox.add(batch, {}))
    assert await count(store) == 50
