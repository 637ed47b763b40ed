"""The changes of a list, counted by the hour: few rows, however many people joined."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select

from responder.core.consent.growth import Changes
from responder.store.base.database import Database
from responder.store.base.tables import consent_events

JOINS, LEAVES = "opt_in", "opt_out"
LONGEST_WORD = 40  # characters
HOUR, MINUTE = 13, 16  # characters of a time as SQLite keeps it


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
