"""/healthz and /readyz."""

import asyncio
from dataclasses import replace
from datetime import datetime

import httpx

from responder.core.contact.effects import StepStatus
from responder.core.operations.troubles import MailboxReport, MailboxState
from responder.store.consent.installation import Installation
from responder.store.operations.sources import report_mailbox
from responder.store.outbound.claims import Fate
from responder.version import full_version
from tests.builders import inbound, mailbox_report
from tests.conftest import no_more_on_disk, wait_until
from tests.going_wrong import DEATHS, arrive, fail
from tests.web.conftest import WebSide


async def test_the_service_is_alive(web: WebSide) -> None:
    assert (await web.get("/healthz")).status_code == 200


async def test_a_service_that_can_commit_is_ready(web: WebSide) -> None:
    await web.store.installation.report_worker("w1", "abc", web.clock.now, has_redis=True)
    response = await web.get("/readyz")
    rules = {
        "hash": "abc",
        "count": 3,
        "ok": True,
        "last_good_at": "2026-11-23T12:00:00Z",
        "mistakes": [],
        "workers": ["abc"],
    }
    assert (response.status_code, response.json()) == (
        200,
        {
            "version": full_version(),
            "database": "up",
            "redis": "up",
            "worker": "ready",
            "gateway": "ok",
            "rules": rules,
            "oldest_waiting": None,
            "failed": 0,
            "clock": "ok",
        },
    )


async def test_messages_that_failed_are_counted_with_the_reasons_and_without_their_texts(web: WebSide) -> None:
    await fail(web.store, "ValueError: Anna said so", *DEATHS)
    report = (await web.get("/readyz")).json()
    assert (report["failed"], report["failed_reasons"]) == (3, {"ValueError": 1, DEATHS[0]: 2})


async def test_a_clock_that_is_off_is_told_and_messages_are_still_taken(web: WebSide) -> None:
    await arrive(web.store, web.clock, *[3600] * 10)
    response = await web.get("/readyz")
    assert response.status_code == 200
    assert "1 h behind" in response.json()["clock"]
    assert "RESPONDER_GATEWAY_TIMEZONE (Europe/Rome)" in response.json()["clock"]


async def test_without_redis_messages_can_still_be_taken(web: WebSide) -> None:
    web.redis_is_up = False
    response = await web.get("/readyz")
    assert (response.status_code, response.json()["redis"], response.json()["worker"]) == (200, "down", "none")


async def test_a_worker_that_lost_redis_is_shown(web: WebSide) -> None:
    await web.store.installation.report_worker("w1", "abc", web.clock.now, has_redis=False)
    assert (await web.get("/readyz")).json()["worker"] == "waiting for redis"


async def test_a_worker_that_has_not_been_seen_lately_does_not_count(web: WebSide) -> None:
    await web.store.installation.report_worker("w1", "abc", web.clock.now, has_redis=True)
    web.clock.advance(seconds=30)
    assert (await web.get("/readyz")).json()["worker"] == "none"


async def test_the_oldest_waiting_message_is_told(web: WebSide) -> None:
    await web.store.inbox.add([inbound(received=web.clock.now)], {})
    assert (await web.get("/readyz")).json()["oldest_waiting"] == "2026-11-23T12:00:00Z"


async def test_a_gateway_that_refuses_us_is_told_and_messages_are_still_taken(web: WebSide) -> None:
    await web.store.steps.record(
        [Fate(key="k-1", status=StepStatus.QUEUED, error="the API key is not accepted", begins_hold=True)],
        "w",
        web.clock(),
    )
    response = await web.get("/readyz")
    assert (response.status_code, response.json()["gateway"]) == (200, "the API key is not accepted")


async def test_a_database_that_is_away_is_not_ready(web: WebSide) -> None:
    async with web.store.database.write() as connection:
        await connection.exec_driver_sql("DROP TABLE messages")
    response = await web.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"database": "down"})


async def test_without_its_intake_a_service_is_not_ready(web: WebSide) -> None:
    web.intake.close()
    await wait_until(lambda: not web.intake.is_taking)
    response = await web.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"database": "up", "intake": "down"})


async def test_a_full_disk_is_not_ready_and_is_again_when_there_is_room(web: WebSide) -> None:
    with no_more_on_disk():
        response = await web.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"database": "down"})
    assert (await web.get("/readyz")).status_code == 200


async def test_the_intake_of_mails_is_told(web: WebSide) -> None:
    report = MailboxReport(
        name="m1", place="imaps://mail.example.com:993/INBOX", state=MailboxState.CONNECTED, reason=None,
        last_mail_at=web.clock.now, lag_s=1.5, taken=3, malformed=1,
    )  # fmt: skip
    await report_mailbox(web.store.database, report, web.clock.now)
    told = {"last_mail": "2026-11-23T12:00:00Z", "lag_s": 1.5, "taken": 3, "malformed": 1}
    assert (await web.get("/readyz")).json()["mailbox"] == [
        {"place": report.place, "state": "connected", "reason": None} | told
    ]
    figures = (await web.get("/metrics")).text
    assert "responder_mailbox_connected 1.0" in figures
    assert "responder_mailbox_lag_seconds 1.5" in figures


async def test_an_intake_of_mails_that_does_not_run_is_told(web: WebSide) -> None:
    web.mailbox = "imaps://mail.example.com:993/INBOX"
    response = await web.get("/readyz")
    [told] = response.json()["mailbox"]
    assert (response.status_code, told["place"], told["state"]) == (200, web.mailbox, "not_seen")
    assert "start 'responder run'" in told["reason"]
    assert "responder_mailbox_connected 0.0" in (await web.get("/metrics")).text


async def test_mails_that_nobody_can_judge_are_told(web: WebSide) -> None:
    await report_mailbox(web.store.database, mailbox_report(left_alone=2), web.clock.now)
    assert (await web.get("/readyz")).json()["mailbox"][0]["left_alone"] == 2
    assert "responder_mailbox_left_alone 2.0" in (await web.get("/metrics")).text


class Counting:
    """An installation that counts the commits that it is asked for."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.commits = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._installation, name)

    async def check(self, now: datetime) -> None:
        self.commits += 1
        await self._installation.check(now)


async def test_however_many_ask_at_once_the_database_commits_once(web: WebSide) -> None:
    counting = Counting(web.store.installation)
    web.store = replace(web.store, installation=counting)  # type: ignore[arg-type]  # it has what the web asks for
    transport = httpx.ASGITransport(web.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
    assert ({answer.status_code for answer in answers}, counting.commits) == ({200}, 1)
