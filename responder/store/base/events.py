"""Events as they are kept: noted during a transaction, and numbered under a lock right before its commit.

So a number that can be read has no lower one that is yet to come. Nothing of a text is kept with them, and those of one
kind that a transaction notes in a row share a row, since a batch notes some for each of its messages.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, bindparam, func, insert, literal_column, select, text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.rules.sections import Event
from responder.store.base.bulk import execute_many
from responder.store.base.tables import events

NEW = "+"  # before the name of what a transaction makes
SUBJECT = "subject"  # where a connection has what its transaction is about
NOTED = "events noted"  # where a connection has those of its transaction
MOST_IN_A_ROW = 500  # events that a row holds at most
LOCK = 0x5E5B0E07  # PostgreSQL advisory lock: whoever numbers events has it until the commit
PERSONAL = ("originator", "name", "service", "location", "language")  # of an appointment: looked up on reading
_KIND_AND_TIME = itemgetter(0, 1)
_MANY: ColumnElement[int] = bindparam("of_many", type_=Integer)
_LAST_NUMBER: ColumnElement[int] = literal_column(
    "(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events')"
)
_NEXT_NUMBER: ColumnElement[int] = literal_column("nextval('events_seq_seq')")
_IN_TURN = select(func.setval(literal_column("'events_seq_seq'"), _NEXT_NUMBER - 1 + _MANY)).select_from(
    text(f"(SELECT pg_advisory_xact_lock({LOCK})) AS turn")
)
_PUT = {
    "sqlite": insert(events).values(seq=_LAST_NUMBER + _MANY, many=_MANY),
    "postgresql": insert(events).values(seq=_IN_TURN.scalar_subquery(), many=_MANY),
}


class KeptEvent(NamedTuple):
    """An event with its number: its message, what it is about, and what cannot be looked up later."""

    seq: int
    type: str
    at: datetime
    message_key: str | None
    subject: str | None
    details: Mapping[str, Any]


def begin_noting(connection: AsyncConnection) -> None:
    """Begin with no events, whatever an earlier transaction of the connection left."""
    connection.info[NOTED] = []
    connection.info[SUBJECT] = ""


def note_subject(connection: AsyncConnection, key: str, *, is_new: bool) -> None:
    """Note what this transaction makes, or finds made already, for whoever asks again for the same."""
    connection.info[SUBJECT] = f"{NEW}{key}" if is_new else key


def subject_of(connection: AsyncConnection) -> str:
    """What this transaction is about; empty where that is plain from what was asked."""
    return str(connection.info[SUBJECT])


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
    connection.info[NOTED].append((kind, at, (message_key, subject, details)))


def note_messages(connection: AsyncConnection, kind: Event, at: datetime, keys: Iterable[str]) -> None:
    connection.info[NOTED].extend((kind, at, (key, None, None)) for key in keys)


def snapshot(appointment: Mapping[str, Any]) -> dict[str, Any]:
    """What of an appointment is kept with an event: how it stood, and nothing about whose it is."""
    return {name: value for name, value in appointment.items() if name not in PERSONAL}


async def put_noted(connection: AsyncConnection) -> None:
    """Write the events of this transaction, which does nothing more than commit: waiting here, it holds up nobody."""
    if noted := connection.info.pop(NOTED, None):
        await execute_many(connection, _PUT[connection.dialect.name], list(_rows(noted)))


def _rows(noted: Sequence[tuple[Event, datetime, Any]]) -> Iterator[dict[str, Any]]:
    for (kind, at), group in groupby(noted, key=_KIND_AND_TIME):
        abouts = [about for _, _, about in group]
        for start in range(0, len(abouts), MOST_IN_A_ROW):
            some = abouts[start : start + MOST_IN_A_ROW]
            yield {"of_many": len(some), "type": kind.value, "at": at, "abouts": json.dumps(some, ensure_ascii=False)}


def kept_events(row: Row[Any]) -> Iterator[KeptEvent]:
    """The events that a row holds, in their order."""
    first = row.seq - row.many + 1
    for seq, (message_key, subject, details) in enumerate(json.loads(row.abouts), start=first):
        yield KeptEvent(seq, row.type, row.at, message_key, subject, details or {})
