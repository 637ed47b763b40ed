"""What responder doctor says of the credit, of how replies fare, and of alerts."""

from datetime import timedelta
from decimal import Decimal

import pytest

from responder.core.rules.sections import AlertKind, Trouble
from responder.store.base.tables import alert_mails, steps
from responder.store.operations.alerts import Telling, mail_rows, note_troubles
from responder.store.operations.sources import claim_question, note_credit, note_no_credit
from responder.store.queue.entering import step_rows
from responder.wiring import utc_now
from tests.builders import reply_step
from tests.cli.conftest import Installation
from tests.cli.doctor.test_doctor import examined, finding
from tests.clients.test_smtp import MAIL
from tests.conftest import NOON
from tests.mail_server import SmtpServer, taking_mails
from tests.worker.conftest import RULES


async def told(here: Installation, amount: str) -> None:
    await claim_question(here.store.database, "agile", NOON)
    await note_credit(here.store.database, "agile", Decimal(amount), NOON)


async def test_without_a_key_the_credit_is_not_asked_for(here: Installation) -> None:
    level, text = await finding("credit")
    assert (level, "RESPONDER_AGILE_API_KEY" in text) == ("ok", True)


async def test_the_credit_is_told_with_its_time(here: Installation) -> None:
    here.set(AGILE_API_KEY="key")
    assert (await finding("credit"))[0] == "warning"
    await told(here, "10.329")
    assert await finding("credit") == ("ok", "10.32 euros at 2026-11-23 12:00 UTC")


async def test_a_low_credit_is_warned_of_with_what_to_do(here: Installation) -> None:
    here.set(AGILE_API_KEY="key")
    await told(here, "9.99")
    level, text = await finding("credit")
    assert (level, "less than 10: top it up" in text) == ("warning", True)


async def test_a_credit_that_cannot_be_told_is_warned_of_beside_the_last(here: Installation) -> None:
    here.set(AGILE_API_KEY="key")
    await told(here, "50")
    await note_no_credit(
        here.store.database, "agile", "the API is not there, check RESPONDER_AGILE_URL (HTTP 404)", NOON
    )
    level, text = await finding("credit")
    assert level == "warning"
    assert text == (
        "the gateway does not tell it: the API is not there, check RESPONDER_AGILE_URL (HTTP 404);"
        " the last that it told: 50.00 euros at 2026-11-23 12:00 UTC"
    )


async def test_how_the_replies_of_a_day_fared_is_told(here: Installation) -> None:
    rows = step_rows([reply_step(f"k{number}-1") for number in range(4)], NOON)
    fates = [("delivered", 4000), ("delivered", 5500), ("delivered", 6000), ("failed", None)]
    handed_over = {"submitted_at": utc_now() - timedelta(hours=1)}
    async with here.store.database.write() as connection:
        for row, (status, took_ms) in zip(rows, fates, strict=True):
            await connection.execute(steps.insert(), row | handed_over | {"status": status, "delivery_ms": took_ms})
    assert await finding("delivered") == (
        "ok",
        "75% of the replies that the gateway took within 24 hours, nine in ten of them within 10 s",
    )


async def test_other_counts_of_segments_are_warned_of_for_each_api(here: Installation) -> None:
    rows = step_rows([reply_step(f"k{number}-1") for number in range(2)], NOON)
    async with here.store.database.write() as connection:
        for row, api in zip(rows, ("legacy", "universal"), strict=True):
            fare = {"submitted_at": utc_now() - timedelta(hours=1), "status": "sent", "api": api}
            await connection.execute(steps.insert(), row | fare | {"billed_segments": 2 if api == "legacy" else 1})
    _, findings = await examined()
    assert len(findings["delivered"]) == 2
    [(level, text)] = findings["segments"]
    assert (level, text.startswith("the gateway counted 2 where we count 1, in 24 hours by the legacy API")) == (
        "warning",
        True,
    )


async def test_where_nobody_hears_of_alerts_it_says_how_to_be_told(here: Installation) -> None:
    level, text = await finding("alerts")
    assert (level, text) == (
        "ok",
        "none is open; nobody is told: name a webhook or an address under 'alerts:' in the rules file",
    )


async def test_open_alerts_are_warned_of(here: Installation) -> None:
    here.write("rules.yaml", RULES + "alerts: {webhook: crm}\n")
    await note_troubles(here.store.database, [Trouble(kind=AlertKind.RULES_REFUSED)], lambda _: Telling(), NOON)
    assert await finding("alerts") == ("warning", "open: rules_refused since 2026-11-23 12:00 UTC; told to webhook crm")


async def test_an_address_without_a_mail_server_is_an_error(here: Installation) -> None:
    here.write("rules.yaml", RULES + "alerts: {email: ops@example.com}\n")
    level, text = await finding("alert mail")
    assert (level, "RESPONDER_SMTP_URL is not set" in text) == ("error", True)


@pytest.mark.parametrize(
    ("answers", "level", "words"),
    [({}, "ok", "answers"), ({"CONNECT": "421 no"}, "error", "takes nothing for now (SMTP 421)")],
)
async def test_the_mail_server_is_tried_out(
    here: Installation, answers: dict[str, str], level: str, words: str
) -> None:
    async with taking_mails(SmtpServer(answers=answers)) as server:
        here.set(SMTP_URL=f"smtp://localhost:{server.port}")
        found, text = await finding("alert mail")
    assert (found, text.startswith(f"smtp://localhost:{server.port}"), text.endswith(words), server.mails) == (
        level,
        True,
        True,
        [],
    )


async def test_mails_that_wait_are_warned_of(here: Installation) -> None:
    async with here.store.database.write() as connection:
        await connection.execute(alert_mails.insert(), mail_rows([MAIL], NOON))
    async with taking_mails() as server:
        here.set(SMTP_URL=f"smtp://localhost:{server.port}")
        _, findings = await examined()
    assert findings["alert mail"][1] == ("warning", "1 waits since 2026-11-23 12:00 UTC: a worker sends them")
