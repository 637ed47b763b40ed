"""Opt-outs that no text made by itself, by a person of ours or by the gateway; and which numbers are silent."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from typing import Any

from sqlalchemy import ColumnElement, Select, case, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.ledger import number_hash
from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.message import Order
from responder.store.base.database import Database
from responder.store.base.locking import let_go, move_revisions
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import MALFORMED, contacts, erased, messages, steps, subscriptions
from responder.store.consent.ledger import EventRow, append, event_row
from responder.store.queue.ending import end_waiting
from responder.store.queue.entering import announce_consent


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """An opt-out by a person of ours or the gateway, as of a moment by our clock.

    ``order`` is that of the text it rests on, if it rests on one.
    """

    by_hand_at: datetime
    proof: Mapping[str, Any]
    order: Order | None = None

    @property
    def said_at(self) -> datetime:
        return self.order.at if self.order else self.by_hand_at


async def stop(connection: AsyncConnection, originator: str, said: Stop, now: datetime) -> list[EventRow]:
    """Opt a number out in the caller's transaction; the events for the ledger, each with its proof.

    The contact has to be the caller's already; a list about which a newer word was said stays as it is.
    """
    was = await _lists_before(connection, originator, said)
    text = {"consent_at": said.order.at, "consent_seq": said.order.seq} if said.order else {}
    state = {"opted_out": True, "by_hand_at": latest(contacts.c.by_hand_at, said.by_hand_at), **text}
    await connection.execute(update(contacts).where(contacts.c.originator == originator).values(state))
    await end_waiting(connection, {originator: said.order}, now)
    for name, status in was.items():
        mine = (subscriptions.c.originator == originator) & (subscriptions.c.list == name)
        left: dict[str, Any] = {
            "status": "unsubscribed",
            "since": said.said_at,
            "taken_by_stop": status == SubscriptionStatus.SUBSCRIBED,
        }
        order = {"order_at": said.order.at, "order_seq": said.order.seq} if said.order else {}
        by_hand_at = latest(subscriptions.c.by_hand_at, said.by_hand_at)
        await connection.execute(update(subscriptions).where(mine).values(by_hand_at=by_hand_at, **left, **order))
    proof = {"at": said.said_at, "recorded_at": now, "originator": originator, **said.proof}
    return [event_row(event="opt_out", list=name, **proof) for name in (None, *was)]


def latest(column: ColumnElement[Any], at: Any) -> ColumnElement[Any]:  # noqa: ANN401  (a moment or a column)
    """The later of what stands there and a moment, in SQL of both databases."""
    return case((column > at, column), else_=at)


async def _lists_before(connection: AsyncConnection, originator: str, said: Stop) -> dict[str, str]:
    """The lists that the number is on by an older word, with the status of each."""
    theirs = (subscriptions.c.originator == originator) & (subscriptions.c.status != SubscriptionStatus.UNSUBSCRIBED)
    query = select(subscriptions, messages.c.received_at).outerjoin(
        messages, messages.c.seq == subscriptions.c.order_seq
    )
    rows = (await connection.execute(query.where(theirs).order_by(subscriptions.c.list))).all()
    return {row.list: row.status for row in rows if not _is_newer(row, said)}


def _is_newer(row: Row[Any], said: Stop) -> bool:
    """Whether a list was joined after an opt-out: by a newer text, or by anything later if it has none."""
    if said.order:
        return row.order_at is not None and Order(row.order_at, row.order_seq) > said.order
    return any(at is not None and at > said.by_hand_at for at in (row.received_at, row.by_hand_at))


REFUSAL = "gateway_refusal"  # the channel


async def opt_out_upstream(
    connection: AsyncConnection, database: Database, refused: Mapping[str, str], now: datetime
) -> list[EventRow]:
    """Opt out whom these texts were for, and give the events for the ledger; ``refused`` has the reasons.

    A START of a number's own stands that came after the text was written.
    """
    originators = {row.originator for row in await _texts(connection, refused)}
    await move_revisions(connection, database.insert, originators)
    ours = await _texts(connection, refused)  # a number may have been erased before its contact was ours
    await let_go(connection, originators - {row.originator for row in ours})
    events: list[EventRow] = []
    for row in ours:
        if not await _has_spoken_since(connection, row.originator, row.created_at):
            proof = {"channel": REFUSAL, "reason": refused[row.key], "message_key": row.message_key}
            events += await stop(connection, row.originator, Stop(by_hand_at=row.created_at, proof=proof), now)
    return events


async def _texts(connection: AsyncConnection, keys: Collection[str]) -> Sequence[Row[Any]]:
    query: Select[Any] = select(steps.c.key, steps.c.originator, steps.c.message_key, steps.c.created_at)
    query = query.where(steps.c.key.in_(keys), steps.c.originator != "").order_by(steps.c.originator)
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def _has_spoken_since(connection: AsyncConnection, originator: str, written_at: datetime) -> bool:
    """Whether the number has opted out already, or has said START since a text to it was written. Our clock counts."""
    query = select(contacts.c.opted_out, messages.c.received_at).outerjoin(
        messages, messages.c.seq == contacts.c.consent_seq
    )
    contact = (await connection.execute(query.where(contacts.c.originator == originator))).one()
    return contact.opted_out or (contact.received_at is not None and contact.received_at > written_at)


async def opt_out(
    database: Database,
    secret: bytes,
    originator: str,
    *,
    reason: str,
    operator: str,
    now: datetime,
    notify: Collection[str] = (),
) -> bool:
    """Let a number be texted no more, as its own STOP would; gives whether that is news."""
    async with database.write() as connection:
        await move_revisions(connection, database.insert, [originator])
        done = (
            update(contacts)
            .where(contacts.c.originator == originator)
            .values(by_hand_at=latest(contacts.c.by_hand_at, now))
        )
        if (await connection.execute(done.returning(contacts.c.opted_out))).scalar_one():
            return False
        proof = {"operator": operator, "reason": reason or None}
        events = await append(
            connection, await stop(connection, originator, Stop(by_hand_at=now, proof=proof), now), secret
        )
        await announce_consent(connection, events, notify, now)
    return True


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
