import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from responder.core.effects import Purpose, Step, StepKind
from responder.core.gateway import Call, Response
from responder.errors import PermanentError, ResponderError, TransientError, UncertainError
from responder.gateways.agile import UNIVERSAL_URL, AgileTelecom

ROME = ZoneInfo("Europe/Rome")
AGILE = AgileTelecom(secret=b"", zone=ROME, api_key="ak_live_1")
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
    return Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body)


def outcome(answer: Response) -> ResponderError:
    with pytest.raises(ResponderError) as caught:
        AGILE.read_response(answer)
    return caught.value


def test_without_an_api_key_a_reply_is_simulated() -> None:
    assert AgileTelecom(secret=b"", zone=ROME).build_outbound(STEP) is None


def test_a_reply_goes_to_the_universal_api_under_the_key_of_its_step() -> None:
    call = built(AGILE)
    assert (call.url, call.headers["x-api-key"], call.headers["content-type"]) == (UNIVERSAL_URL, "ak_live_1", "application/json")
    assert json.loads(call.body) == {
        "destination": "+393301234567",
        "sender": "+393331234333",
        "body": "Perché {no}? ☕",
        "messageId": "a1b2c3-1",
        "enableNotification": True,
        "skipRcsOverride": True,
    }


def test_the_body_is_plain_ascii_so_that_no_charset_can_be_mistaken() -> None:
    assert built(AGILE).body.isascii()


def test_a_sender_of_our_own_replaces_the_number_that_was_texted() -> None:
    assert json.loads(built(AgileTelecom(secret=b"", zone=ROME, api_key="k", sender="AcmeShop")).body)["sender"] == "AcmeShop"


def test_neither_key_nor_number_nor_text_is_in_the_representation_of_a_call() -> None:
    shown = repr(built(AGILE))
    assert not any(secret in shown for secret in ("ak_live", "3933", "Perch"))


@pytest.mark.parametrize(("name", "theirs"), [("accepted.json", "f47ac10b-58cc-4372-a567-0e02b2c3d479"), ("accepted_list.json", "msg_1234567890")])
def test_an_accepted_message_has_their_id(name: str, theirs: str) -> None:
    assert AGILE.read_response(response(name)) == theirs


def test_an_accepted_message_may_have_no_id() -> None:
    assert AGILE.read_response(response(b'{"accepted": true}', 202)) is None


def test_a_message_is_accepted_only_if_its_own_result_says_so() -> None:
    assert isinstance(outcome(response("refused_opted_out.json")), PermanentError)


CERTAINLY_NOT_TAKEN = [
    response("too_many_requests.json", 429),
    response(b"", 429),
    response("server_error.json", 503),
    response(b"", 503, retry_after="3"),
    response("throttled_route.json"),
    response(b'{"results": [{"accepted": false, "statusCode": 500}]}'),
]
REFUSED = [
    *(response(b"", status) for status in (400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 301, 307, 308)),
    *(response("insufficient_credit.json", status) for status in (200, 400, 402, 500, 503)),
    response("refused.json"),
    response("refused_opted_out.json"),
    response(b'{"accepted": false}'),
    response(b'{"results": {"accepted": false, "reasons": []}}', 500),
]
UNCERTAIN = [
    *(response(b"", status) for status in (408, 409, 500, 502, 503, 504, 302, 303)),
    response("server_error.json", 500),
    response("server_error.json", 200),
    *(response("server_timeout.json", status) for status in (200, 400, 500, 503)),
    response(b'{"accepted": true}', 500),
    response("no_word_on_acceptance.json"),
    *(response(body) for body in (b"", b"OK", b"{}", b"[]", b"null", b'{"accepted": "true"}', b'{"results": []}', b'{"results": null}')),
    *(response(body) for body in (b"[" * 60_000, b'{"a":' * 10_000, b'{"accepted": true', b"\xff\xfe", b"9" * 5000, b'{"results": [[1], 2, null]}')),
]


@pytest.mark.parametrize("answer", CERTAINLY_NOT_TAKEN)
def test_what_was_certainly_not_taken_may_be_tried_again(answer: Response) -> None:
    assert isinstance(outcome(answer), TransientError)


@pytest.mark.parametrize("answer", REFUSED)
def test_what_was_refused_is_given_up(answer: Response) -> None:
    assert isinstance(outcome(answer), PermanentError)


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


@pytest.mark.parametrize("answer", [*CERTAINLY_NOT_TAKEN, *REFUSED, *UNCERTAIN])
def test_no_error_repeats_a_number_or_a_text(answer: Response) -> None:
    assert not any(part in str(outcome(answer)) for part in ("3933", "Welcome"))
