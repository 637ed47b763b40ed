"""What a worker looks after beside its jobs, as it is wired by the settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from responder.clients.http import HttpClient
from responder.core.rules.sections import Mail
from responder.processes.tasks import end
from responder.rulefile import read_rules
from responder.settings.model import load_settings
from responder.store.base.tables import alert_mails
from responder.store.operations.alerts import mail_rows, read_open
from responder.store.outbound.holds import begin_hold
from responder.worker.upkeep import periodic_work, periodically
from tests.conftest import wait_until
from tests.mail_server import taking_mails
from tests.receiver import receiving
from tests.worker.conftest import RULES, RememberingBell, Work


@asynccontextmanager
async def caring(work: Work, **settings: str) -> AsyncIterator[None]:
    """Everything that a worker periodic_work for, running."""
    variables = {f"RESPONDER_{name}": value for name, value in settings.items()}
    rules = read_rules(RULES + "alerts: {email: ops@example.com}\n", "rules.yaml", {})
    async with HttpClient(allow_private=True) as client:
        works = periodic_work(
            load_settings(variables), work.store, client, RememberingBell(), lambda: rules, work.clock
        )
        tasks = [asyncio.create_task(one) for one in works]
        yield
        await end(tasks)
        assert all(task.cancelled() for task in tasks)


async def begin_trouble(work: Work, mail: str) -> None:
    async with work.store.database.write() as connection:
        await begin_hold(connection, "no credit", work.clock(), work.store.database.insert)
        waiting = Mail(key=mail, recipient="ops@example.com", subject="earlier", content="text")
        await connection.execute(alert_mails.insert(), mail_rows([waiting], work.clock()))


async def is_open(work: Work) -> bool:
    return bool(await read_open(work.store.database))


async def test_the_credit_alerts_and_mails_are_looked_after_from_the_start(work: Work) -> None:
    await begin_trouble(work, "a")
    async with receiving() as gateway, taking_mails() as server:
        gateway.body = b'{"credit": 50}'
        async with caring(
            work,
            AGILE_API_KEY="key",
            AGILE_URL=gateway.url,
            SMTP_URL=f"smtp://localhost:{server.port}",
            SMTP_FROM="me@example.com",
        ):
            await wait_until(lambda: is_open(work), what="the alert")
            await wait_until(lambda: bool(server.mails), what="the mail")
            await wait_until(lambda: bool(gateway.questions), what="the question for the credit")
    assert server.mails[0].sender == "me@example.com"
    assert len(await work.rows("alert_mails")) == 2


async def test_in_shadow_alerts_open_and_no_mail_leaves(work: Work) -> None:
    await begin_trouble(work, "a")
    async with taking_mails() as server, caring(work, SMTP_URL=f"smtp://localhost:{server.port}", SHADOW="true"):
        await wait_until(lambda: is_open(work), what="the alert")
    assert (server.connections, len(await work.rows("alert_mails"))) == (0, 1)


async def test_a_round_that_fails_is_told_once_and_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[int] = []

    async def once() -> None:
        turns.append(1)
        if len(turns) < 5:
            raise RuntimeError("secret words")

    running = asyncio.create_task(periodically("the house", 0.001, once))
    await wait_until(lambda: len(turns) > 6)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
