"""The kept events with their data, which is looked up: what was erased or kept long enough is gone from them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, delete, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.outbound.events import EventRecord, consent_changed
from responder.core.rules.webhooks import Event
from responder.core.sms.timestamps import iso
from responder.store.base.bulk import among
from responder.store.base.database import Database
from responder.store.base.tables import appointments, consent_events, events, handoffs, messages, steps
from responder.store.queue.rows import delivery_from

AT_ONCE = 1000  # rows removed at a time
Rows = Mapping[Any, Row[Any]]
SAID = ("key", "originator", "destination", "text", "sent_at", "received_at", "channel")
WHOSE = ("originator", "name", "service", "location", "language")  # of an appointment


async def read_events(database: Database, after: int, limit: int) -> tuple[Sequence[EventRecord], bool]:
    """So many events after a number, in their order, and whether there are more."""
    query = select(events).where(events.c.seq > after).order_by(events.c.seq).limit(limit + 1)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
        shown = rows[:limit]
        found = await _found(connection, shown)
    return [_record(row, found) for row in shown], len(rows) > limit


async def forget_events(database: Database, before: datetime) -> int:
    """Remove the oldest events, some at a time, that happened before a moment; gives how many."""
    oldest = select(events.c.seq).order_by(events.c.seq).limit(AT_ONCE)
    gone = delete(events).where(events.c.seq.in_(oldest), events.c.at < before)
    async with database.write() as connection:
        return (await connection.execute(gone)).rowcount


async def _found(connection: AsyncConnection, rows: Iterable[Row[Any]]) -> Mapping[str, Rows]:
    """What events are about, by table and key."""
    rows = list(rows)
    keys = {row.message_key for row in rows if row.message_key}
    about = {kind: {row.subject for row in rows if row.type == kind and row.subject} for kind in Event}
    seqs = {int(seq) for seq in about[Event.CONSENT_CHANGED]}
    lookups: tuple[tuple[Table, Column[Any], set[Any]], ...] = (
        (messages, messages.c.key, keys),
        (handoffs, handoffs.c.message_key, keys),
        (consent_events, consent_events.c.seq, seqs),
        (appointments, appointments.c.id, about[Event.APPOINTMENT_CHANGED]),
        (steps, steps.c.key, about[Event.DELIVERY_CHANGED]),
    )
    found: dict[str, Rows] = {}
    for table, column, wanted in lookups:
        query = select(table).where(among(column, sorted(wanted)))
        rows_of = (await connection.execute(query)).all() if wanted else ()
        found[table.name] = {getattr(row, column.name): row for row in rows_of}
    return found


def _record(row: Row[Any], found: Mapping[str, Rows]) -> EventRecord:
    kind = Event(row.type)
    details = json.loads(row.content) if row.content else {}
    return EventRecord(seq=row.seq, type=kind, timestamp=row.at, data=DATA.get(kind, _as_kept)(row, details, found))


def _as_kept(_row: Row[Any], details: Mapping[str, Any], _found: Mapping[str, Rows]) -> Mapping[str, Any]:
    return details


def _handled(row: Row[Any], _details: Mapping[str, Any], found: Mapping[str, Rows]) -> Mapping[str, Any]:
    message = found["messages"].get(row.message_key)
    data = {"message": _message(row, found), "rule": message.rule if message else None}
    return data | ({"superseded": True} if message and message.is_superseded else {})


def _consent(row: Row[Any], _details: Mapping[str, Any], found: Mapping[str, Rows]) -> Mapping[str, Any]:
    event = found["consent_events"].get(int(row.subject))
    return {**consent_changed(event._asdict()).data, "rule": event.rule} if event else {}


def _appointment(row: Row[Any], details: Mapping[str, Any], found: Mapping[str, Rows]) -> Mapping[str, Any]:
    standing = found["appointments"].get(row.subject)
    whose = {name: getattr(standing, name) if standing else None for name in WHOSE}
    return {"appointment": {**details, **whose}, "message": _message(row, found), "rule": _rule(row, found)}


def _delivery(row: Row[Any], details: Mapping[str, Any], found: Mapping[str, Rows]) -> Mapping[str, Any]:
    step = found["steps"].get(row.subject)
    return {**(delivery_from(step).as_json() if step else {"key": row.subject}), **details}


def _opened(row: Row[Any], _details: Mapping[str, Any], found: Mapping[str, Rows]) -> Mapping[str, Any]:
    handoff = found["handoffs"].get(row.message_key)
    reason = handoff.reason if handoff else None
    return {"reason": reason, "message": _message(row, found), "rule": _rule(row, found)}


def _closed(row: Row[Any], _details: Mapping[str, Any], found: Mapping[str, Rows]) -> Mapping[str, Any]:
    handoff = found["handoffs"].get(row.message_key)
    if handoff is None:
        return {"key": row.message_key}
    fields = {"key": row.message_key, "originator": handoff.originator, "reason": handoff.reason}
    return fields | {"by": handoff.closed_by, "note": handoff.note, "done_at": iso(handoff.closed_at)}


def _rule(row: Row[Any], found: Mapping[str, Rows]) -> str | None:
    message = found["messages"].get(row.message_key)
    return message.rule if message else None


def _message(row: Row[Any], found: Mapping[str, Rows]) -> Mapping[str, Any] | None:
    """The message of an event; a text and a number that are gone are None."""
    message = found["messages"].get(row.message_key)
    if message is None:
        return None
    times = {name: iso(getattr(message, name)) for name in ("sent_at", "received_at")}
    return {**{name: getattr(message, name) for name in SAID}, **times, **_gone(message)}


def _gone(message: Row[Any]) -> Mapping[str, None]:
    is_gone = not message.raw  # what came in is emptied with the text
    gone = [*(["text"] if is_gone else []), *(["originator"] if not message.originator else [])]
    return dict.fromkeys(gone)


DATA: Mapping[Event, Callable[[Row[Any], Mapping[str, Any], Mapping[str, Rows]], Mapping[str, Any]]] = {
    Event.MESSAGE_HANDLED: _handled,
    Event.CONSENT_CHANGED: _consent,
    Event.APPOINTMENT_CHANGED: _appointment,
    Event.DELIVERY_CHANGED: _delivery,
    Event.HANDOFF_OPENED: _opened,
    Event.HANDOFF_CLOSED: _closed,
}
