"""Erasing a number: it and its texts leave every table; a keyed hash keeps it from being texted."""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, null, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.ledger import PERSONAL, number_hash
from responder.core.contact.effects import StepStatus
from responder.core.contact.reasons import because
from responder.core.sms.message import MessageStatus
from responder.store.base.database import Database
from responder.store.base.revisions import chunks, move_revisions
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import (
    MALFORMED,
    PAST,
    REPLIES,
    WAITING,
    WEBHOOK_CALLS,
    consent_events,
    contacts,
    erased,
    messages,
    metadata,
    steps,
)
from responder.store.consent.ledger import append, event_row

ERASED = because("erased")
KEPT = (messages, steps, consent_events)  # their rows stay, without what is personal: keys and the chain rest on them
EMPTIED = {"originator": "", "text": "", "raw": b"", "folded": None, "explanation": None}
UNSENT = (StepStatus.QUEUED, StepStatus.SENDING)


async def erase(database: Database, secret: bytes, number: str, operator: str, now: datetime) -> int:
    """Erase a number, and tell how many rows held it. It is not texted again before it says START."""
    insert = database.insert
    async with database.write() as connection:
        if database.is_sqlite:
            await connection.exec_driver_sql("PRAGMA secure_delete=ON")  # what is deleted is also overwritten
        row = {"number_hash": number_hash(secret, number), "erased_at": now}
        await connection.execute(
            insert(erased).on_conflict_do_update(index_elements=["number_hash"], set_={"erased_at": now}), [row]
        )
        await move_revisions(connection, insert, [number])  # what a worker commits at this moment is erased too
        revision = select(contacts.c.revision).where(contacts.c.originator == number)
        known = (await connection.execute(revision)).scalar_one() > 1
        events = select(consent_events.c.seq).where(consent_events.c.originator == number)
        covered = list((await connection.execute(events)).scalars())
        misunderstood = await _misunderstood(connection, number)
        found = len(misunderstood) + await _blank(connection, number, misunderstood, now)
        for table in holding_numbers():
            found += (await connection.execute(delete(table).where(table.c.originator == number))).rowcount
        await append(
            connection, [event_row(event="erased", at=now, operator=operator, erases=json.dumps(covered))], secret
        )
    if database.is_sqlite:
        await database.checkpoint()
    return found if known else found - 1


def holding_numbers() -> list[Table]:
    """The tables whose rows go with their originator."""
    return [table for table in metadata.sorted_tables if "originator" in table.c and table not in KEPT]


async def _blank(connection: AsyncConnection, number: str, misunderstood: Sequence[int], now: datetime) -> int:
    """Empty what is personal in the rows that stay, end what waits, and count the rows."""
    waits = {"status": MessageStatus.FAILED, "error": ERASED, "handled_at": now, "lease_owner": None}
    theirs = or_(*(and_(messages.c.originator == number, part) for part in (WAITING, PAST)))  # an index for each
    all_of_them = or_(theirs, messages.c.seq.in_(misunderstood))
    await connection.execute(select(messages.c.seq).where(all_of_them).order_by(messages.c.seq).with_for_update())
    for some in chunks(misunderstood):
        await connection.execute(update(messages).where(messages.c.seq.in_(some)).values(EMPTIED))
    await connection.execute(update(messages).where(theirs, messages.c.status == MessageStatus.RECEIVED).values(waits))
    # it may repeat a word
    await connection.execute(update(messages).where(theirs, messages.c.error.is_not(None)).values(error=ERASED))
    about = or_(*(and_(steps.c.originator == number, kind) for kind in (REPLIES, WEBHOOK_CALLS)))  # an index for each
    await connection.execute(select(steps.c.key).where(about).order_by(steps.c.key).with_for_update())
    unsent = {
        "status": StepStatus.SUPPRESSED,
        "last_error": ERASED,
        "next_attempt_at": None,
        "lease_owner": None,
        "updated_at": now,
    }
    await connection.execute(update(steps).where(about, steps.c.status.in_(UNSENT)).values(unsent))
    await connection.execute(update(steps).where(about, steps.c.recipient == number).values(recipient=""))
    emptied: list[tuple[Table, ColumnElement[bool], dict[str, Any]]] = [
        (messages, theirs, EMPTIED),
        (steps, about, {"originator": "", "content": ""}),
        (consent_events, consent_events.c.originator == number, dict.fromkeys((*PERSONAL, "salt"), null())),
    ]
    changes = [update(table).where(rows).values(values) for table, rows, values in emptied]
    return sum([(await connection.execute(change)).rowcount for change in changes])


async def _misunderstood(connection: AsyncConnection, number: str) -> list[int]:
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
