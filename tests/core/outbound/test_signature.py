import base64
import hashlib
import hmac
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from responder.core.outbound.leaving import decode_secret, sign, webhook_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()

any_text = st.text(st.characters(exclude_categories=["Cs"]))


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    signature = sign([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=any_text)
@settings(max_examples=300, deadline=None)
def test_the_independent_verifier_accepts_whatever_is_signed(body: str) -> None:
    data = json.dumps({"text": body}, ensure_ascii=False).encode()
    headers = webhook_headers([SECRET], "a1b2-1", int(time.time()), data)
    assert Webhook(SECRET).verify(data, headers) == {"text": body}


@given(body=st.binary(), timestamp=st.integers(0, 2**33), secret=st.binary(min_size=24, max_size=64))
@settings(max_examples=300, deadline=None)
def test_an_hmac_of_our_own_agrees_on_any_bytes(body: bytes, timestamp: int, secret: bytes) -> None:
    expected = hmac.new(secret, b"key-1." + str(timestamp).encode() + b"." + body, hashlib.sha256).digest()
    encoded = "whsec_" + base64.b64encode(secret).decode()
    assert sign([encoded], "key-1", timestamp, body) == "v1," + base64.b64encode(expected).decode()


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_while_a_secret_is_changed_both_the_old_and_the_new_one_verify(secret: str) -> None:
    headers = webhook_headers([SECRET, OTHER], "a1b2-1", int(time.time()), b"{}")
    assert Webhook(secret).verify(b"{}", headers) == {}


def test_a_body_that_was_changed_on_the_way_is_not_accepted() -> None:
    headers = webhook_headers([SECRET], "a1b2-1", int(time.time()), b'{"a": 1}')
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b'{"a": 2}', headers)


def test_each_attempt_has_the_same_id_and_its_own_time() -> None:
    first, second = (webhook_headers([SECRET], "a1b2-1", timestamp, b"{}") for timestamp in (100, 200))
    assert (first["webhook-id"], first["webhook-timestamp"]) == ("a1b2-1", "100")
    assert (second["webhook-id"], second["webhook-timestamp"]) == ("a1b2-1", "200")


def test_without_a_secret_a_call_is_not_signed() -> None:
    assert "webhook-signature" not in webhook_headers([], "a1b2-1", 100, b"{}")


def test_an_id_with_a_dot_is_refused() -> None:
    with pytest.raises(ValueError, match="a dot"):
        sign([SECRET], "a.b", 100, b"{}")


def test_a_secret_without_its_padding_is_the_same_secret() -> None:
    assert decode_secret(OTHER.rstrip("=")) == bytes(range(32))


@pytest.mark.parametrize(
    ("secret", "wrong"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not start with 'whsec_'"),
        ("whsec_not base64 at all, is it?", "is not base64"),
        ("whsec_pässwörd", "is not base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "has 23 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "has 65 bytes"),
        ("whsec_", "has 0 bytes"),
    ],
)
def test_what_is_no_secret_is_refused_with_what_is_expected(secret: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=f"{wrong}, expected 'whsec_' and then 24 to 64 random bytes in base64"):
        decode_secret(secret)


def test_the_error_does_not_show_the_secret() -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        decode_secret("hunter2hunter2")
    assert "hunter2" not in str(caught.value)
