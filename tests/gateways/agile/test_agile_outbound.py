import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from responder.core.contact.effects import Purpose, Step, StepKind
from responder.core.outbound.gateway import Call, Response, Taken
from responder.errors import AccessError, BlockedError, PermanentError, ResponderError, TransientError, UncertainError
from responder.gateways.agile import AgileTelecom, Api
from responder.gateways.agile.answers import TABLE, Row, Said
from responder.gateways.agile.messages import SEND_URLS

ROME = ZoneInfo("Europe/Rome")
AGILE = AgileTelecom(secret=b"", zone=ROME, api_key="ak_live_1")
LEGACY = AgileTelecom(secret=b"", zone=ROME, api_key="ak_live_1", api=Api.LEGACY)
STEP = Step(
    key="a1b2c3-1",
    message_key="a1b2c3",
    kind=StepKind.REPLY,
    originator="+393301234567",
    to="+393301234567",
    sender="+393331234333",
    content="Perché {no}? ☕",
    purpose=Purpose.ANSWER,
    segments=1,
    expires_at=None,
)


def built(gateway: AgileTelecom) -> Call:
    call = gateway.build_outbound(STEP)
    assert call is not None
    return call


def response(body: bytes | str, status: int = 200, **headers: str) -> Response:
    if isinstance(body, str):
        body = Path(__file__).with_name(body).read_bytes()
    return Response(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body
    )


def outcome(answer: Response) -> ResponderError:
    with pytest.raises(ResponderError) as caught:
        AGILE.read_response(answer)
    return caught.value


def test_without_an_api_key_a_reply_is_simulated() -> None:
    assert AgileTelecom(secret=b"", zone=ROME).build_outbound(STEP) is None


def test_a_reply_goes_to_the_universal_api_under_the_key_of_its_step() -> None:
    call = built(AGILE)
    assert (call.url, call.headers["x-api-key"], call.headers["content-type"]) == (
        SEND_URLS[Api.UNIVERSAL],
        "ak_live_1",
        "application/json",
    )
    assert json.loads(call.body) == {
        "destination": "+393301234567",
        "sender": "+393331234333",
        "body": "Perché {no}? ☕",
        "messageId": "a1b2c3-1",
        "enableNotification": True,
        "skipRcsOverride": True,
    }


def test_a_reply_goes_to_the_legacy_api_under_the_key_of_its_step_twice() -> None:
    call = built(LEGACY)
    assert (call.url, call.headers["x-api-key"], call.headers["content-type"]) == (
        SEND_URLS[Api.LEGACY],
        "ak_live_1",
        "application/json",
    )
    message = {
        "destinations": ["+393301234567"],
        "ids": ["a1b2c3-1"],
        "sender": "+393331234333",
        "body": "Perché {no}? ☕",
    }
    assert json.loads(call.body) == {"globalId": "a1b2c3-1", "enableDelivery": True, "messages": [message]}


@pytest.mark.parametrize(
    ("api", "given", "url"),
    [
        (Api.LEGACY, None, "https://http-api.agiletelecom.com/services/sms/send"),
        (Api.LEGACY, "https://wholesale.agiletelecom.com", "https://wholesale.agiletelecom.com/services/sms/send"),
        (Api.LEGACY, "https://secure.agiletelecom.com/services/", "https://secure.agiletelecom.com/services/sms/send"),
        (
            Api.LEGACY,
            "https://lora-api.agiletelecom.com/api",
            "https://lora-api.agiletelecom.com/api/services/sms/send",
        ),
        (
            Api.LEGACY,
            "https://lora-api.agiletelecom.com/api/services/sms/send",
            "https://lora-api.agiletelecom.com/api/services/sms/send",
        ),
        (Api.UNIVERSAL, None, "https://lora-api.agiletelecom.com/api/message-server/sms/send"),
        (Api.UNIVERSAL, "http://127.0.0.1:9/", "http://127.0.0.1:9/api/message-server/sms/send"),
        (
            Api.UNIVERSAL,
            "https://eu.example.com/api/message-server",
            "https://eu.example.com/api/message-server/sms/send",
        ),
        (Api.UNIVERSAL, "https://proxy.example.com/send", "https://proxy.example.com/send"),
    ],
)
def test_the_address_may_be_whole_or_a_beginning(api: Api, given: str | None, url: str) -> None:
    assert built(AgileTelecom(secret=b"", zone=ROME, api_key="k", api=api, url=given)).url == url


def test_the_body_is_plain_ascii_so_that_no_charset_can_be_mistaken() -> None:
    assert built(AGILE).body.isascii()


