"""What time takes away: texts, and subscriptions for a while."""

from dataclasses import replace
from datetime import timedelta

from responder.core.effects import StepKind, Subscribe
from responder.core.known import Known, SubscriptionStatus
from responder.core.message import Message, Order
from responder.store.consent import verify
from responder.store.known import read_known
from responder.store.steps import SIMULATED
from responder.store.subscribers import Wanted, put_subscribers
from responder.store.tables import subscriptions
from responder.worker.housekeeping import Housekeeping
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture
MONTH = timedelta(days=30)


async def keep_house(work: Work, days: int = 0) -> None:
    await Housekeeping(store=work.store, retention_days=days, clock=work.clock, rules=lambda: work.rules).once()


async def subscribed_for_a_month(work: Work) -> None:
    wanted = [Wanted(originator=ANNA, list="news"), Wanted(originator=BRUNO, list="news")]
    await put_subscribers(work.store.database, work.store.secret, wanted, operator="mia", now=NOON)
    async with work.store.database.write() as connection:
        await connection.execute(subscriptions.update().where(subscriptions.c.originator == ANNA).values(ends_at=NOON + MONTH))


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
    after = Known(originator=ANNA).after(Subscribe(list="news", lasts=MONTH), message)
    assert after.subscriptions["news"].ends_at == NOON + MONTH
    renewed = after.after(Subscribe(list="news", lasts=MONTH), replace(message, order=Order(NOON + MONTH, 2)))
    assert renewed.subscriptions["news"].ends_at == NOON + 2 * MONTH


async def test_texts_go_after_their_days_and_consent_stays(work: Work) -> None:
    await work.handle(inbound("News ON", raw=b"text=News+ON"))
    await work.store.steps.claim(StepKind.REPLY, "w", NOON, 10, pretend=SIMULATED)
    await work.store.steps.claim(StepKind.WEBHOOK, "w", NOON, 10, pretend=SIMULATED)
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
