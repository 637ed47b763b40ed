"""Numbers that the gateway refuses since they are blocked there: they have opted out upstream, and are texted no more from here either."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.base.database import Database
from responder.store.base.revisions import let_go, move_revisions
from responder.store.base.tables import contacts, messages, steps
from responder.store.consent.ledger import EventRow
from responder.store.consent.stopping import Stop, stop

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
    """Whether the number has opted out already, or has said START since a text to it was written; both by our clock."""
    query = select(contacts.c.opted_out, messages.c.received_at).outerjoin(
        messages, messages.c.seq == contacts.c.consent_seq
    )
    contact = (await connection.execute(query.where(contacts.c.originator == originator))).one()
    return contact.opted_out or (contact.received_at is not None and contact.received_at > written_at)