def test_a_sender_of_our_own_replaces_the_number_that_was_texted() -> None:
    assert (
        json.loads(built(AgileTelecom(secret=b"", zone=ROME, api_key="k", sender="AcmeShop")).body)["sender"]
        == "AcmeShop"
    )


def test_neither_key_nor_number_nor_text_is_in_the_representation_of_a_call() -> None:
    shown = repr(built(AGILE))
    assert not any(secret in shown for secret in ("ak_live", "3933", "Perch"))


@pytest.mark.parametrize(
    ("name", "theirs", "segments"),
    [
        ("accepted.json", "f47ac10b-58cc-4372-a567-0e02b2c3d479", 1),
        ("accepted_list.json", "msg_1234567890", None),
        ("legacy_accepted.json", "msg_abc123", None),
        ("legacy_processed.json", None, 1),
    ],
)
def test_an_accepted_message_has_their_id_and_the_segments_that_they_counted(
    name: str, theirs: str | None, segments: int | None
) -> None:
    assert AGILE.read_response(response(name)) == Taken(gateway_id=theirs, segments=segments)


@pytest.mark.parametrize(
    "data", [{"globalId": "g", "processedMessages": 1}, {"results": [{"id": "msg_1", "accepted": True}]}]
)
def test_an_answer_may_be_wrapped_as_jsend_wraps_it(data: object) -> None:
    AGILE.read_response(response(json.dumps({"status": "success", "data": data}).encode()))
    refusal = outcome(response(json.dumps({"status": "fail", "data": {"code": 4, "message": "no"}}).encode(), 400))
    assert "the destination is no number" in str(refusal)


def test_an_accepted_message_may_have_no_id() -> None:
    assert AGILE.read_response(response(b'{"accepted": true}', 202)) == Taken()


def test_a_message_is_accepted_only_if_its_own_result_says_so() -> None:
    assert isinstance(outcome(response("refused_opted_out.json")), PermanentError)


def answer_of(row: Row) -> Response:
    """An answer that is of no other row's shape."""
    match row.said:
        case Said.RESULT:
            return response(json.dumps({"results": [{"accepted": False, "statusCode": row.number}]}).encode())
        case Said.CODE:
            return response(json.dumps({"status": "error", "message": "no", "code": row.number}).encode(), 500)
        case Said.BUSY:
            return response(b"", row.number, retry_after="3")
        case Said.HTTP:
            return response(b"<html>", row.number)
        case Said.HUNDRED:
            return response(b"", row.number * 100 + 77)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccessError), (404, AccessError), (429, TransientError), (400, PermanentError), (200, PermanentError)],
)
def test_a_refusal_without_a_number_is_what_the_http_status_says_of_it(
    status: int, error: type[ResponderError]
) -> None:
    assert type(outcome(response(b'{"accepted": false, "message": "Unauthorized"}', status))) is error


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.said.name}-{row.number}")
def test_each_row_of_the_table_is_found_by_its_answer(row: Row) -> None:
    error = outcome(answer_of(row))
    assert (type(error), str(error).startswith(row.words)) == (row.error, True)


def test_each_row_of_the_table_has_its_reason() -> None:
    assert [row for row in TABLE if not row.why or not row.words] == []
    assert len({(row.said, row.number) for row in TABLE}) == len(TABLE)


def test_every_documented_number_has_a_row() -> None:
    numbers = {said: {row.number for row in TABLE if row.said is said} for said in Said}
    assert {1, 2, 4, 6, 7, 9, 10, 11, 13, 14, 15, 18, 20, 21, 22, 23, 24, 100} <= numbers[Said.CODE]
    assert {400, 401, 402, 403, 429, 500} <= numbers[Said.RESULT]
    assert {400, 401, 402, 403, 404, 408, 413, 415, 422, 429} <= numbers[Said.HTTP]


