"""The credit that is left: where each API is asked, and every shape of answer."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from responder.core.outbound.gateway import Response
from responder.errors import AccessError, PermanentError, TransientError
from responder.gateways.agile import AgileTelecom, Api
from responder.gateways.agile.answers import credit_url

ROME = ZoneInfo("Europe/Rome")
AGILE = AgileTelecom(secret=b"", zone=ROME, api_key="ak_live_1")


def read(body: str, status: int = 200) -> Decimal:
    return AGILE.read_credit(Response(status=status, headers={}, body=body.encode()))


@pytest.mark.parametrize(
    ("api", "given", "asked"),
    [
        (Api.UNIVERSAL, None, "https://lora-api.agiletelecom.com/api/services/sms/credit"),
        (Api.LEGACY, None, "https://http-api.agiletelecom.com/services/sms/credit"),
        (Api.LEGACY, "https://secure.agiletelecom.com", "https://secure.agiletelecom.com/services/sms/credit"),
        (
            Api.LEGACY,
            "https://lora-api.agiletelecom.com/api",
            "https://lora-api.agiletelecom.com/api/services/sms/credit",
        ),
        (Api.UNIVERSAL, "http://127.0.0.1:9/send", "http://127.0.0.1:9/credit"),
    ],
)
def test_the_credit_is_asked_for_beside_the_place_that_replies_go_to(api: Api, given: str | None, asked: str) -> None:
    assert credit_url(api, given) == asked


def test_the_question_carries_the_key_and_no_body() -> None:
    call = AGILE.build_credit()
    assert call is not None
    assert (call.headers["x-api-key"], call.body) == ("ak_live_1", b"")


def test_without_a_key_there_is_no_question() -> None:
    assert AgileTelecom(secret=b"", zone=ROME).build_credit() is None


@pytest.mark.parametrize(
    ("body", "credit"),
    [
        ('{"credit": 10.324}', "10.324"),
        ('{"credit": 0}', "0"),
        ('{"credit": -1.5}', "-1.5"),
        ('{"credit": "7.00", "more": 1}', "7.00"),
        ('{"status": "success", "data": {"credit": 3}}', "3"),
    ],
)
def test_the_credit_is_read_however_it_is_written(body: str, credit: str) -> None:
    assert read(body) == Decimal(credit)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "10",
        "[]",
        "{}",
        '{"credit": null}',
        '{"credit": true}',
        '{"credit": "a lot"}',
        '{"credit": NaN}',
        '{"credit": 1e99}',
    ],
)
def test_an_answer_of_another_shape_has_no_credit(body: str) -> None:
    with pytest.raises(PermanentError, match="no credit in a form that is known"):
        read(body)


def test_a_refusal_of_all_of_us_is_told_with_its_remedy() -> None:
    with pytest.raises(AccessError, match="check RESPONDER_AGILE_API_KEY"):
        read("", 401)
    with pytest.raises(AccessError, match="allowlist"):
        read('{"status": "error", "code": 100}', 500)


@pytest.mark.parametrize("status", [429, 500, 503, 302, 400])
def test_any_other_answer_may_be_another_the_next_time(status: int) -> None:
    with pytest.raises(TransientError, match=f"HTTP {status}"):
        read('{"status": "error", "code": 9}', status)
