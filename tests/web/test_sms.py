"""POST /webhook/sms: the test vectors of the gateway reference, section 1.7, and hostile requests."""

import asyncio
import time
from ipaddress import ip_network
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Row

from responder.core.outbound.gateway import Events, Posted
from responder.gateways.agile import AgileTelecom
from responder.store.base.tables import messages
from responder.web.webhooks import MISSING_TOKEN, NOT_ALLOWED, WRONG_TOKEN, Gate
from tests.web.conftest import VECTOR_1, WebSide

OK = (200, b"+OK", "text/plain; charset=utf-8", "3")


async def stored(web: WebSide) -> list[Row[Any]]:
    async with web.store.database.read() as connection:
        return list((await connection.execute(select(messages).order_by(messages.c.seq))).all())


def with_(**fields: str) -> str:
    """Vector 1 with other fields, written as they travel."""
    given = dict(pair.split("=") for pair in VECTOR_1.split("&")) | fields
    return "&".join(f"{name}={value}" for name, value in given.items())


async def test_1_an_ordinary_message_is_kept_and_acknowledged_to_the_byte(web: WebSide) -> None:
    response = await web.post(VECTOR_1)
    assert (
        response.status_code,
        response.content,
        response.headers["content-type"],
        response.headers["content-length"],
    ) == OK
    [row] = await stored(web)
    assert (row.originator, row.destination, row.text) == ("+393301234567", "+393331234333", "News ON")
    assert row.sent_at.isoformat() == "2026-04-08T12:30:52+00:00"


@pytest.mark.parametrize("originator", ["+393301234567", "393301234567", "00393301234567", "%2B39%20330%201234567"])
async def test_2_3_every_spelling_of_a_number_is_the_same_sender(web: WebSide, originator: str) -> None:
    await web.post(with_(originator=originator))
    await web.post(VECTOR_1)
    assert [row.originator for row in await stored(web)] == ["+393301234567"]


async def test_4_a_message_sent_again_is_one_message_and_four_acknowledgements(web: WebSide) -> None:
    answers = []
    for _ in range(4):
        answers.append((await web.post(VECTOR_1)).content)
        web.clock.advance(minutes=15)
    assert answers == [b"+OK"] * 4
    assert len(await stored(web)) == 1


async def test_5_6_another_text_or_another_number_is_another_message(web: WebSide) -> None:
    for body in (VECTOR_1, with_(text="News+OFF"), with_(destination="%2B393331234334")):
        await web.post(body)
    assert len(await stored(web)) == 3


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("perch%C3%A9", "perché"),
        ("perch%E9", "perché"),
        ("", ""),
        ("caff%C3%A8+%E2%98%95", "caffè ☕"),
        ("a%26b%3Dc;d", "a&b=c;d"),
        ("1%2B1", "1+1"),
        ("line1%0D%0Aline2%00", "line1\r\nline2"),
    ],
)
async def test_7_8_9_16_texts_of_every_charset_arrive_whole(web: WebSide, typed: str, text: str) -> None:
    assert (await web.post(with_(text=typed))).content == b"+OK"
    assert [row.text for row in await stored(web)] == [text]


@pytest.mark.parametrize("originator", ["AcmeBank", "48383"])
async def test_10_11_names_and_short_codes_are_kept_as_they_are(web: WebSide, originator: str) -> None:
    assert (await web.post(with_(originator=originator))).content == b"+OK"
    assert [row.originator for row in await stored(web)] == [originator]


@pytest.mark.parametrize(
    ("date_time", "sent_at"), [("20261025023000", "2026-10-25T01:30:00"), ("20260329023000", "2026-03-29T01:30:00")]
)
async def test_12_13_the_hours_of_clock_changes_are_read(web: WebSide, date_time: str, sent_at: str) -> None:
    await web.post(with_(date_time=date_time))
    assert [row.sent_at.isoformat()[:19] for row in await stored(web)] == [sent_at]


@pytest.mark.parametrize("date_time", ["2026", "", "20261301000000", "20260408143060", "x" * 14])
async def test_14_a_time_that_is_none_is_replaced_by_the_arrival(web: WebSide, date_time: str) -> None:
    assert (await web.post(with_(date_time=date_time))).content == b"+OK"
    assert [(row.sent_at, row.order_at) for row in await stored(web)] == [(None, web.clock.now)]


