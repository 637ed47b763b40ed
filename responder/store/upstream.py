"""Numbers that the gateway refuses since they are blocked there: they have opted out upstream, and are texted no more from here either."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.announcing import announce_consent
from responder.store.database import Database
from responder.store.ledger import EventRow, append
from responder.store.revisions import move_revisions
from responder.store.stopping import Stop, stop
from responder.store.tables import contacts, messages, steps

REFUSAL = "gateway_refusal"  # the channel


async def opt_out_upstream(
    connection: AsyncConnection, database: Database, secret: bytes, refused: Mapping[str, str], *, now: datetime, tell: Collection[str]
) -> None:
    """Record, in the caller's transaction, that whom these texts were for has opted out, and tell webhooks; ``refused`` gives the reason of each.

    A START of a number's own stands that came after the text was written.
    """
    query = select(steps.c.key, steps.c.originator, steps.c.message_key, steps.c.created_at)
    query = query.where(steps.c.key.in_(refused), steps.c.originator != "").order_by(steps.c.originator)
    events: list[EventRow] = []
    for row in (await connection.execute(query)).all():
        await move_revisions(connection, database.insert, [row.originator])
        if not await _has_spoken_since(connection, row.originator, row.created_at):
            proof = {"channel": REFUSAL, "reason": refused[row.key], "message_key": row.message_key}
            events += await stop(connection, row.originator, Stop(by_hand_at=row.created_at, proof=proof), now)
    await announce_consent(connection, await append(connection, events, secret), tell, now)


async def _has_spoken_since(connection: AsyncConnection, originator: str, written_at: datetime) -> bool:
    """Whether the number has opted out already, or has said START since a text to it was written; both by our clock."""
    query = select(contacts.c.opted_out, messages.c.received_at).outerjoin(messages, messages.c.seq == contacts.c.consent_seq)
    contact = (await connection.execute(query.where(contacts.c.originator == originator))).one()
    return contact.opted_out or (contact.received_at is not None and contact.received_at > written_at)
