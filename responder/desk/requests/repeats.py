"""Requests that are carried out once, however often they are made under one key."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from responder.core.operations.pages import Repeat
from responder.desk.desk import Desk, Invalid
from responder.store.operations import repeats

R = TypeVar("R")
USED_OTHERWISE = "Idempotency-Key: this key was used for another request, take a new one"


class UnderWay(Exception):
    """A request with this key is being carried out."""


async def once(
    desk: Desk,
    key: str,
    request: str,
    carry_out: Callable[[Desk], Awaitable[R]],
    again: Callable[[Repeat], Awaitable[R]],
) -> R:
    """Carry a request out at a desk that marks it as done in the very transaction that does what it asks.

    One that was carried out before under its key is answered ``again``, by what it was about. Raises Invalid if that
    was another request, and UnderWay.
    """
    digest = _digest(desk, f"idempotent request:{request}")
    begun = await repeats.begin(desk.database, _digest(desk, f"idempotency key:{key}"), digest, desk.clock())
    if isinstance(begun, Repeat):
        if not hmac.compare_digest(begun.digest, digest):
            raise Invalid(USED_OTHERWISE)
        if not begun.is_done:
            raise UnderWay
        return await again(begun)
    async with _dropped_if_not_done(desk, begun):
        answer = await carry_out(replace(desk, database=desk.database.that_also(begun.mark)))
    await repeats.end(desk.database, begun)
    return answer


@asynccontextmanager
async def _dropped_if_not_done(desk: Desk, begun: repeats.Begun) -> AsyncIterator[None]:
    try:
        yield
    except repeats.TakenOver:
        raise UnderWay from None
    except BaseException:
        await repeats.drop(desk.database, begun)
        raise


def _digest(desk: Desk, text: str) -> str:
    return hmac.digest(desk.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