async def test_without_a_time_each_delivery_is_its_own_message(web: WebSide) -> None:
    await web.post(with_(date_time=""))
    await web.post(with_(date_time=""))
    assert len(await stored(web)) == 2


async def test_17_a_multipart_form_is_the_same_message(web: WebSide) -> None:
    await web.post(VECTOR_1)
    fields = {
        "originator": "+393301234567",
        "destination": "+393331234333",
        "date_time": "20260408143052",
        "text": "News ON",
    }
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    response = await web.post(f"{parts}--b--\r\n", headers={"content-type": "multipart/form-data; boundary=b"})
    assert response.content == b"+OK"
    assert len(await stored(web)) == 1


@pytest.mark.parametrize("path", ["/webhook/sms", "/webhook/sms/", "/webhook/sms/wrong", "/webhook/sms/right/more"])
async def test_18_without_the_right_token_nothing_is_there(web: WebSide, path: str) -> None:
    web.gate = Gate(["right", "newer"], [])
    response = await web.post(path=path)
    assert (response.status_code, b"+OK" in response.content) == (404, False)
    assert await stored(web) == []


@pytest.mark.parametrize(
    "path", ["/webhook%2fsms%2fright", "/webhook/%73ms/right", "/%77ebhook/sms/right", "/webhook%2Fsms/right"]
)
async def test_a_path_that_hides_from_proxies_is_not_the_webhook(web: WebSide, path: str) -> None:
    web.gate = Gate(["right"], [])
    assert (await web.post(path=path)).status_code == 404
    assert await stored(web) == []


@pytest.mark.parametrize(
    "path", ["/%72eadyz", "/%6Detrics", "/heal%74hz", "/api/v1/%61ppointments", "/api%2fv1/appointments"]
)
async def test_no_other_path_hides_from_proxies_either(web: WebSide, path: str) -> None:
    assert (await web.get(path)).status_code == 404


async def test_a_token_may_be_written_in_codes(web: WebSide) -> None:
    web.gate = Gate(["a~b"], [])
    assert (await web.post(path="/webhook/sms/a%7Eb")).content == b"+OK"


@pytest.mark.parametrize("token", ["right", "newer"])
async def test_while_tokens_rotate_both_are_known(web: WebSide, token: str) -> None:
    web.gate = Gate(["right", "newer"], [])
    assert (await web.post(path=f"/webhook/sms/{token}")).content == b"+OK"


async def test_a_token_that_nobody_asked_for_is_wrong(web: WebSide) -> None:
    assert (await web.post(path="/webhook/sms/token")).status_code == 404


async def test_19_when_the_database_is_away_the_gateway_is_told_to_come_again(web: WebSide) -> None:
    async with web.store.database.write() as connection:
        await connection.exec_driver_sql("DROP TABLE messages")
    response = await web.post()
    assert (response.status_code, b"+OK" in response.content, response.headers["retry-after"]) == (503, False, "60")


@pytest.mark.parametrize(
    ("host", "status"), [("203.0.113.7", 200), ("::ffff:203.0.113.7", 200), ("198.51.100.1", 404), ("", 404)]
)
async def test_only_allowed_addresses_may_hand_in(web: WebSide, host: str, status: int) -> None:
    web.gate = Gate([], [ip_network("203.0.113.0/24")])
    assert (await web.post(host=host)).status_code == status


