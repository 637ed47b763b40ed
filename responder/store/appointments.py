"""Appointments as other systems bring them: new ones, moved ones, and those with other details, in one transaction."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.effects import AppointmentStatus
from responder.store.database import Database
from responder.store.tables import appointments, contacts

BOOKING_LOCK = 0x5E5B0D03  # PostgreSQL advisory lock: two imports at once take turns
TOGETHER = 500  # rows in one statement
DETAILS = ("name", "service", "location", "language")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """An appointment as the system that made it tells of it; ``asked_at`` is when the originator was asked about it."""

    id: str
    originator: str
    starts_at: datetime
    name: str = ""
    service: str = ""
    location: str = ""
    language: str = ""
    asked_at: datetime | None = None


class Change(StrEnum):
    """What a booking makes of the appointment that stands."""

    NEW = "new"
    MOVED = "moved"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Put:
    booking: Booking
    before: Row[Any] | None

    @property
    def change(self) -> Change:
        if self.before is None:
            return Change.NEW
        if (self.before.originator, self.before.starts_at) != (self.booking.originator, self.booking.starts_at):
            return Change.MOVED
        is_same = all(getattr(self.before, name) == getattr(self.booking, name) for name in DETAILS)
        return Change.UNCHANGED if is_same and self.booking.asked_at in (None, self.before.asked_at) else Change.CHANGED

    @property
    def originators(self) -> set[str]:
        """Whom it concerns: also the one whose appointment it was."""
        return {self.booking.originator} | ({self.before.originator} if self.before else set())


async def put_bookings(
    database: Database, bookings: Sequence[Booking], now: datetime, advance: Callable[[int], None] = lambda _count: None
) -> Mapping[Change, int]:
    """Make the appointments what the bookings say, all or none, and tell how many of each change there were.

    A new or moved one is scheduled, and no word from before ``now`` counts for it; any other keeps its status. ``advance`` is told
    how many are done. Raises StorageError.
    """
    async with database.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": BOOKING_LOCK})
        standing = await _standing(connection, bookings)
        puts = [_Put(booking=booking, before=standing.get(booking.id)) for booking in bookings]
        changes = [put for put in puts if put.change is not Change.UNCHANGED]
        insert = sqlite_insert if database.is_sqlite else postgresql_insert
        await _move_revisions(connection, insert, set().union(*(put.originators for put in changes)))
        put_anew = _put_anew(insert)
        for some in _chunks(changes):
            anew = [_row(put.booking, now) for put in some if put.change is not Change.CHANGED]
            details = [_details(put, now) for put in some if put.change is Change.CHANGED]
            for statement, rows in ((put_anew, anew), (_CHANGE_DETAILS, details)):
                if rows:
                    await connection.execute(statement, rows)
            advance(len(some))
    advance(len(puts) - len(changes))
    return Counter(put.change for put in puts)


async def _standing(connection: AsyncConnection, bookings: Sequence[Booking]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in _chunks(bookings):
        query = select(appointments).where(appointments.c.id.in_([booking.id for booking in some]))
        found |= {row.id: row for row in (await connection.execute(query)).all()}
    return found


async def _move_revisions(connection: AsyncConnection, insert: Callable[..., Any], originators: set[str]) -> None:
    """Let whoever has planned by the old appointments plan anew; in one order for all, since it locks the contacts."""
    statement = insert(contacts).values(revision=1)
    statement = statement.on_conflict_do_update(index_elements=["originator"], set_={"revision": contacts.c.revision + 1})
    for some in _chunks(sorted(originators)):
        await connection.execute(statement, [{"originator": originator} for originator in some])


def _put_anew(insert: Callable[..., Any]) -> Any:  # noqa: ANN401  (either dialect's own)
    statement = insert(appointments)
    new = {column.name: statement.excluded[column.name] for column in appointments.c if column.name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=new)


_CHANGE_DETAILS = (
    update(appointments)
    .where(appointments.c.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in (*DETAILS, "asked_at", "updated_at")})
)


def _row(booking: Booking, now: datetime) -> dict[str, Any]:
    return asdict(booking) | {"status": AppointmentStatus.SCHEDULED, "updated_at": now, "order_at": now, "order_seq": 0}


def _details(put: _Put, now: datetime) -> dict[str, Any]:
    booking, before = put.booking, put.before
    asked_at = booking.asked_at or (before.asked_at if before else None)
    details = {f"new_{name}": getattr(booking, name) for name in DETAILS}
    return details | {"of_id": booking.id, "new_asked_at": asked_at, "new_updated_at": now}


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + TOGETHER] for start in range(0, len(values), TOGETHER))
