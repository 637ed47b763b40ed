"""The hand-offs in SQL: which are open, whose conversation a person has, and what stands in each."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, StepKind
from responder.core.contact.known import LATE, Appointment
from responder.core.operations.front_desk import HandOffRecord, OpenHandOffs, Said
from responder.store.base.bulk import among, among_listed
from responder.store.base.database import Database
from responder.store.base.records import Listing, begins_so, from_columns, from_row, narrowed, order_of
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import (
    HOLDING,
    OPEN_HANDOFF,
    PAST,
    REPLIES,
    WAITING,
    appointments,
    handoffs,
    messages,
    steps,
)

BOOKED = "booked_"  # begins the names of an appointment's columns
_booked = appointments.alias("booked")
_later = messages.alias("later")
_LATER = (
    select(func.count())
    .select_from(_later)
    .where(_later.c.originator == handoffs.c.originator, _later.c.seq > messages.c.seq, PAST)
    .scalar_subquery()
)

_ANSWERED = (
    select(func.max(steps.c.created_at))
    .where(
        REPLIES,
        steps.c.originator == handoffs.c.originator,
        steps.c.purpose == Purpose.PERSON,
        steps.c.created_at >= handoffs.c.opened_at,
    )
    .scalar_subquery()
)


def list_handoffs(
    *, every: bool = False, is_done: bool = False, originator: str | None = None
) -> Listing[HandOffRecord]:
    """The hand-offs that are open, all, or only those that are done, by when they were opened."""
    query = _handoffs() if every else _handoffs().where(handoffs.c.closed_at.is_(None))
    query = query.where(handoffs.c.closed_at.is_not(None)) if is_done else query
    order = (handoffs.c.opened_at, handoffs.c.message_key)
    query = narrowed(query, (handoffs.c.originator, originator))
    return Listing(query=query, order=order, read=_handoff, name=handoffs.c.message_key)


async def find_handoffs(database: Database, beginning: str) -> list[HandOffRecord]:
    """The hand-offs whose key begins so: at most two, to tell whether there is just one."""
    query = _handoffs().where(begins_so(handoffs.c.message_key, beginning)).limit(2)
    return [_handoff(row) for row in await database.rows(query)]


async def handoff_now(connection: AsyncConnection, key: str) -> HandOffRecord | None:
    """The hand-off with this key, as the caller's transaction sees it."""
    row = (await connection.execute(_handoffs().where(handoffs.c.message_key == key))).first()
    return _handoff(row) if row else None


async def count_open(database: Database) -> OpenHandOffs:
    """How many hand-offs wait for a person, and since when."""
    query = select(func.count(), func.min(handoffs.c.opened_at), func.count().filter(handoffs.c.holds_marketing)).where(
        OPEN_HANDOFF
    )
    async with database.read() as connection:
        count, oldest, reviews = (await connection.execute(query)).one()
    return OpenHandOffs(count=count, oldest=oldest, reviews=reviews)


