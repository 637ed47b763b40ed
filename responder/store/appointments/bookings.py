"""Appointments as other systems bring them: new ones, moved ones, and those with other details, in one transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import Booking, Change
from responder.core.appointments.reminders import ReminderPlan
from responder.core.contact.known import Appointment
from responder.core.outbound.events import Happened, appointment_booked, appointment_deleted
from responder.store.appointments.planning import (
    BOOKING_LOCK,
    forget_reminders,
    note_times,
    rebook_reminders,
    take_bookings,
)
from responder.store.appointments.rows import (
    CHANGE_DETAILS,
    Put,
    appointment_from,
    booked_row,
    booking_event,
    details_row,
    drop_stale,
    fields_of,
    put_anew,
)
from responder.store.base.bulk import execute_many
from responder.store.base.database import Database
from responder.store.base.events import note_subject
from responder.store.base.history import add_events, event, last_numbers
from responder.store.base.imports import Kind, overtake
from responder.store.base.locking import Conflict, chunks, let_go, move_revisions
from responder.store.base.tables import appointments, contacts, staged_appointments
from responder.store.queue.entering import announce

IMPORT, API = "import", "api"
"""Who changes appointments beside the messages."""
BOOKINGS = Kind(name="appointments", staged=staged_appointments, lock=BOOKING_LOCK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """How bookings are carried out: when people are reminded, who does it, and which webhooks hear of it."""

    times: ReminderPlan | None = None
    by: str = IMPORT
    notify: Collection[str] = ()


async def put_bookings(
    database: Database,
    bookings: Sequence[Booking],
    now: datetime,
    advance: Callable[[int], None] = lambda _count: None,
    *,
    times: ReminderPlan | None = None,
    by: str = IMPORT,
    expected: Callable[[Appointment | None], bool] = lambda _before: True,
    notify: Collection[str] = (),
) -> Mapping[Change, int]:
    """Make the appointments what the bookings say, all or none, with the count of each change.

    A new or moved one is scheduled, and no answer from before ``now`` counts for a moved one; any other keeps its
    status. ``advance`` is told how many are done, ``times`` says when people are reminded, and ``notify`` names the
    webhooks that hear of new and moved ones. Raises Conflict where an appointment is not as ``expected``.
    """
    async with database.write() as connection:
        await take_bookings(database, connection)
        puts = await _ours(database, connection, await _puts(connection, bookings))
        if not all(expected(appointment_from(put.before) if put.before else None) for put in puts):
            raise Conflict
        identifiers = [booking.id for booking in bookings]
        await overtake(connection, BOOKINGS, (BOOKINGS.staged.c.id.in_(some) for some in chunks(identifiers)))
        await _put_all(database, connection, puts, Means(times=times, by=by, notify=notify), now, advance)
        for put in puts:
            if put.change is Change.NEW:
                note_subject(connection, put.booking.id, is_new=True)
    return Counter(put.change for put in puts)


async def preview_bookings(database: Database, bookings: Sequence[Booking]) -> Sequence[Change]:
    """What the bookings would make of the appointments as they stand."""
    async with database.read() as connection:
        return [put.change for put in await _puts(connection, bookings)]


async def carry_out_some(
    database: Database, connection: AsyncConnection, bookings: Sequence[Booking], means: Means, now: datetime
) -> Sequence[Change]:
    """Make some appointments of an accepted import what the bookings say; the caller has the turn."""
    puts = await _ours(database, connection, await _puts(connection, bookings))
    await _put_all(database, connection, puts, means, now)
    return [put.change for put in puts]


async def _put_all(
    database: Database,
    connection: AsyncConnection,
    puts: Sequence[Put],
    means: Means,
    now: datetime,
    advance: Callable[[int], None] = lambda _count: None,
) -> None:
    changes = [put for put in puts if put.is_change]
    statement = put_anew(database.insert)
    for some in chunks(changes):
        numbers = await _put_some(connection, some, statement, now, means.by)
        anew = [put.booking for put in some if put.change is not Change.CHANGED]
        await rebook_reminders(connection, database.insert, anew, means.times, now)
        await announce(connection, _happened(some, numbers, now), means.notify, now)
        advance(len(some))
    if means.times and changes:
        await note_times(connection, means.times)
    advance(len(puts) - len(changes))


async def _put_some(
    connection: AsyncConnection,
    some: Sequence[Put],
    put_anew: Any,  # noqa: ANN401  (either dialect's own)
    now: datetime,
    by: str,
) -> Mapping[str, int]:
    """Make the changes, and give each its number."""
    last = await last_numbers(connection, [put.booking.id for put in some if put.before is None])
    numbers = {put.booking.id: (put.before.version if put.before else last.get(put.booking.id, 0)) + 1 for put in some}
    anew = [booked_row(put, numbers[put.booking.id], now) for put in some if put.change is not Change.CHANGED]
    details = [details_row(put, numbers[put.booking.id], now) for put in some if put.change is Change.CHANGED]
    for statement, rows in ((put_anew, anew), (CHANGE_DETAILS, details)):
        await execute_many(connection, statement, rows)
    await _rebooked(
        connection, {put.before.originator for put in some if put.before and put.change is Change.MOVED}, now
    )
    await add_events(connection, [booking_event(put, numbers[put.booking.id], now, by) for put in some])
    return numbers


async def _rebooked(connection: AsyncConnection, originators: Collection[str], now: datetime) -> None:
    """Note that an appointment of each was moved or deleted: an answer on its way is to the old one."""
    if originators:
        await connection.execute(update(contacts).where(contacts.c.originator.in_(originators)).values(rebooked_at=now))


def _happened(puts: Iterable[Put], numbers: Mapping[str, int], now: datetime) -> Iterator[tuple[str, Happened]]:
    """What webhooks hear of: another status, another time, or another number."""
    for put in puts:
        if put.change is Change.CHANGED and put.word is None:
            continue
        booking, before = put.booking, put.before
        after = Appointment(**fields_of(booking), status=put.status, updated_at=now, version=numbers[booking.id])
        yield booking.originator, appointment_booked(appointment_from(before) if before else None, after)


async def delete_appointment(
    database: Database,
    identifier: str,
    now: datetime,
    *,
    by: str,
    expected: Callable[[Appointment | None], bool] = lambda _before: True,
    notify: Collection[str] = (),
) -> bool:
    """Forget an appointment that will not be, and tell whether there was one; its history stays. Raises Conflict."""
    async with database.write() as connection:
        await take_bookings(database, connection)
        before = await find_to_change(connection, database.insert, identifier)
        if not expected(appointment_from(before) if before else None):
            raise Conflict
        await overtake(connection, BOOKINGS, [BOOKINGS.staged.c.id == identifier])
        if before is None:
            return False
        await connection.execute(delete(appointments).where(appointments.c.id == identifier))
        await forget_reminders(connection, [identifier])
        await _rebooked(connection, [before.originator], now)
        await add_events(
            connection, [event((before.id, before.version + 1), now, "deleted", by, old_status=before.status)]
        )
        await drop_stale(connection, [identifier], now)
        gone = appointment_deleted(appointment_from(before), before.version + 1)
        await announce(connection, [(before.originator, gone)], notify, now)
        return True


async def _puts(connection: AsyncConnection, bookings: Sequence[Booking]) -> list[Put]:
    standing = await _standing(connection, bookings)
    return [Put(booking=booking, before=standing.get(booking.id)) for booking in bookings]


async def _ours(database: Database, connection: AsyncConnection, puts: Sequence[Put]) -> Sequence[Put]:
    """The puts as they stand once the contacts are locked: an answer may have come in between."""
    concerned = _concerned(puts)
    await move_revisions(connection, database.insert, concerned)
    if database.is_sqlite:  # where all is locked already
        return puts
    again = await _standing(connection, [put.booking for put in puts if put.is_change])
    ours = [put if not put.is_change else Put(booking=put.booking, before=again.get(put.booking.id)) for put in puts]
    await let_go(connection, concerned - _concerned(ours))
    return ours


def _concerned(puts: Iterable[Put]) -> set[str]:
    return set().union(*(put.originators for put in puts if put.is_change))


async def find_to_change(connection: AsyncConnection, insert: Callable[..., Any], identifier: str) -> Row[Any] | None:
    """The appointment as it is once its contact is locked."""
    query = select(appointments).where(appointments.c.id == identifier)
    if (found := (await connection.execute(query)).first()) is None:
        return None
    await move_revisions(connection, insert, [found.originator])
    if (ours := (await connection.execute(query)).first()) is None:
        await let_go(connection, [found.originator])
    return ours


async def _standing(connection: AsyncConnection, bookings: Sequence[Booking]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in chunks(bookings):
        query = select(appointments).where(appointments.c.id.in_([booking.id for booking in some]))
        found |= {row.id: row for row in (await connection.execute(query)).all()}
    return found
