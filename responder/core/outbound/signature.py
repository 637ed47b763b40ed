"""Signatures of webhook calls: Standard Webhooks 1.0.0, scheme v1."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret (Standard Webhooks 1.0.0)
EXPECTED = f"expected '{PREFIX}' and then {SHORTEST} to {LONGEST} random bytes in base64"


def decode_secret(secret: str) -> bytes:
    """The bytes of a webhook's secret; the ValueError says what is expected, never the secret.

    >>> decode_secret("whsec_c2l4dGVlbiBieXRlcyBhcmUgdG9vIGZldw==")
    b'sixteen bytes are too few'
    """
    if not secret.startswith(PREFIX):
        raise ValueError(f"the secret does not start with '{PREFIX}', {EXPECTED}")
    encoded = secret.removeprefix(PREFIX).rstrip("=")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the secret is not base64, {EXPECTED}") from None
    if not SHORTEST <= len(decoded) <= LONGEST:
        raise ValueError(f"the secret has {len(decoded)} bytes, {EXPECTED}")
    return decoded


def sign(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The signatures of a body, one for each secret, so that a receiver can change its secret."""
    if "." in message_id:
        raise ValueError("the id of a webhook call holds a dot, which would make what is signed ambiguous")
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    digests = (hmac.digest(decode_secret(secret), signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def webhook_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt, all with the same id; without secrets nothing is signed."""
    headers = {"content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secrets:
        headers["webhook-signature"] = sign(secrets, message_id, timestamp, body)
    return headers
