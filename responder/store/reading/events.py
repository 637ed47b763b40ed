"""The kept events with their data, which is looked up: what was erased or kept long enough is gone from them."""

from collections.abc import Callable, Mapping, Sequence
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
from responder.store.base.events import KeptEvent, kept_events
from responder.store.base.tables import appointments, consent_events, events, handoffs, messages, steps
from responder.store.queue.rows import delivery_from

AT_ONCE = 200  # rows removed at a time
ROWS_AT_ONCE = 20  # rows read at a time: most hold the events of a batch
Rows = Mapping[Any, Row[Any]]
SAID = ("key", "originator", "destination", "text", "sent_at", "received_at", "channel")
WHOSE = ("originator", "name", "service", "location", "language")  # of an appointment


async def read_events(database: Database, after: int, limit: int) -> tuple[Sequence[EventRecord], bool]:
    """So many events after a number, in their order, and whether there are more."""
    async with database.read() as connection:
        kept = await _after(connection, after, limit + 1)
        shown = kept[:limit]
        found = await _found(connection, shown)
    return [_record(event, found) for event in shown], len(kept) > limit


async def _after(connection: AsyncConnection, after: int, limit: int) -> Sequence[KeptEvent]:
    """So many events after a number; each of the rows that hold them has one of them at least."""
    query = select(events).order_by(events.c.seq).limit(ROWS_AT_ONCE)
    found: list[KeptEvent] = []
    rows = (await connection.execute(query.where(events.c.seq > after))).all()
    while rows:
        found += [event for row in rows for event in kept_events(row) if event.seq > after]
        enough = len(found) >= limit
        rows = () if enough else (await connection.execute(query.where(events.c.seq > rows[-1].seq))).all()
    return found[:limit]


async def forget_events(database: Database, before: datetime) -> int:
    """Remove the oldest rows of events, some at a time, that happened before a moment; gives how many."""
    oldest = select(events.c.seq).order_by(events.c.seq).limit(AT_ONCE)
    gone = delete(events).where(events.c.seq.in_(oldest), events.c.at < before)
    async with database.write() as connection:
        return (await connection.execute(gone)).rowcount


async def _found(connection: AsyncConnection, kept: Sequence[KeptEvent]) -> Mapping[str, Rows]:
    """What events are about, by table and key."""
    keys = {event.message_key for event in kept if event.message_key}
    about = {kind: {event.subject for event in kept if event.type == kind and event.subject} for kind in Event}
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


def _record(kept: KeptEvent, found: Mapping[str, Rows]) -> EventRecord:
    kind = Event(kept.type)
    return EventRecord(seq=kept.seq, type=kind, timestamp=kept.at, data=DATA.get(kind, _as_kept)(kept, found))


def _as_kept(kept: KeptEvent, _found: Mapping[str, Rows]) -> Mapping[str, Any]:
    return kept.details


def _handled(kept: KeptEvent, found: Mapping[str, Rows]) -> Mapping[str, Any]:
    message = found["messages"].get(kept.message_key)
    data = {"message": _message(kept, found), "rule": message.rule if message else None}
    return data | ({"superseded": True} if message and message.is_superseded else {})


def _consent(kept: KeptEvent, found: Mapping[str, Rows]) -> Mapping[str, Any]:
    event = found["consent_events"].get(int(kept.subject or 0))
    return {**consent_changed(event._asdict()).data, "rule": event.rule} if event else {}


def _appointment(kept: KeptEvent, found: Mapping[str, Rows]) -> Mapping[str, Any]:
    standing = found["appointments"].get(kept.subject)
    whose = {name: getattr(standing, name) if standing else None for name in WHOSE}
    return {"appointment": {**kept.details, **whose}, "message": _message(kept, found), "rule": _rule(kept, found)}


def _delivery(kept: KeptEvent, found: Mapping[str, Rows]) -> Mapping[str, Any]:
    step = found["steps"].get(kept.subject)
    return {**(delivery_from(step).as_json() if step else {"key": kept.subject}), **kept.details}


def _opened(kept: KeptEvent, found: Mapping[str, Rows]) -> Mapping[str, Any]:
    handoff = found["handoffs"].get(kept.message_key)
    reason = handoff.reason if handoff else None
    return {"reason": reason, "message": _message(kept, found), "rule": _rule(kept, found)}


def _closed(kept: KeptEvent, found: Mapping[str, Rows]) -> Mapping[str, Any]:
    handoff = found["handoffs"].get(kept.message_key)
    if handoff is None:
        return {"key": kept.message_key}
    fields = {"key": kept.message_key, "originator": handoff.originator, "reason": handoff.reason}
    return fields | {"by": handoff.closed_by, "note": handoff.note, "done_at": iso(handoff.closed_at), **kept.details}


def _rule(kept: KeptEvent, found: Mapping[str, Rows]) -> str | None:
    message = found["messages"].get(kept.message_key)
    return message.rule if message else None


def _message(kept: KeptEvent, found: Mapping[str, Rows]) -> Mapping[str, Any] | None:
    """The message of an event; a text and a number that are gone are None."""
    message = found["messages"].get(kept.message_key)
    if message is None:
        return None
    times = {name: iso(getattr(message, name)) for name in ("sent_at", "received_at")}
    return {**{name: getattr(message, name) for name in SAID}, **times, **_gone(message)}


def _gone(message: Row[Any]) -> Mapping[str, None]:
    is_gone = not message.raw  # what came in is emptied with the text
    gone = [*(["text"] if is_gone else []), *(["originator"] if not message.originator else [])]
    return dict.fromkeys(gone)


DATA: Mapping[Event, Callable[[KeptEvent, Mapping[str, Rows]], Mapping[str, Any]]] = {
    Event.MESSAGE_HANDLED: _handled,
    Event.CONSENT_CHANGED: _consent,
    Event.APPOINTMENT_CHANGED: _appointment,
    Event.DELIVERY_CHANGED: _delivery,
    Event.HANDOFF_OPENED: _opened,
    Event.HANDOFF_CLOSED: _closed,
}
