"""What happened, looked up: the kept events with their data, how lists grew, and the evidence for it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, func, literal_column, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.standing import Changes
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.records import SubscriberRecord
from responder.core.outbound.events import EventRecord, consent_changed
from responder.core.rules.sections import Event
from responder.core.sms.times import iso
from responder.store.base.bulk import among
from responder.store.base.database import Database
from responder.store.base.events import KeptEvent, kept_events
from responder.store.base.locking import chunks
from responder.store.base.tables import appointments, consent_events, events, handoffs, messages, steps
from responder.store.consent.subscribers import KINDS
from responder.store.queue.entering import delivery_from

AT_ONCE = 200  # rows removed at a time
ROWS_AT_ONCE = 20  # rows read at a time: most hold the events of a batch
Rows = Mapping[Any, Row[Any]]
SAID = ("key", "originator", "destination", "text", "sent_at", "received_at", "channel")
WHOSE = ("originator", "name", "service", "location", "language")  # of an appointment
JOINS, LEAVES = "opt_in", "opt_out"
LONGEST_WORD = 40  # characters
HOUR, MINUTE = 13, 16  # characters of a time as SQLite keeps it
Place = tuple[str, str | None, str]
"""A number, a list (none for all texts) and a kind of event."""


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


async def read_evidence(database: Database, subscribers: Sequence[SubscriberRecord]) -> list[str]:
    """The evidence for the status of each subscriber; empty where the ledger has none of it."""
    last: dict[Place, str] = {}
    async with database.read() as connection:
        for some in chunks(sorted({one.originator for one in subscribers})):
            rows = (await connection.execute(_events(some))).all()
            last |= {(row.originator, row.list, row.event): _written(row) for row in rows}
    return [_of(one, last) for one in subscribers]


def _events(originators: Collection[str]) -> Any:  # noqa: ANN401  (a query of some columns)
    events = consent_events.c
    columns = (events.originator, events.list, events.event, events.at, events.text, events.reason)
    query = select(*columns).where(events.originator.in_(originators), events.event.in_(list(KINDS.values())))
    return query.order_by(events.seq)


def _of(subscriber: SubscriberRecord, last: Mapping[Place, str]) -> str:
    """What was said of the list itself, or else of all texts: a STOP takes its number off every list."""
    kind = KINDS[SubscriptionStatus(subscriber.status)]
    of_list = last.get((subscriber.originator, subscriber.list, kind))
    return of_list or last.get((subscriber.originator, None, kind), "")


def _written(row: Row[Any]) -> str:
    if row.reason:
        return str(row.reason)
    return f"text {row.text!r} of {iso(row.at)}" if row.text else f"text of {iso(row.at)}"


async def read_changes(database: Database, name: str, since: datetime, *, by_minute: bool = False) -> Sequence[Changes]:
    """The changes of a list since a moment; by the minute only where the zone is not off by whole hours."""
    at = _trunc(database, by_minute=by_minute)
    events = consent_events.c
    word = func.coalesce(events.word, events.folded, events.rule, events.channel)
    columns = (at.label("at"), events.event, func.substr(word, 1, LONGEST_WORD).label("word"))
    query = select(*columns, func.count().label("found")).where(
        events.list == name, events.recorded_at >= since, events.event.in_((JOINS, LEAVES))
    )
    query = query.group_by(*(literal_column(place) for place in ("1", "2", "3")))
    rows = await database.rows(query)
    return [Changes(_moment(row.at), row.event == JOINS, row.word or "", int(row.found)) for row in rows]


def _trunc(database: Database, *, by_minute: bool) -> ColumnElement[Any]:
    if database.is_sqlite:
        return literal_column(f"substr(recorded_at, 1, {MINUTE if by_minute else HOUR})")
    return literal_column(f"date_trunc('{'minute' if by_minute else 'hour'}', recorded_at)")


def _moment(at: Any) -> datetime:  # noqa: ANN401  (a text on SQLite, a time on PostgreSQL)
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return datetime.fromisoformat(at if len(at) > HOUR else f"{at}:00").replace(tzinfo=UTC)
