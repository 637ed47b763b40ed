"""Which numbers were erased, by their keyed hashes, which are silent, and where one stands that was never read."""

import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.ledger import number_hash
from responder.store.base.database import Database
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import MALFORMED, erased, messages


async def silent_among(
    connection: AsyncConnection, secret: bytes, originators: Collection[str], known: Iterable[Row[*tuple[Any, ...]]]
) -> frozenset[str]:
    """The numbers that said STOP, or were erased and have agreed to nothing since; ``known`` are their contacts."""
    known = list(known)
    erased_ones = (await erased_among(connection, secret, originators)).keys() - {
        row.originator for row in known if row.consent_at
    }
    return frozenset(erased_ones | {row.originator for row in known if row.opted_out})


_ANY_ERASED = kept(select(erased.c.number_hash).limit(1))


async def erased_among(connection: AsyncConnection, secret: bytes, originators: Collection[str]) -> dict[str, datetime]:
    """Which of the numbers were erased, and when."""
    if (await connection.execute(_ANY_ERASED)).first() is None:
        return {}
    hashes = {number_hash(secret, originator): originator for originator in originators}
    found = (await connection.execute(select(erased).where(erased.c.number_hash.in_(hashes)))).all()
    return {hashes[row.number_hash]: row.erased_at for row in found}


async def was_erased(database: Database, secret: bytes, number: str) -> bool:
    """Whether a number was erased, and has not come back since."""
    async with database.read() as connection:
        return bool(await erased_among(connection, secret, [number]))


async def misread(connection: AsyncConnection, number: str) -> list[int]:
    """The messages whose originator could not be read but whose raw form tells the number."""
    malformed = select(messages.c.seq, messages.c.raw).where(MALFORMED, messages.c.originator != number)
    async with connection.stream(malformed) as rows:
        return [row.seq async for row in rows if _tells(row.raw, number)]


def _tells(raw: bytes, number: str) -> bool:
    """Whether a form or a mail has the digits of a number, however written or encoded."""
    parts: list[Any] = []
    with suppress(
        MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError
    ):  # no mail, or a broken one
        parts = [part.get_payload(decode=True) for part in message_from_bytes(raw).walk() if not part.is_multipart()]
    digits = number.removeprefix("+").encode()
    return any(digits in re.sub(rb"\D", b"", part) for part in (raw, *parts) if isinstance(part, bytes))
