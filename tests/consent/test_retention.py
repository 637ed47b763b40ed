"""What time takes away: texts, and subscriptions for a while."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from responder.core.consent.standing import SubscriberChange
from responder.core.contact.changes import after_effect
from responder.core.contact.effects import Purpose, StepKind, StepStatus, Subscribe
from responder.core.contact.known import Known, SubscriptionStatus
from responder.core.sms.message import Message, Order
from responder.errors import ResponderError
from responder.store.base.tables import steps, subscriptions
from responder.store.consent.reading import verify
from responder.store.consent.retention import remove_texts
from responder.store.consent.subscribers import put_subscribers
from responder.store.inbox.contacts import read_known
from responder.store.inbox.inbox import AT_WORK
from responder.store.outbound.calls import retry_calls
from responder.store.outbound.replies import SIMULATED
from responder.store.queue.entering import step_rows
from responder.store.reading.failed_messages import receive_again
from responder.worker.upkeep import Housekeeping
from tests.builders import ANNA, BRUNO, inbound, minutes, reply_step
from tests.conftest import NOON
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture
MONTH = timedelta(days=30)


def housekeeping(work: Work, days: int = 0) -> Housekeeping:
    return Housekeeping(store=work.store, retention_days=days, clock=work.clock, rules=lambda: work.rules)


async def keep_house(work: Work, days: int = 0) -> None:
    await housekeeping(work, days).once()


async def subscribed_for_a_month(work: Work) -> None:
    wanted = [SubscriberChange(originator=ANNA, list="news"), SubscriberChange(originator=BRUNO, list="news")]
    await put_subscribers(work.store.database, work.store.secret, wanted, operator="mia", now=NOON)
    async with work.store.database.write() as connection:
        await connection.execute(
            subscriptions.update().where(subscriptions.c.originator == ANNA).values(ends_at=NOON + MONTH)
        )


async def test_a_subscription_for_a_while_ends_with_an_event(work: Work) -> None:
    await subscribed_for_a_month(work)
    work.clock.advance(days=31)
    await keep_house(work)
    assert (await work.lists_of(ANNA), await work.lists_of(BRUNO)) == ({"news": "unsubscribed"}, {"news": "subscribed"})
    last = (await work.rows("consent_events", "seq"))[-1]
    assert (last.event, last.channel, last.originator) == ("opt_out", "expiry", ANNA)
    assert (await verify(work.store.database, work.store.secret)).faults == ()


async def test_it_ends_once(work: Work) -> None:
    await subscribed_for_a_month(work)
    work.clock.advance(days=31)
    await keep_house(work)
    await keep_house(work)
    assert len(await work.rows("consent_events")) == 3


async def test_until_then_it_stands(work: Work) -> None:
    await subscribed_for_a_month(work)
    work.clock.advance(days=29)
    await keep_house(work)
    assert await work.lists_of(ANNA) == {"news": "subscribed"}


async def test_it_counts_as_over_before_anybody_has_looked(work: Work) -> None:
    await subscribed_for_a_month(work)
    known = await read_known(work.store.database, work.store.secret, [ANNA], NOON + MONTH + minutes(1))
    assert known[ANNA].subscriptions["news"].status is SubscriptionStatus.UNSUBSCRIBED


def test_a_while_begins_with_the_message() -> None:
    message = Message(
        seq=1, key="k", channel=inbound().channel, gateway="agile", originator=ANNA, destination="", text="", sent_at=None,
        received_at=NOON, order=Order(NOON, 1),
    )  # fmt: skip
    after = after_effect(Known(originator=ANNA), Subscribe(list="news", lasts=MONTH), message)
    assert after.subscriptions["news"].ends_at == NOON + MONTH
    renewed = after_effect(
        after,
        Subscribe(list="news", lasts=MONTH),
        replace(message, received_at=NOON + MONTH, order=Order(NOON + MONTH, 2)),
    )
    assert renewed.subscriptions["news"].ends_at == NOON + 2 * MONTH


async def test_texts_go_after_their_days_and_consent_stays(work: Work) -> None:
    await work.handle(inbound("News ON", raw=b"text=News+ON"))
    await work.store.steps.pretend(StepKind.REPLY, SIMULATED, NOON, 10)
    await work.store.steps.pretend(StepKind.WEBHOOK, SIMULATED, NOON, 10)
    work.clock.advance(days=31)
    await keep_house(work, days=30)
    (message,) = await work.rows("messages")
    assert (message.text, message.raw, message.folded, message.explanation) == ("", b"", None, None)
    assert [row.content for row in await work.rows("steps")] == ["", ""]
    assert [row.text for row in await work.rows("consent_events")] == ["News ON"]


async def test_texts_stay_for_their_days_and_where_no_days_are_set(work: Work) -> None:
    await work.handle(inbound("News ON"))
    work.clock.advance(days=29)
    await keep_house(work, days=30)
    work.clock.advance(days=1000)
    await keep_house(work, days=0)
    (message,) = await work.rows("messages")
    assert message.text == "News ON"


async def test_what_is_still_to_be_done_keeps_its_text(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await work.receive(inbound("waits", BRUNO))
    work.clock.advance(days=31)
    await keep_house(work, days=30)
    assert [row.text for row in await work.rows("messages", "seq")] == ["", "waits"]
    assert [bool(row.content) for row in await work.rows("steps") if row.status == "queued"] == [True]


async def test_more_messages_than_go_together_all_lose_their_texts(work: Work) -> None:
    for start in range(0, 1100, 100):
        await work.store.inbox.add([inbound("hello", f"+39330{start + n:07}") for n in range(100)], {})
    await work.handler().handle()
    work.clock.advance(days=31)
    await keep_house(work, days=30)
    assert {row.text for row in await work.rows("messages")} == {""}


async def put_steps(work: Work, *keys: str, status: StepStatus = StepStatus.SENT) -> None:
    """Steps that belong to no message, as reminders do."""
    rows = step_rows((reply_step(key, purpose=Purpose.REMINDER) for key in keys), work.clock())
    async with work.store.database.write() as connection:
        await connection.execute(insert(steps), [row | {"status": status} for row in rows])


async def put_status(work: Work, key: str, status: StepStatus) -> None:
    async with work.store.database.write() as connection:
        await connection.execute(update(steps).where(steps.c.key == key).values(status=status))


async def contents(work: Work) -> dict[str, str]:
    return {row.key: row.content for row in await work.rows("steps", "seq")}


async def test_the_texts_of_what_belongs_to_no_message_go_too(work: Work) -> None:
    await put_steps(work, "old-1")
    work.clock.advance(days=20)
    await put_steps(work, "new-1")
    work.clock.advance(days=11)
    await keep_house(work, days=30)
    assert await contents(work) == {"old-1": "", "new-1": "Hello"}


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_was_in_hand_when_others_were_emptied_is_emptied_once_it_is_done(
    work: Work, *, is_restarted: bool
) -> None:
    await put_steps(work, "k-1")
    await put_steps(work, "k-2", "k-3", status=StepStatus.QUEUED)
    await put_steps(work, "k-4")
    work.clock.advance(days=31)
    house = housekeeping(work, days=30)
    await house.once()
    assert await contents(work) == {"k-1": "", "k-2": "Hello", "k-3": "Hello", "k-4": ""}
    await put_status(work, "k-3", StepStatus.SENT)
    await (housekeeping(work, days=30) if is_restarted else house).once()
    assert await contents(work) == {"k-1": "", "k-2": "Hello", "k-3": "", "k-4": ""}
    await put_status(work, "k-2", StepStatus.DEAD)
    await house.once()
    assert set((await contents(work)).values()) == {""}


async def test_the_next_look_begins_at_the_first_one_that_is_in_hand(work: Work) -> None:
    await put_steps(work, "k-1", "k-2")
    await put_steps(work, "k-3", status=StepStatus.SENDING)
    await put_steps(work, "k-4")
    await work.handle(inbound("hello"))
    await work.receive(inbound("waits", BRUNO))
    places = await remove_texts(work.store.database, NOON + minutes(1))
    assert places == {"messages": 1, "steps": 2}
    await put_status(work, "k-3", StepStatus.SENT)
    assert await remove_texts(work.store.database, NOON + minutes(1), places) == {"messages": 1, "steps": 4}


async def test_a_message_that_waits_keeps_no_text_of_others(work: Work) -> None:
    await work.receive(inbound("waits"))
    await work.store.inbox.claim("slow", NOON - AT_WORK, 1)
    await work.handle(inbound("hello", BRUNO))
    work.clock.advance(days=31)
    await keep_house(work, days=30)
    assert [row.text for row in await work.rows("messages", "seq")] == ["waits", ""]


async def test_more_steps_than_go_together_all_lose_their_texts(work: Work) -> None:
    await put_steps(work, *(f"k-{number}" for number in range(1100)))
    await remove_texts(work.store.database, NOON + minutes(1))
    assert set((await contents(work)).values()) == {""}


async def test_a_text_that_is_gone_is_not_sent_again(work: Work) -> None:
    await put_steps(work, "k-1", status=StepStatus.UNCERTAIN)
    await remove_texts(work.store.database, NOON + minutes(1))
    assert await work.store.steps.retry("k-1", NOON) is None
    assert [row.status for row in await work.rows("steps")] == ["uncertain"]


async def test_a_call_whose_body_is_gone_is_not_made_again(work: Work) -> None:
    call = {"kind": StepKind.WEBHOOK, "recipient": "crm", "status": StepStatus.DEAD}
    rows = step_rows([reply_step("k-1"), reply_step("k-2", content="")], NOON)
    async with work.store.database.write() as connection:
        await connection.execute(insert(steps), [row | call for row in rows])
    assert await retry_calls(work.store.database, NOON) == 1
    assert [row.status for row in await work.rows("steps", "seq")] == ["queued", "dead"]


async def test_a_failed_message_whose_text_is_gone_is_not_received_again(work: Work) -> None:
    await work.receive(inbound("hello", key="a" * 32))
    await work.store.inbox.fail("a" * 32, "broken", NOON)
    await remove_texts(work.store.database, NOON + minutes(1))
    with pytest.raises(ResponderError, match="its text is gone"):
        await receive_again(work.store.database, "a" * 32)
