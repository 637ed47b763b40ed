"""Numbers that the gateway refuses since they are blocked there: they have opted out upstream, and are texted no more from here either."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.message import Order
from responder.store.announcing import announce_consent
from responder.store.database import Database
from responder.store.ledger import EventRow, append
from responder.store.revisions import move_revisions
from responder.store.subscribers import stop
from responder.store.tables import contacts, messages, steps

REFUSAL = "gateway_refusal"  # the channel


async def opt_out_upstream(
    connection: AsyncConnection, database: Database, secret: bytes, refused: Mapping[str, str], *, now: datetime, tell: Collection[str]
) -> None:
    """Record, in the caller's transaction, that whom these texts were for has opted out, and tell webhooks; ``refused`` gives the reason of each.

    A START of a number's own stands that came after the text was written.
    """
    columns = (steps.c.key, steps.c.originator, steps.c.message_key, steps.c.created_at, messages.c.seq)
    query = select(*columns).outerjoin(messages, messages.c.key == steps.c.message_key)
    query = query.where(steps.c.key.in_(refused), steps.c.originator != "").order_by(steps.c.originator)
    events: list[EventRow] = []
    for row in (await connection.execute(query)).all():
        await move_revisions(connection, database.insert, [row.originator])
        contact = (await connection.execute(select(contacts).where(contacts.c.originator == row.originator))).one()
        order = Order(row.created_at, row.seq or 0)
        said_since = contact.consent_at and Order(contact.consent_at, contact.consent_seq or 0) > order
        if not contact.opted_out and not said_since:
            proof = {"channel": REFUSAL, "reason": refused[row.key], "message_key": row.message_key}
            events += await stop(connection, row.originator, order, proof, now=now)
    await announce_consent(connection, await append(connection, events, secret), tell, now)
