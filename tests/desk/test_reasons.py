"""Why something is so: the records of the desk have the sentence, with its code and values behind it."""

from sqlalchemy import update

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.reasons import Reason, because, heading
from responder.core.operations.pages import DeliveryFilter
from responder.core.outbound.fates import Endpoint
from responder.core.rules.sections import AlertKind, Trouble
from responder.desk.deliveries import (
    CallFilter,
    list_deliveries,
    retry_delivery,
    retry_webhook_calls,
    show_delivery,
)
from responder.desk.desk import Desk
from responder.desk.handoffs import list_handoffs
from responder.desk.messages import (
    given_up_by_reason,
    open_alerts,
    retry_failed_messages,
    retry_message,
    show_message,
    silences,
    webhook_states,
)
from responder.store.base.tables import steps
from responder.store.operations.alerts import Telling, note_troubles
from responder.store.outbound.holds import begin_hold, bury_calls, note_failure, read_hold
from responder.store.reading.failed_messages import read_failed
from tests.builders import BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work

FIRST, SECOND = "a1" * 16, "b2" * 16


def code_of(reason: str | None) -> str:
    """The code of a reason that has one."""
    assert isinstance(reason, Reason), reason
    return reason.code


async def test_a_hand_off_says_why_it_was_opened(desk: Desk, work: Work) -> None:
    await work.handle(inbound("please stop this now", key=FIRST))
    (record,) = [one async for one in list_handoffs(desk).every()]
    assert (code_of(record.reason), record.as_json()["reason"]) == ("may_want_to_stop", "may want no more texts")


async def test_the_words_of_the_rules_file_are_no_code(desk: Desk, work: Work) -> None:
    await work.handle(inbound("what?", key=FIRST))
    (record,) = [one async for one in list_handoffs(desk).every()]
    assert not isinstance(record.reason, Reason)


async def test_a_suppressed_reply_says_why(desk: Desk, work: Work) -> None:
    await work.handle(inbound("News ON", key=FIRST, received=NOON - minutes(2)))
    await work.handle(inbound("STOP", key=SECOND, received=NOON - minutes(1)))
    only = DeliveryFilter(kind=StepKind.REPLY, status=StepStatus.SUPPRESSED)
    (record,) = [one async for one in list_deliveries(desk, only).every()]
    assert (code_of(record.last_error), record.as_json()["last_error"]) == ("opted_out", "the originator opted out")


async def test_an_explanation_says_why_nothing_was_sent(desk: Desk, work: Work) -> None:
    await work.handle(inbound("News ON", "SHOP", key=FIRST))
    shown = await show_message(desk, FIRST)
    (note,) = [step["note"] for step in shown.steps if step["action"] == "reply"]
    assert (code_of(note), code_of(note.values["reason"])) == ("not_sent", "not_dialable")
    assert note.startswith("not sent: the originator is no international number")


async def test_a_silence_says_why(desk: Desk, work: Work) -> None:
    await work.handle(inbound("News ON", "SHOP", key=FIRST), inbound("what?", key=SECOND))
    found = await silences(desk, [FIRST, SECOND])
    assert {key: code_of(why) for key, why in found.items()} == {FIRST: "not_dialable", SECOND: "and_asked"}


async def test_a_message_says_why_it_failed_and_who_had_it_received_again(desk: Desk, work: Work) -> None:
    await work.receive(inbound("News ON", key=FIRST))
    await work.store.inbox.fail(FIRST, because("workers_died", count=8), NOON)
    failed = await show_message(desk, FIRST)
    assert (code_of(failed.message.error), failed.message.error) == (
        "workers_died",
        "8 workers died while they handled it",
    )
    assert (await read_failed(work.store.database)).by_reason == {"8 workers died while they handled it": 1}
    assert (await retry_message(desk, FIRST, operator="Mara")).as_json()["retried_by"] == "Mara"


async def test_all_failed_messages_say_who_had_them_received_again(desk: Desk, work: Work) -> None:
    await work.receive(inbound("News ON", key=FIRST))
    await work.store.inbox.fail(FIRST, "broken: of a text", NOON)
    assert [one.retried_by async for one in retry_failed_messages(desk, operator="Mara")] == ["Mara"]


async def test_a_delivery_says_who_had_it_tried_again(desk: Desk, work: Work) -> None:
    await work.handle(inbound("News ON", key=FIRST))
    await give_up(work, f"{FIRST}-1", because("given_up", attempts=3, reason="HTTP 500"))
    await retry_delivery(desk, f"{FIRST}-1", operator="Mara")
    assert (await show_delivery(desk, f"{FIRST}-1")).as_json()["retried_by"] == "Mara"


async def test_webhook_calls_say_who_had_them_made_again(desk: Desk, work: Work) -> None:
    await work.handle(inbound("News ON", key=FIRST))
    await give_up(work, f"{FIRST}-2", "broken")
    assert await retry_webhook_calls(desk, CallFilter(), operator="Mara") == 1
    assert (await show_delivery(desk, f"{FIRST}-2")).retried_by == "Mara"


async def test_what_was_given_up_is_counted_by_reason_without_what_may_be_of_a_text(desk: Desk, work: Work) -> None:
    await work.handle(inbound("News ON", key=FIRST), inbound("News OFF", BRUNO, key=SECOND))
    await give_up(work, f"{FIRST}-1", because("given_up", attempts=3, reason="it said hello"))
    await give_up(work, f"{FIRST}-2", because("webhook_answered", status=500))
    await give_up(work, f"{SECOND}-1", "broken: it said hello")
    found = await given_up_by_reason(desk)
    assert [(heading(reason), count) for reason, count in found] == [
        ("broken", 1),
        ("given up after 3 attempts", 1),
        ("the webhook answered HTTP 500", 1),
    ]
    assert [code_of(reason) for reason, _ in found[1:]] == ["given_up", "webhook_answered"]


async def test_a_webhook_that_is_switched_off_says_why(desk: Desk, work: Work) -> None:
    database = work.store.database
    crm = Endpoint(name="crm", address=work.rules.webhooks["crm"].address)
    async with database.write() as connection:
        await note_failure(connection, database, crm, NOON, asked_to_wait_s=None, is_gone=True)
    (state,) = await webhook_states(desk)
    assert code_of(state.reason) == "webhook_wants_no_more"
    await work.handle(inbound("News ON", key=FIRST))
    await bury_calls(database, [state], NOON)
    buried = (await show_delivery(desk, f"{FIRST}-2")).last_error
    assert isinstance(buried, Reason)
    assert {name: code_of(value) for name, value in buried.values.items()} == {
        "reason": "webhook_wants_no_more",
        "remedy": "webhook_retry",
    }


async def test_an_alert_says_why_the_gateway_takes_nothing(desk: Desk, work: Work) -> None:
    database = work.store.database
    async with database.write() as connection:
        await begin_hold(connection, because("key_refused"), NOON, database.insert)
    hold = await read_hold(database)
    assert hold
    trouble = Trouble(kind=AlertKind.GATEWAY_REFUSES, details={"reason": hold.reason})
    await note_troubles(database, [trouble], lambda _alert: Telling(), NOON)
    (alert,) = await open_alerts(desk)
    assert code_of(alert.trouble.details["reason"]) == "key_refused"


async def give_up(work: Work, key: str, reason: str) -> None:
    """Let a delivery be a dead letter."""
    async with work.store.database.write() as connection:
        await connection.execute(
            update(steps).where(steps.c.key == key).values(status=StepStatus.DEAD, last_error=reason)
        )
