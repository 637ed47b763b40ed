"""Alerts: opened once and closed once, whoever looks, each told in the transaction that opens or closes it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, update

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.operations.troubles import MailboxState
from responder.core.outbound.fates import GONE
from responder.rulefile import read_rules
from responder.store.base.tables import endpoints, messages, steps
from responder.store.operations.sources import claim_question, forget_mailbox, note_credit, report_mailbox
from responder.store.outbound.holds import begin_hold, end_hold
from responder.store.queue.entering import step_rows
from responder.store.reading.failed_messages import receive_failed_again
from responder.worker.alerts import AlertWatch
from tests.builders import inbound, mailbox_report, minutes, reply_step
from tests.going_wrong import DEATHS, arrive, fail
from tests.worker.conftest import RULES, RememberingBell, Work
from tests.worker.going_out import Out, call_step, going_out

TELLING = RULES.replace(
    "rules:\n",
    """  ops: {url: "https://ops.example.com/"}
alerts: {webhook: ops, email: [ops@example.com, "boss@example.com"]}
rules:
""",
    1,
)
MAILBOX = mailbox_report()
ROME = ZoneInfo("Europe/Rome")
Change = Callable[[Work], Awaitable[None]]


@pytest.fixture
def work(work: Work) -> Work:
    work.rules = read_rules(TELLING, "rules.yaml", {})
    return work


def watch(work: Work, **options: Any) -> AlertWatch:
    return AlertWatch(
        store=work.store,
        rules=lambda: work.rules,
        bell=work.bell,
        clock=work.clock,
        host="sms-1",
        zone=ROME,
        **({"is_mailing": True} | options),
    )


async def look(work: Work, **after: float) -> None:
    """Look now, or after some time."""
    work.clock.advance(**after)
    await watch(work).once()


async def told(work: Work, name: str = "ops") -> list[tuple[str, str]]:
    """What a webhook is told: events, and what they are about."""
    bodies = [
        json.loads(row.content)
        for row in await work.rows("steps", "seq")
        if row.recipient == name and row.message_key == ""
    ]
    return [(body["type"], body["data"].get("kind", "")) for body in bodies]


async def mailed(work: Work) -> list[str]:
    return [row.subject for row in await work.rows("alert_mails", "seq") if row.recipient == "ops@example.com"]


async def put_dead_letter(work: Work, key: str = "k-1") -> None:
    row = step_rows([reply_step(key)], work.clock())[0] | {"status": StepStatus.DEAD, "updated_at": work.clock()}
    async with work.store.database.write() as connection:
        await connection.execute(insert(steps), row)


async def put_credit(work: Work, amount: str) -> None:
    await claim_question(work.store.database, "agile", work.clock())
    await note_credit(work.store.database, "agile", Decimal(amount), work.clock())


async def put_hold(work: Work) -> None:
    async with work.store.database.write() as connection:
        await begin_hold(
            connection,
            "the API key is not accepted, check RESPONDER_AGILE_API_KEY (HTTP 401)",
            work.clock(),
            work.store.database.insert,
        )


async def lift(work: Work) -> None:
    async with work.store.database.write() as connection:
        await end_hold(connection, work.clock())


async def switch_off(work: Work, name: str = "crm") -> None:
    row = {
        "name": name,
        "address": work.rules.webhooks[name].address,
        "failures": 9,
        "disabled_at": work.clock(),
        "reason": GONE,
    }
    async with work.store.database.write() as connection:
        await connection.execute(endpoints.insert().values(row))


async def switch_on(work: Work) -> None:
    async with work.store.database.write() as connection:
        await connection.execute(delete(endpoints))


async def let_mailbox_fail(work: Work, state: MailboxState = MailboxState.REFUSED) -> None:
    for _ in range(16):  # it reports every few seconds
        await report_mailbox(
            work.store.database, replace(MAILBOX, state=state, reason="the password is not accepted"), work.clock()
        )
        work.clock.advance(seconds=10)


async def open_mailbox(work: Work) -> None:
    await report_mailbox(work.store.database, MAILBOX, work.clock())


async def let_a_message_wait(work: Work) -> None:
    await work.receive(inbound(received=work.clock() - minutes(2)))


async def handle_it(work: Work) -> None:
    async with work.store.database.write() as connection:
        await connection.execute(update(messages).values(status="handled"))


async def let_a_message_fail(work: Work) -> None:
    await fail(work.store, "ValueError: Anna said so")


async def retry_it(work: Work) -> None:
    assert [message.status async for message in receive_failed_again(work.store.database)] in (["received"], [])
    await handle_it(work)


async def let_the_clock_be_off(work: Work) -> None:
    await arrive(work.store, work.clock, *[-3600] * 10)
    await handle_it(work)


async def set_the_clock(work: Work) -> None:
    await arrive(work.store, work.clock, *[1] * 10)
    await handle_it(work)


async def refuse_rules(work: Work) -> None:
    await work.store.installation.report_worker("w1", "abc", work.clock(), has_redis=True, rules_are_ok=False)


async def mend_rules(work: Work) -> None:
    await work.store.installation.report_worker("w1", "abc", work.clock(), has_redis=True)


async def let_an_hour_pass(work: Work) -> None:
    work.clock.advance(hours=1, seconds=1)


async def lower(work: Work) -> None:
    await put_credit(work, "4.2")


async def top_up(work: Work) -> None:
    await put_credit(work, "100")


TROUBLES: dict[str, tuple[Change, Change]] = {
    "dead_letters": (put_dead_letter, let_an_hour_pass),
    "webhook_off": (switch_off, switch_on),
    "gateway_refuses": (put_hold, lift),
    "credit_low": (lower, top_up),
    "mailbox_fails": (let_mailbox_fail, open_mailbox),
    "messages_wait": (let_a_message_wait, handle_it),
    "messages_failed": (let_a_message_fail, retry_it),
    "clock_off": (let_the_clock_be_off, set_the_clock),
    "rules_refused": (refuse_rules, mend_rules),
}


async def let_end(work: Work, kind: str) -> None:
    """Let a trouble end, and look for long enough to be sure of it."""
    for _ in range(2):
        work.clock.advance(minutes=1)
        await TROUBLES[kind][1](work)
        await look(work)


async def test_where_all_is_well_nothing_is_told(work: Work) -> None:
    await top_up(work)
    await open_mailbox(work)
    await mend_rules(work)
    await look(work)
    assert (await work.rows("alerts"), await told(work), await mailed(work)) == ([], [], [])


@pytest.mark.parametrize("kind", TROUBLES)
async def test_a_trouble_is_told_once_and_its_end_once_and_its_return_anew(work: Work, kind: str) -> None:
    for turn in (1, 2):
        await (put_dead_letter(work, f"k-{turn}") if kind == "dead_letters" else TROUBLES[kind][0](work))
        for _ in range(3):
            await look(work)
        assert await told(work) == [("alert.opened", kind), ("alert.closed", kind)] * (turn - 1) + [
            ("alert.opened", kind)
        ]
        await let_end(work, kind)
        assert await told(work) == [("alert.opened", kind), ("alert.closed", kind)] * turn
    assert [subject.partition(":")[0] for subject in await mailed(work)] == [
        "[responder] alert",
        "[responder] over",
    ] * 2


async def test_why_messages_failed_is_told_without_their_texts(work: Work) -> None:
    await fail(work.store, "ValueError: Anna said so", *DEATHS)
    await look(work)
    (alert,) = await work.rows("alerts")
    assert json.loads(alert.details) == {"count": "3", "reasons": f"{DEATHS[0]} (2), ValueError (1)"}


async def test_several_workers_open_and_close_one_alert(work: Work) -> None:
    await put_hold(work)
    await asyncio.gather(*(watch(work).once() for _ in range(4)))
    await lift(work)
    work.clock.advance(minutes=1)
    await asyncio.gather(*(watch(work).once() for _ in range(4)))
    assert await told(work) == [("alert.opened", "gateway_refuses"), ("alert.closed", "gateway_refuses")]
    assert len(await mailed(work)) == 2


async def test_a_trouble_that_is_gone_for_moments_is_the_same_trouble(work: Work) -> None:
    await put_hold(work)
    await look(work)
    await lift(work)
    await look(work, seconds=30)
    await put_hold(work)
    await look(work, seconds=29)
    await look(work, seconds=50)
    assert await told(work) == [("alert.opened", "gateway_refuses")]


async def test_workers_that_see_different_rules_do_not_open_and_close_in_turns(work: Work) -> None:
    await switch_off(work)
    old = AlertWatch(
        store=work.store,
        rules=lambda: read_rules("version: 1\n", "rules.yaml", {}),
        bell=work.bell,
        clock=work.clock,
        host="sms-2",
        is_mailing=True,
    )
    for _ in range(20):
        await look(work, seconds=10)
        await old.once()
    assert await told(work) == [("alert.opened", "webhook_off")]


async def test_more_dead_letters_are_one_alert_with_their_count(work: Work) -> None:
    for number in range(3):
        await put_dead_letter(work, f"k-{number}")
        await look(work, minutes=25)
    (alert,) = await work.rows("alerts")
    assert (json.loads(alert.details), alert.closed_at) == ({"count": "2"}, None)


async def test_what_tells_of_an_alert_is_committed_with_it_or_not_at_all(work: Work) -> None:
    await put_hold(work)
    async with work.store.database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE alert_mails RENAME TO gone")
    with pytest.raises(Exception, match="alert_mails"):
        await look(work)
    async with work.store.database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE gone RENAME TO alert_mails")
    assert (await work.rows("alerts"), await told(work)) == ([], [])
    await look(work)
    assert (len(await work.rows("alerts")), await told(work)) == (1, [("alert.opened", "gateway_refuses")])


async def test_a_mailbox_that_only_connects_anew_is_no_trouble(work: Work) -> None:
    for _ in range(20):
        await report_mailbox(
            work.store.database, replace(MAILBOX, state=MailboxState.UNREACHABLE), work.clock.advance(seconds=50)
        )
        await report_mailbox(work.store.database, MAILBOX, work.clock.advance(seconds=3))
        await look(work)
    assert await told(work) == []


async def test_an_intake_that_was_killed_is_a_trouble_until_another_takes_over(work: Work) -> None:
    await open_mailbox(work)
    await look(work, minutes=2)
    (alert,) = await work.rows("alerts")
    assert "seen last at 2026-11-23T12:00:00Z: start" in json.loads(alert.details)["reason"]
    await report_mailbox(work.store.database, replace(MAILBOX, name="m2"), work.clock.advance(minutes=1))
    await look(work)
    assert [event for event, _ in await told(work)] == ["alert.opened", "alert.closed"]


async def test_an_intake_that_is_in_the_settings_and_never_seen_is_a_trouble(work: Work) -> None:
    looking = watch(work, mailbox=MAILBOX.place)
    await looking.once()
    assert await told(work) == []  # it may be about to start
    work.clock.advance(minutes=1)
    await looking.once()
    (alert,) = await work.rows("alerts")
    assert (alert.subject, "was not seen lately: start" in alert.details) == (MAILBOX.place, True)
    work.clock.advance(minutes=1)
    await open_mailbox(work)
    await looking.once()
    assert [event for event, _ in await told(work)] == ["alert.opened", "alert.closed"]


async def test_an_intake_that_starts_anew_is_no_trouble(work: Work) -> None:
    looking = watch(work, mailbox=MAILBOX.place)
    for _ in range(5):
        await open_mailbox(work)
        await looking.once()
        await forget_mailbox(work.store.database, MAILBOX.name)
        work.clock.advance(seconds=50)
        await looking.once()
    assert await told(work) == []


async def test_a_webhook_that_was_switched_off_is_not_told_so_itself(
    work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await switch_off(work, "ops")
    await look(work)
    assert (await told(work), await mailed(work)) == ([], ["[responder] alert: webhook ops is switched off"])
    assert "webhook ops: it is switched off" in caplog.text


async def test_nobody_has_to_be_told(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    work.rules = read_rules(RULES, "rules.yaml", {})
    await put_hold(work)
    await look(work)
    assert (await work.rows("steps"), await work.rows("alert_mails")) == ([], [])
    assert "alert opened kind=gateway_refuses" in caplog.text


async def test_without_a_mail_server_no_mail_is_queued_and_the_log_says_so(
    work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    await put_hold(work)
    await watch(work, is_mailing=False).once()
    assert (await mailed(work), len(await told(work))) == ([], 1)
    assert "RESPONDER_SMTP_URL" in caplog.text


async def test_a_worker_is_woken_for_the_calls(work: Work) -> None:
    await put_hold(work)
    bell = RememberingBell()
    await AlertWatch(
        store=work.store, rules=lambda: work.rules, bell=bell, clock=work.clock, host="sms-1", is_mailing=True
    ).once()
    assert bell.rings == ["deliver_webhooks"]


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        crm = out.rules.webhooks["crm"]
        work.rules = replace(
            work.rules, webhooks={"crm": crm, "ops": replace(crm, name="ops", url=f"{out.receiver.url}/ops")}
        )
        out.rules = work.rules
        yield out


async def test_an_alert_reaches_its_webhook(out: Out) -> None:
    await put_hold(out.work)
    await look(out.work)
    await out.deliver(StepKind.WEBHOOK)
    (request,) = out.receiver.requests
    assert (request.path, request.json()["data"]["kind"]) == ("/ops", "gateway_refuses")


async def test_an_alert_webhook_that_wants_no_more_makes_no_end_of_alerts(out: Out) -> None:
    out.receiver.status = 410
    await put_hold(out.work)
    for _ in range(10):
        await look(out.work)
        await out.deliver(StepKind.WEBHOOK)
        out.work.clock.advance(minutes=20)
    kinds = sorted(row.kind for row in await out.work.rows("alerts"))
    assert kinds == ["gateway_refuses", "webhook_off"]
    assert len(out.receiver.requests) == 1
    assert await out.work.rows("handoffs") == []


async def test_a_webhook_that_dies_is_told_to_the_other(out: Out) -> None:
    out.receiver.status = 410
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    out.receiver.status = 200
    await look(out.work)
    await out.deliver(StepKind.WEBHOOK)
    assert sorted(request.json()["data"]["kind"] for request in out.receiver.requests[1:]) == [
        "dead_letters",
        "webhook_off",
    ]
