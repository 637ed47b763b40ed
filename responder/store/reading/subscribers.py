"""How lists grew, and the evidence for it: what an operator gave, or what the number wrote and when."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.engine import Row

from responder.core.consent.standing import Changes
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.records import SubscriberRecord
from responder.core.sms.timestamps import iso
from responder.store.base.database import Database
from responder.store.base.revisions import chunks
from responder.store.base.tables import consent_events
from responder.store.consent.subscribers import KINDS

JOINS, LEAVES = "opt_in", "opt_out"
LONGEST_WORD = 40  # characters
HOUR, MINUTE = 13, 16  # characters of a time as SQLite keeps it
Place = tuple[str, str | None, str]
"""A number, a list (none for all texts) and a kind of event."""


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
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [Changes(_moment(row.at), row.event == JOINS, row.word or "", int(row.found)) for row in rows]


def _trunc(database: Database, *, by_minute: bool) -> ColumnElement[Any]:
    if database.is_sqlite:
        return literal_column(f"substr(recorded_at, 1, {MINUTE if by_minute else HOUR})")
    return literal_column(f"date_trunc('{'minute' if by_minute else 'hour'}', recorded_at)")


def _moment(at: Any) -> datetime:  # noqa: ANN401  (a text on SQLite, a time on PostgreSQL)
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return datetime.fromisoformat(at if len(at) > HOUR else f"{at}:00").replace(tzinfo=UTC)
