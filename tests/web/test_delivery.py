"""POST /webhook/delivery: who may report, what is answered, and what is kept."""

import asyncio
import json
from ipaddress import ip_network
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.engine import Row

from responder.core.contact.effects import StepKind, StepStatus
from responder.store.base.tables import messages, reports, steps
from responder.store.outbound.claims import Fate
from responder.store.queue.entering import step_rows
from responder.web.webhooks import Gate
from tests.builders import reply_step
from tests.web.conftest import FORM, WebSide

PATH = "/webhook/delivery"
JSON = {"content-type": "application/json"}
DELIVERED = {
    "eventType": "DELIVERY",
    "messageId": "k-1",
    "channel": "SMS",
    "statusCode": 3,
    "description": "Message delivered",
}
INBOUND = {
    "eventType": "INBOUND",
    "source": "+393301234567",
    "destination": "+393331234333",
    "text": "News ON",
    "timestamp": "2026-04-08T12:30:52Z",
}


async def post(web: WebSide, event: object = DELIVERED, path: str = PATH, **options: Any) -> tuple[int, bytes]:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    response = await web.post(body, path, **({"headers": JSON} | options))
    return response.status_code, response.content


async def rows(web: WebSide, query: Any) -> list[Row[Any]]:
    async with web.store.database.read() as connection:
        return list((await connection.execute(query)).all())


async def statuses(web: WebSide) -> list[str]:
    return [row.status for row in await rows(web, select(steps).order_by(steps.c.seq))]


@pytest.fixture
async def sent(web: WebSide) -> WebSide:
    """A service that has sent one reply."""
    async with web.store.database.write() as connection:
        await connection.execute(insert(steps), step_rows([reply_step("k-1")], web.clock()))
    await web.store.steps.claim(StepKind.REPLY, "w", web.clock(), 1)
    await web.store.steps.record([Fate(key="k-1", status=StepStatus.SENT, gateway_id="gw-1")], "w", web.clock())
    return web


async def test_a_report_settles_the_reply_that_it_is_about(sent: WebSide) -> None:
    assert await post(sent) == (200, b"+OK")
    assert await statuses(sent) == ["delivered"]


@pytest.mark.parametrize(
    "headers", [JSON, FORM, {}, {"content-type": "text/plain"}, {"content-type": "multipart/form-data; boundary=b"}]
)
async def test_the_content_type_does_not_matter(sent: WebSide, headers: dict[str, str]) -> None:
    assert await post(sent, headers=headers) == (200, b"+OK")
    assert await statuses(sent) == ["delivered"]


async def test_a_form_will_do(sent: WebSide) -> None:
    assert await post(sent, b"customerMessageId=k-1&status=ERROR&error=Absent+subscriber", headers=FORM) == (
        200,
        b"+OK",
    )
    assert await statuses(sent) == ["failed"]


async def test_a_report_on_something_that_we_did_not_send_is_kept_and_answered(web: WebSide) -> None:
    assert await post(web, DELIVERED | {"messageId": "somebody-elses"}) == (200, b"+OK")
    assert [(row.step_key, row.reported) for row in await rows(web, select(reports))] == [(None, "delivered")]


async def test_a_status_that_nobody_knows_is_kept_and_changes_nothing(sent: WebSide) -> None:
    assert await post(sent, {"id": "gw-1", "status": "TELEPORTED", "statusCode": 3}) == (200, b"+OK")
    assert [row.word for row in await rows(sent, select(reports))] == ["TELEPORTED 3"]
    assert await statuses(sent) == ["sent"]


async def test_a_message_among_the_reports_is_taken_in_like_any_other(sent: WebSide) -> None:
    form = "originator=%2B393301234567&destination=%2B393331234333&date_time=20260408143052&text=News+ON"
    assert await post(sent, [DELIVERED, INBOUND, INBOUND]) == (200, b"+OK")
    await sent.post(form)
    assert [(row.originator, row.text, row.status) for row in await rows(sent, select(messages))] == [
        ("+393301234567", "News ON", "received")
    ]
    assert await statuses(sent) == ["delivered"]


@pytest.mark.parametrize("body", [b"", b"null", b"{", b"[[[]]]", b"\xff\xfe\x00", b"[" * 60_000, b"%%%=%zz&&&=="])
async def test_a_body_that_is_no_report_is_answered_and_never_an_error(web: WebSide, body: bytes) -> None:
    assert await post(web, body) == (200, b"+OK")
    assert await rows(web, select(reports)) == []


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}/wrong", f"{PATH}/right/more"])
async def test_without_the_right_token_nothing_is_there(sent: WebSide, path: str) -> None:
    sent.gate = Gate(["right"], [])
    assert (await post(sent, path=path))[0] == 404
    assert await rows(sent, select(reports)) == []


async def test_with_the_right_token_a_report_is_taken(sent: WebSide) -> None:
    sent.gate = Gate(["right"], [])
    assert await post(sent, path=f"{PATH}/right") == (200, b"+OK")


async def test_a_token_that_nobody_asked_for_is_wrong(web: WebSide) -> None:
    assert (await post(web, path=f"{PATH}/token"))[0] == 404


@pytest.mark.parametrize(("host", "status"), [("203.0.113.7", 200), ("198.51.100.1", 404)])
async def test_only_allowed_addresses_may_report(web: WebSide, host: str, status: int) -> None:
    web.gate = Gate([], [ip_network("203.0.113.0/24")])
    assert (await post(web, host=host))[0] == status


async def test_a_body_over_the_limit_is_refused(web: WebSide) -> None:
    assert (await post(web, b" " * (64 * 1024 + 1)))[0] == 413


async def test_a_probe_stores_nothing(web: WebSide) -> None:
    assert (await web.get(f"{PATH}?messageId=k-1&status=DELIVERED")).status_code == 405
    assert await rows(web, select(reports)) == []


@pytest.mark.parametrize("table", ["reports", "messages"])
async def test_when_the_database_is_away_the_gateway_is_told_to_come_again(web: WebSide, table: str) -> None:
    async with web.store.database.write() as connection:
        await connection.exec_driver_sql(f"DROP TABLE {table}")
    assert (await post(web, [DELIVERED, INBOUND]))[0] == 503


async def test_a_hundred_copies_at_once_are_one_report(sent: WebSide) -> None:
    answers = await asyncio.gather(*(post(sent) for _ in range(100)))
    assert set(answers) == {(200, b"+OK")}
    assert len(await rows(sent, select(reports))) == 1


async def test_as_many_reports_as_a_body_holds_are_taken_at_once(web: WebSide) -> None:
    body = json.dumps([{"id": f"{number:x}"} for number in range(4000)], separators=(",", ":")).encode()
    assert await post(web, body[: 64 * 1024]) == (200, b"+OK")
    assert len(await rows(web, select(reports))) == 4000
