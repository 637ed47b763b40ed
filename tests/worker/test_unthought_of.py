"""Unforeseen faults: each step gets a fate with the true reason, and none is tried for ever."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from responder.core.contact.effects import StepKind
from responder.core.outbound.gateway import Call, Response, Taken
from responder.core.rules.sections import Mail
from responder.gateways.agile import AgileTelecom
from responder.store.base.tables import alert_mails
from responder.store.operations.alerts import mail_rows, read_unsent
from responder.worker.alerts import Mailer
from responder.worker.delivery import Deliverer, Ways
from tests.builders import reply_step
from tests.receiver import ACCEPTED
from tests.worker.conftest import Work
from tests.worker.going_out import Out, call_step, going_out

REASON = "a fault that nobody thought of (ZeroDivisionError)"


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        out.receiver.body = ACCEPTED
        yield out


class Broken:
    """A client, a mail server and a clock with a fault of ours."""

    async def post(self, call: Call) -> Response:
        raise ZeroDivisionError

    async def get(self, call: Call) -> Response:
        raise ZeroDivisionError

    async def send(self, mail: Mail, now: datetime) -> None:
        raise ZeroDivisionError


class Unbuildable(AgileTelecom):
    """A gateway that fails over what is to be sent."""

    def build_outbound(self, step: object) -> Call | None:
        raise ZeroDivisionError


class Unreadable(AgileTelecom):
    """A gateway that fails over every answer."""

    def read_response(self, response: Response) -> Taken:
        raise ZeroDivisionError


def through(out: Out, ways: Ways) -> Deliverer:
    steps, bell, clock = out.work.store.steps, out.work.bell, out.work.clock
    return Deliverer(steps=steps, ways=ways, webhooks=out.webhooks(), bell=bell, clock=clock, is_simulating=False)


async def test_a_webhook_whose_url_cannot_be_read_is_given_up_at_once(out: Out) -> None:
    out.rules = replace(out.rules, webhooks={"crm": replace(out.rules.webhooks["crm"], url="https://xn--/hook")})
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    row = await out.row()
    assert (row.status, row.attempts, row.last_error) == ("dead", 1, "not sent: the URL cannot be read")


async def test_a_call_that_fails_by_a_fault_of_ours_is_a_dead_letter_with_its_kind(out: Out) -> None:
    out.client = Broken()  # type: ignore[assignment]  # it has what a deliverer calls
    await out.queue(call_step())
    await out.deliver(StepKind.WEBHOOK)
    row = await out.row()
    assert (row.status, row.attempts, REASON in row.last_error) == ("dead", 1, True)


async def test_such_a_call_takes_nothing_from_the_others(out: Out) -> None:
    await out.queue(call_step("k-1"))
    out.rules = replace(
        out.rules,
        webhooks={**out.rules.webhooks, "bad": replace(out.rules.webhooks["crm"], name="bad", url="https://xn--/")},
    )
    await out.queue(replace(call_step("k-2"), to="bad"), call_step("k-3"))
    await out.deliver(StepKind.WEBHOOK)
    assert await out.statuses() == ["delivered", "dead", "delivered"]


async def test_a_reply_whose_body_may_be_out_is_uncertain(out: Out) -> None:
    out.client = Broken()  # type: ignore[assignment]
    await out.queue(reply_step())
    await out.deliver()
    row = await out.row()
    assert (row.status, row.attempts, REASON in row.last_error) == ("uncertain", 1, True)


@pytest.mark.parametrize(("gateway", "status"), [(Unbuildable, "dead"), (Unreadable, "uncertain")])
async def test_a_gateway_that_fails_loses_no_reply(out: Out, gateway: type[AgileTelecom], status: str) -> None:
    broken = gateway(secret=b"s", zone=out.rules.zone, api_key="key", url=f"{out.receiver.url}/send")
    await out.queue(reply_step())
    await through(out, Ways(gateway=broken, client=out.client, pace=out.pace, rules=lambda: out.rules)).deliver(
        StepKind.REPLY
    )
    row = await out.row()
    assert (row.status, REASON in row.last_error) == (status, True)
    assert len(out.receiver.requests) == (status == "uncertain")


async def test_a_mail_of_an_alert_that_fails_by_a_fault_of_ours_waits_with_its_reason_and_holds_up_no_other(
    work: Work,
) -> None:
    mails = [Mail(key=name, recipient="ops@example.com", subject=name, content="text") for name in "ab"]
    async with work.store.database.write() as connection:
        await connection.execute(alert_mails.insert(), mail_rows(mails, work.clock()))
    await Mailer(database=work.store.database, post=Broken(), clock=work.clock).once()
    unsent = await read_unsent(work.store.database)
    assert unsent is not None
    assert (unsent.count, unsent.error) == (2, REASON)