async def paused_and_doubted(
    connection: AsyncConnection, originators: Collection[str]
) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Until when persons have the conversations, and since when it is in doubt whether texts are wanted."""
    found = (await connection.execute(_PAUSED_AND_DOUBTED, {"originators": originators})).all()
    return {row.originator: (row.until, row.since) for row in found}


async def paused_before(
    connection: AsyncConnection, originators: Collection[str], seq: int, at: datetime
) -> dict[str, datetime]:
    """Until when persons had the conversations, as of just before the message with that place and time."""
    opened = (
        select()
        .select_from(handoffs.join(messages, messages.c.key == handoffs.c.message_key))
        .where(messages.c.seq < seq)
    )
    return await _paused(
        connection, originators, opened.where(or_(handoffs.c.closed_at.is_(None), handoffs.c.closed_at >= at))
    )


async def _paused(connection: AsyncConnection, originators: Collection[str], which: Select[Any]) -> dict[str, datetime]:
    until = func.max(handoffs.c.pauses_until).label("until")
    theirs = among(handoffs.c.originator, originators) & handoffs.c.pauses_until.is_not(None)
    query = which.add_columns(handoffs.c.originator, until).where(theirs).group_by(handoffs.c.originator)
    return {row.originator: row.until for row in (await connection.execute(query)).all()}


async def said_since(database: Database, record: HandOffRecord) -> list[Said]:
    """What the number has texted since a hand-off was opened, and what went there, by time."""
    here = messages.c.key == record.key
    theirs = or_(*(and_(_later.c.originator == record.originator, part) for part in (WAITING, PAST)))
    seq = select(messages.c.seq).where(here).scalar_subquery()
    texts = select(_later.c.received_at, _later.c.text).where(theirs, _later.c.seq > seq)
    since = (
        (steps.c.kind == StepKind.REPLY)
        & (steps.c.originator == record.originator)
        & (steps.c.created_at >= record.opened_at)
    )
    async with database.read() as connection:
        said = [Said(at=row.received_at, text=row.text) for row in (await connection.execute(texts)).all()]
        ours = (await connection.execute(select(steps).where(since))).all()
    said += [Said(at=row.created_at, text=row.content, fate=row.status) for row in ours]
    return sorted(said, key=lambda one: one.at)


def _handoffs() -> Select[Any]:
    said = (messages.c.text, messages.c.destination, messages.c.sent_at, messages.c.received_at, messages.c.channel)
    of_appointment = (column.label(BOOKED + column.name) for column in _booked.c)
    query = select(handoffs, *said, _LATER.label("later_texts"), _ANSWERED.label("answered_at"), *of_appointment)
    query = query.outerjoin(messages, messages.c.key == handoffs.c.message_key)
    return query.outerjoin(_booked, _booked.c.id == func.coalesce(_next_one(), _last_one()))


def _next_one() -> Any:  # noqa: ANN401  (an expression)
    theirs = appointments.c.originator == handoffs.c.originator
    to_come = select(appointments.c.id).where(theirs, appointments.c.starts_at >= handoffs.c.opened_at)
    return to_come.order_by(appointments.c.starts_at).limit(1).scalar_subquery()


def _last_one() -> Any:  # noqa: ANN401  (likewise)
    theirs = appointments.c.originator == handoffs.c.originator
    over = select(appointments.c.id).where(theirs, appointments.c.starts_at < handoffs.c.opened_at)
    return over.order_by(appointments.c.starts_at.desc()).limit(1).scalar_subquery()


def _handoff(row: Row[Any]) -> HandOffRecord:
    ends = {"done_at": row.closed_at, "by": row.closed_by}
    return from_row(HandOffRecord, row, key=row.message_key, appointment=_appointment(row), **ends)


def _appointment(row: Row[Any]) -> Appointment | None:
    """The appointment to come, or one that a late answer may still be about."""
    if row.booked_id is None or row.booked_starts_at < row.opened_at - LATE:
        return None
    columns = {name: value for name, value in row._mapping.items() if name.startswith(BOOKED)}  # noqa: SLF001
    return from_columns(
        Appointment,
        {name.removeprefix(BOOKED): value for name, value in columns.items()},
        order=order_of(row.booked_order_at, row.booked_order_seq),
        asking_waits=False,
    )


def open_doubts() -> Select[Any]:
    """The originators who may want no more texts, and since when."""
    return (
        select(handoffs.c.originator, func.max(handoffs.c.opened_at).label("since"))
        .where(HOLDING)
        .group_by(handoffs.c.originator)
    )


async def in_doubt(connection: AsyncConnection, originators: Collection[str]) -> dict[str, datetime]:
    """Which of the originators have an open hand-off that holds marketing back, and since when."""
    found = (await connection.execute(_DOUBTS_OF, {"originators": originators})).all()
    return {row.originator: row.since for row in found}


_DOUBTS_OF = kept(open_doubts().where(among_listed(handoffs.c.originator, "originators")))
_PAUSED_AND_DOUBTED = kept(
    select(
        handoffs.c.originator,
        func.max(handoffs.c.pauses_until).label("until"),
        func.max(case((handoffs.c.holds_marketing, handoffs.c.opened_at))).label("since"),
    )
    .where(OPEN_HANDOFF, among_listed(handoffs.c.originator, "originators"))
    .group_by(handoffs.c.originator)
)
