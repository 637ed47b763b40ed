"""E-mails about alerts leave in order, at least once, and a dead server delays nothing else."""

import pytest

from responder.clients.smtp import MailServer
from responder.core.rules.sections import Mail
from responder.settings.urls import read_smtp_url
from responder.store.base.tables import alert_mails
from responder.store.operations.alerts import LEASE, claim_mail, forget_mails, mail_rows, read_unsent
from responder.worker.alerts import Mailer
from tests.conftest import StandingClock, free_port
from tests.mail_server import SmtpServer, taking_mails
from tests.worker.conftest import Work


async def queue(work: Work, *names: str) -> None:
    mails = [Mail(key=name, recipient="ops@example.com", subject=f"about {name}", content="text") for name in names]
    async with work.store.database.write() as connection:
        await connection.execute(alert_mails.insert(), mail_rows(mails, work.clock()))


def mailer(work: Work, port: int) -> Mailer:
    return Mailer(
        database=work.store.database,
        post=MailServer(read_smtp_url(f"smtp://localhost:{port}"), longest_s=2.0),
        clock=work.clock,
    )


async def statuses(work: Work) -> list[str]:
    return [row.status for row in await work.rows("alert_mails", "seq")]


async def test_all_that_waits_is_sent_in_its_order_and_once(work: Work) -> None:
    await queue(work, "a", "b", "c")
    async with taking_mails() as server:
        await mailer(work, server.port).once()
        await mailer(work, server.port).once()
    assert [taken.message["Subject"] for taken in server.mails] == ["about a", "about b", "about c"]
    assert await statuses(work) == ["sent"] * 3


async def test_a_dead_server_is_tried_once_in_a_while_and_nothing_is_lost(work: Work, clock: StandingClock) -> None:
    await queue(work, "a", "b")
    server = SmtpServer(port=free_port(), answers={"CONNECT": "421 no"})
    async with taking_mails(server):
        for _ in range(3):
            await mailer(work, server.port).once()
        assert server.connections == 1
        unsent = await read_unsent(work.store.database)
        assert unsent is not None
        assert (unsent.count, unsent.error) == (2, "the mail server takes nothing for now (SMTP 421)")
        clock.advance(seconds=10)
        server.answers.clear()
        await mailer(work, server.port).once()
    assert ([taken.message["Subject"] for taken in server.mails], await read_unsent(work.store.database)) == (
        ["about a", "about b"],
        None,
    )


async def test_a_mail_that_is_refused_for_good_holds_up_no_other(work: Work) -> None:
    await queue(work, "a", "b")
    async with taking_mails(SmtpServer(answers={"RCPT": "550 no"})) as server:
        await mailer(work, server.port).once()
    assert await statuses(work) == ["dead", "dead"]
    assert len({row.last_error for row in await work.rows("alert_mails")}) == 1


async def test_a_mail_is_given_up_after_three_days(
    work: Work, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    await queue(work, "a")
    port = free_port()
    for _ in range(6):
        await mailer(work, port).once()
        clock.advance(days=1)
    assert await statuses(work) == ["dead"]
    assert "given up key=a" in caplog.text
    assert [row.attempts for row in await work.rows("alert_mails")] == [4]


async def test_a_mail_whose_worker_was_killed_is_sent_by_another(work: Work, clock: StandingClock) -> None:
    await queue(work, "a")
    assert await claim_mail(work.store.database, clock.now) is not None
    async with taking_mails() as server:
        await mailer(work, server.port).once()
        assert server.mails == []
        clock.advance(seconds=LEASE.total_seconds())
        await mailer(work, server.port).once()
        assert len(server.mails) == 1


async def test_mails_that_are_done_with_are_forgotten(work: Work, clock: StandingClock) -> None:
    await queue(work, "a")
    async with taking_mails() as server:
        await mailer(work, server.port).once()
    await queue(work, "waits")
    await forget_mails(work.store.database, clock.advance(days=31))
    assert [row.key for row in await work.rows("alert_mails")] == ["waits"]