CERTAINLY_NOT_TAKEN = [
    response("too_many_requests.json", 429),
    response(b"", 429),
    response("server_error.json", 503),
    response(b"", 503, retry_after="3"),
    response("throttled_route.json"),
    response(b'{"results": [{"accepted": false, "statusCode": 500}]}'),
]
ALL_OF_US_REFUSED = [
    *(response(b"", status) for status in (401, 402, 403, 404, 405, 410, 415, 301, 307, 308)),
    *(response("insufficient_credit.json", status) for status in (200, 400, 402, 500, 503)),
    *(
        response(name, status)
        for name in ("wrong_credentials.json", "address_not_allowed.json")
        for status in (200, 400, 401, 500)
    ),
    response(b'{"results": [{"accepted": false, "statusCode": "402"}]}'),
]
REFUSED = [
    *(response(b"", status) for status in (400, 413, 418, 422)),
    *(response("sender_not_allowed.json", status) for status in (200, 400, 500)),
    response("refused.json"),
    response("refused_opted_out.json"),
    response(b'{"accepted": false}'),
    response(b'{"results": {"accepted": false, "reasons": []}}', 500),
    response("legacy_partly_accepted.json"),
]
UNCERTAIN = [
    *(response(b"", status) for status in (408, 409, 500, 502, 503, 504, 302, 303)),
    response("server_error.json", 500),
    response("server_error.json", 200),
    *(response("server_timeout.json", status) for status in (200, 400, 500, 503)),
    response(b'{"accepted": true}', 500),
    response("no_word_on_acceptance.json"),
    response("legacy_none_processed.json"),
    response("legacy_processed.json", 500),
    *(
        response(body)
        for body in (
            b"",
            b"OK",
            b"{}",
            b"[]",
            b"null",
            b'{"accepted": "true"}',
            b'{"results": []}',
            b'{"results": null}',
        )
    ),
    *(
        response(body)
        for body in (
            b"[" * 60_000,
            b'{"a":' * 10_000,
            b'{"accepted": true',
            b"\xff\xfe",
            b"9" * 5000,
            b'{"results": [[1], 2, null]}',
        )
    ),
]


@pytest.mark.parametrize("answer", CERTAINLY_NOT_TAKEN)
def test_what_was_certainly_not_taken_may_be_tried_again(answer: Response) -> None:
    assert isinstance(outcome(answer), TransientError)


@pytest.mark.parametrize("answer", REFUSED)
def test_what_was_refused_is_given_up(answer: Response) -> None:
    assert isinstance(outcome(answer), PermanentError)


@pytest.mark.parametrize("answer", ALL_OF_US_REFUSED)
def test_what_is_refused_to_all_of_us_is_kept(answer: Response) -> None:
    assert isinstance(outcome(answer), AccessError)


@pytest.mark.parametrize("answer", UNCERTAIN)
def test_what_may_have_been_taken_is_uncertain(answer: Response) -> None:
    assert isinstance(outcome(answer), UncertainError)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (response("too_many_requests.json", 429), 12),
        (response("too_many_requests.json", 429, retry_after="60"), 60),
        (response("too_many_requests.json", 429, retry_after="5"), 12),
        (response(b"", 503, retry_after="Wed, 08 Apr 2026 12:02:00 GMT", date="Wed, 08 Apr 2026 12:00:00 GMT"), 120),
        (response(b'{"retryAfter": 1e300}', 429), 86_400),
        (response(b'{"retryAfter": -1}', 429), None),
        (response(b'{"retryAfter": NaN}', 429), None),
        (response(b'{"retryAfter": "soon"}', 429), None),
    ],
)
def test_the_longest_wait_that_the_gateway_asks_for_is_passed_on(answer: Response, seconds: float | None) -> None:
    error = outcome(answer)
    assert isinstance(error, TransientError)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (response(b"", 401), "RESPONDER_AGILE_API_KEY"),
        (response(b"", 404), "RESPONDER_AGILE_URL"),
        (response("insufficient_credit.json", 500), "the credit is used up"),
        (response("refused.json"), "INVALID_DESTINATION"),
        (response("refused_opted_out.json"), "opted out at the gateway"),
        (response(b"", 500), "(HTTP 500)"),
    ],
)
def test_the_error_says_what_the_gateway_means_and_what_helps(answer: Response, words: str) -> None:
    assert words in str(outcome(answer))


@pytest.mark.parametrize("answer", [*CERTAINLY_NOT_TAKEN, *REFUSED, *ALL_OF_US_REFUSED, *UNCERTAIN])
def test_no_error_repeats_a_number_or_a_text(answer: Response) -> None:
    assert not any(part in str(outcome(answer)) for part in ("3933", "Welcome"))


FATES = {
    TransientError: "tried again",
    AccessError: "kept in the queue",
    PermanentError: "`dead`, with",
    BlockedError: "`dead`, with",
    UncertainError: "`uncertain` |",
}
LABELS = {
    Said.RESULT: "result {}",
    Said.CODE: "code {}",
    Said.BUSY: "HTTP {} with a time",
    Said.HTTP: "HTTP {}",
    Said.HUNDRED: "any other {}xx",
}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.said.name}-{row.number}")
def test_the_manual_tells_each_row(row: Row) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text()
    (line,) = (line for line in manual.splitlines() if line.startswith("| ") and FATES[row.error] in line)
    label = LABELS[row.said].format(row.number) if row.number else "any other result"
    assert re.search(rf"{re.escape(label)}[ ,]", line)
