"""Requests that are carried out once, however often they are made under one key."""

import hashlib
import hmac

from responder.core.operations.pages import Repeat
from responder.desk.desk import Desk, Invalid
from responder.store.operations import repeats

KEY_IN_USE = "Idempotency-Key: a request with this key is under way"
USED_OTHERWISE = "Idempotency-Key: this key was used for another request, take a new one"


async def begin_request(desk: Desk, key: str, request: str) -> Repeat | None:
    """Note that a request begins; gives the one that began before under this key. Raises Invalid if it differs."""
    digest = _digest(desk, f"idempotent request:{request}")
    before = await repeats.begin(desk.database, _name(desk, key), digest, desk.clock())
    if before is not None and not hmac.compare_digest(before.digest, digest):
        raise Invalid(USED_OTHERWISE)
    return before


async def end_request(desk: Desk, key: str, subject: str) -> None:
    """Note that a request was carried out, and what it was about."""
    await repeats.end(desk.database, _name(desk, key), subject)


async def drop_request(desk: Desk, key: str) -> None:
    """Forget a request that was not carried out, so that it may be made again."""
    await repeats.drop(desk.database, _name(desk, key))


def _name(desk: Desk, key: str) -> str:
    return _digest(desk, f"idempotency key:{key}")


def _digest(desk: Desk, text: str) -> str:
    return hmac.digest(desk.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