@pytest.mark.parametrize(
    ("path", "host", "reason"),
    [("/webhook/sms/old", "203.0.113.7", WRONG_TOKEN), ("/webhook/sms", "203.0.113.7", MISSING_TOKEN),
     ("/webhook/sms/right", "198.51.100.1", NOT_ALLOWED)],
)  # fmt: skip
async def test_a_refused_call_leaves_a_warning_and_a_figure_and_no_token(
    web: WebSide, path: str, host: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    web.gate = Gate(["right"], [ip_network("203.0.113.0/24")])
    for _ in range(3):
        await web.post(path=path, host=host)
    assert [record.getMessage() for record in caplog.records] == [f"requests refused reason={reason} count=1"]
    assert f'responder_requests_refused_total{{reason="{reason}"}} 3.0' in (await web.get("/metrics")).text


@pytest.mark.parametrize("missing", ["originator", "destination"])
async def test_a_request_without_an_end_is_kept_as_malformed(web: WebSide, missing: str) -> None:
    assert (await web.post(with_(**{missing: ""}))).content == b"+OK"
    [row] = await stored(web)
    assert (row.status, row.raw.decode()) == ("malformed", with_(**{missing: ""}))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b'{"originator": "+393301234567"}', "application/json"),
        (b"no boundary", "multipart/form-data"),
        (b"--b\r\nbroken", "multipart/form-data; boundary=b"),
        (b"%%%=%zz&&&==", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_is_no_message_is_kept_and_never_an_error(
    web: WebSide, body: bytes, content_type: str
) -> None:
    response = await web.post(body, headers={"content-type": content_type})
    assert response.content == b"+OK"
    assert [(row.status, row.raw) for row in await stored(web)] == [("malformed", body)]


async def test_the_first_of_a_repeated_field_counts_whatever_its_case(web: WebSide) -> None:
    await web.post(with_().replace("originator=", "Originator=") + "&originator=%2B390000000000&text=second")
    assert [(row.originator, row.text) for row in await stored(web)] == [("+393301234567", "News ON")]


async def test_fields_of_the_query_do_not_count(web: WebSide) -> None:
    await web.post(path="/webhook/sms?text=query&originator=%2B390000000000")
    assert [row.text for row in await stored(web)] == ["News ON"]


async def test_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_taken(web: WebSide) -> None:
    room = 64 * 1024 - len(with_(text=""))
    assert (await web.post(with_(text="x" * room))).content == b"+OK"
    assert (await web.post(with_(text="x" * (room + 1)))).status_code == 413


class StumblingGateway(AgileTelecom):
    """Reads nothing, and says so with an exception that nobody thought of."""

    def read_inbound(self, posted: Posted) -> Events:
        raise KeyError(posted.form["text"])

    def read_reports(self, posted: Posted) -> Events:
        return self.read_inbound(posted)


@pytest.mark.parametrize(("path", "what"), [("/webhook/sms", "message"), ("/webhook/delivery", "reports")])
async def test_what_the_gateways_code_stumbles_over_is_refused_counted_and_logged_without_its_content(
    web: WebSide, caplog: pytest.LogCaptureFixture, path: str, what: str
) -> None:
    caplog.set_level("INFO")
    web.gateway = StumblingGateway(secret=web.store.secret, zone=ZoneInfo("Europe/Rome"))
    response = await web.post(VECTOR_1, path)
    assert (response.status_code, response.text) == (400, "this cannot be read\n")
    assert await stored(web) == []
    assert web.refusals.totals == {f"unreadable {what} (KeyError)": 1}
    assert f"requests refused reason=unreadable {what} (KeyError) count=1" in caplog.text
    assert "News ON" not in caplog.text


async def test_a_probe_stores_nothing(web: WebSide) -> None:
    response = await web.get("/webhook/sms")
    assert (response.status_code, b"+OK" in response.content) == (405, False)
    assert await stored(web) == []


async def test_a_hundred_deliveries_at_once_are_one_message(web: WebSide) -> None:
    answers = await asyncio.gather(*(web.post() for _ in range(100)))
    assert {answer.content for answer in answers} == {b"+OK"}
    assert len(await stored(web)) == 1


async def test_no_token_is_told_from_another_by_time(web: WebSide) -> None:
    gate = Gate(["a" * 64], [])

    def took(token: str) -> float:
        began = time.perf_counter()
        for _ in range(2000):
            gate.refusal(token, "127.0.0.1")
        return time.perf_counter() - began

    assert gate.refusal("b" * 64, "127.0.0.1") == WRONG_TOKEN
    fastest = {token: min(took(token) for _ in range(5)) for token in ("a" * 63 + "b", "b" * 64)}
    assert max(fastest.values()) < 3 * min(fastest.values())
