"""The last look at texts before they leave, in the transaction that claims them: what has happened since they were queued counts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose
from responder.core.outbound.suppression import why_suppressed
from responder.store.appointments.stale_reminders import stale_among, with_unhandled
from responder.store.base.database import Database
from responder.store.base.revisions import free_contacts
from responder.store.base.tables import steps
from responder.store.consent.erasure import silent_among
from responder.store.handoffs.handoffs import in_doubt
from responder.store.queue.ending import ended_among, last_stop

HEARD_FIRST = timedelta(seconds=2)  # that a reminder waits for what its number has written to be handled

Texts = Sequence[Row[Any]]


async def looked_at_again(
    connection: AsyncConnection, database: Database, secret: bytes, due: Texts, now: datetime
) -> tuple[Texts, dict[str, str]]:
    """The texts whose contacts are ours until the commit, and by their keys why some may not go out, so that a change comes before or after.

    Where somebody else has a contact, its texts are left to the next claim.
    """
    people = await free_contacts(connection, {row.originator for row in due}, lock=not database.is_sqlite)
    due = [row for row in due if row.originator in people]
    opted_out = await silent_among(connection, secret, sorted(people), filter(None, people.values()))
    doubts = await in_doubt(connection, sorted(people))
    stops = {
        originator: stop
        for originator, contact in people.items()
        if contact is not None and (stop := last_stop(contact))
    }
    ended = await ended_among(connection, due, stops)
    due, stale = await _reminders(connection, database, due, now)
    reasons = {
        row.key: why_suppressed(
            Purpose(row.purpose),
            row.expires_at,
            now,
            opted_out=row.originator in opted_out,
            in_doubt=row.originator in doubts and row.created_at <= doubts[row.originator],
            is_ended=row.key in ended,
        )
        or stale.get(row.message_key)
        for row in due
    }
    return due, {key: reason for key, reason in reasons.items() if reason}


async def _reminders(
    connection: AsyncConnection, database: Database, due: Texts, now: datetime
) -> tuple[Texts, dict[str, str]]:
    """The texts without reminders to whoever has written what is not handled yet, and why others do not fit their appointments, by their keys."""
    reminders = [row for row in due if row.purpose == Purpose.REMINDER]
    if not reminders:
        return due, {}
    unheard = await with_unhandled(database, connection, sorted({row.originator for row in reminders}))
    early = [row.seq for row in reminders if row.originator in unheard]
    if early:
        await connection.execute(update(steps).where(steps.c.seq.in_(early)).values(next_attempt_at=now + HEARD_FIRST))
    stale = await stale_among(connection, [row.message_key for row in reminders], now)
    return [row for row in due if row.seq not in early], stale
