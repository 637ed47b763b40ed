"""Events as they are kept: noted during a transaction, and numbered under a lock right before its commit.

So a number that can be read has no lower one that is yet to come. Nothing of a text is kept with them.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, literal_column
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.rules.webhooks import Event
from responder.store.base.bulk import execute_many
from responder.store.base.tables import events

NOTED = "events noted"  # where a connection has those of its transaction
LOCK = 0x5E5B0E07  # PostgreSQL advisory lock: whoever numbers events has it until the commit
PERSONAL = ("originator", "name", "service", "location", "language")  # of an appointment: looked up on reading
_TURN = f"(SELECT pg_advisory_xact_lock({LOCK})) AS turn"
_NUMBER = f"(SELECT nextval('events_seq_seq') FROM {_TURN})"  # noqa: S608  (a number of our own)
_PUT = {"sqlite": insert(events), "postgresql": insert(events).values(seq=literal_column(_NUMBER))}


def begin_noting(connection: AsyncConnection) -> None:
    """Begin with no events, whatever an earlier transaction of the connection left."""
    connection.info[NOTED] = []


def note_event(
    connection: AsyncConnection,
    kind: Event,
    at: datetime,
    *,
    message_key: str | None = None,
    subject: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note an event of this transaction: its message, what it is about, and what cannot be looked up later."""
    content = json.dumps(details, ensure_ascii=False) if details else ""
    connection.info[NOTED].append(
        {"type": kind.value, "at": at, "message_key": message_key, "subject": subject, "content": content}
    )


def snapshot(appointment: Mapping[str, Any]) -> dict[str, Any]:
    """What of an appointment is kept with an event: how it stood, and nothing about whose it is."""
    return {name: value for name, value in appointment.items() if name not in PERSONAL}


async def put_noted(connection: AsyncConnection) -> None:
    """Write the events of this transaction, which does nothing more than commit: waiting here, it holds up nobody."""
    if noted := connection.info.pop(NOTED, None):
        await execute_many(connection, _PUT[connection.dialect.name], noted)
