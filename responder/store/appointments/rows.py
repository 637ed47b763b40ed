"""Appointments as they stand in the database, and reminders that do not fit one any more."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, select, union, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import FIELDS, Booking, Change
from responder.core.appointments.reminders import OVERTAKEN, Drop, Planned, Send, Wait, reminder_key, why_stale
from responder.core.contact.effects import AppointmentStatus, StepStatus
from responder.core.contact.known import Appointment
from responder.core.sms.times import iso
from responder.store.base.bulk import each_of
from responder.store.base.database import Database
from responder.store.base.history import event
from responder.store.base.records import from_row, order_of
from responder.store.base.tables import UNDONE, appointments, messages, reminders, steps
from responder.store.base.tables import WAITING as UNHANDLED
from responder.store.queue.suppressing import suppress

DETAILS = ("name", "service", "location", "language")
ASKED = ("asked_at", "last_asked_at", "asked_from")
SAID = ("status", "by_hand_at", "unclear_at")
WORDS = ("order_at", "order_seq", "by_hand_at")
QUEUED = "queued"
SOON = timedelta(seconds=2)  # until a reminder that waits for a text to be read is looked at again
Decided = tuple[Row[Any], Send | Drop | Wait]


def appointment_from(row: Row[Any], *, asking_waits: bool = False) -> Appointment:
    return from_row(Appointment, row, order=order_of(row.order_at, row.order_seq), asking_waits=asking_waits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """A booking, and the appointment that stands before it."""

    booking: Booking
    before: Row[Any] | None

    @property
    def change(self) -> Change:
        if self.before is None:
            return Change.NEW
        if self.booking.updated_at is not None and self.booking.updated_at < self.before.updated_at:
            return Change.OLDER
        if (self.before.originator, self.before.starts_at) != (self.booking.originator, self.booking.starts_at):
            return Change.MOVED
        is_same = all(getattr(self.before, name) == getattr(self.booking, name) for name in DETAILS)
        return (
            Change.UNCHANGED
            if is_same and self.word is None and self.asked == tuple(getattr(self.before, name) for name in ASKED)
            else Change.CHANGED
        )

    @property
    def is_change(self) -> bool:
        return self.change not in (Change.UNCHANGED, Change.OLDER)

    @property
    def word(self) -> AppointmentStatus | None:
        """What the file says of the appointment: nothing by ``scheduled``, nor by what stands there already."""
        stated = self.booking.status
        said_before = self.before.status if self.before else None
        return None if stated in (None, AppointmentStatus.SCHEDULED, said_before) else stated

    @property
    def status(self) -> AppointmentStatus:
        """The status afterwards: by the word of the file, but a new time resets all that is not cancelled."""
        if self.before is None:
            return self.word or AppointmentStatus.SCHEDULED
        if self.change is Change.MOVED:
            is_cancelled = self.word is AppointmentStatus.CANCELLED
            return AppointmentStatus.CANCELLED if is_cancelled else AppointmentStatus.SCHEDULED
        return self.word or AppointmentStatus(self.before.status)

    @property
    def asked(self) -> tuple[datetime | None, datetime | None, str]:
        """When the phone was first asked about it, when last and from where.

        Another system adds to that, and never closes what is open.
        """
        before, at = self.before, self.booking.asked_at
        if before is None or at is None or before.asked_at is None:
            return (
                (before.asked_at, before.last_asked_at, before.asked_from) if before and at is None else (at, None, "")
            )
        is_last = at > (before.last_asked_at or before.asked_at)
        return min(at, before.asked_at), *((at, "") if is_last else (before.last_asked_at, before.asked_from))

    @property
    def originators(self) -> set[str]:
        """Whom it concerns: also the one whose appointment it was."""
        return {self.booking.originator} | ({self.before.originator} if self.before else set())


def put_anew(insert: Callable[..., Any]) -> Any:  # noqa: ANN401  (either dialect's own)
    statement = insert(appointments)
    new = {column.name: statement.excluded[column.name] for column in appointments.c if column.name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=new)


CHANGE_DETAILS = (
    update(appointments)
    .where(appointments.c.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in (*DETAILS, *ASKED, *SAID, "updated_at", "version")})
)


def booked_row(put: Put, number: int, now: datetime) -> dict[str, Any]:
    """An appointment as it is booked. Moving it counts as a word about it; that it is new does not."""
    before = put.before
    words = (
        {"order_at": before.order_at, "order_seq": before.order_seq, "by_hand_at": now}
        if before
        else dict.fromkeys(WORDS) | {"by_hand_at": now if put.word else None}
    )
    state = {
        "status": put.status,
        "updated_at": now,
        "version": number,
        "unclear_at": None,
        "last_asked_at": None,
        "asked_from": "",
    }
    return fields_of(put.booking) | words | state


def fields_of(booking: Booking) -> dict[str, Any]:
    """What ``asdict`` would give, which copies deeply and takes half the time of an import."""
    return {name: getattr(booking, name) for name in FIELDS}


def booking_event(put: Put, number: int, now: datetime, by: str) -> dict[str, Any]:
    before = put.before
    detail = (
        f"from {iso(before.starts_at)} to {iso(put.booking.starts_at)}" if before and put.change is Change.MOVED else ""
    )
    return event(
        (put.booking.id, number),
        now,
        put.change,
        by,
        old_status=before.status if before else None,
        new_status=put.status,
        detail=detail,
    )


def details_row(put: Put, number: int, now: datetime) -> dict[str, Any]:
    """The values of ``CHANGE_DETAILS`` for a booking that moves nothing."""
    details = {f"new_{name}": getattr(put.booking, name) for name in DETAILS}
    asked = {f"new_{name}": value for name, value in zip(ASKED, put.asked, strict=True)}
    said = (put.status, now, None) if put.word else tuple(getattr(put.before, name) for name in SAID)
    words = {f"new_{name}": value for name, value in zip(SAID, said, strict=True)}
    return details | asked | words | {"of_id": put.booking.id, "new_updated_at": now, "new_version": number}


async def stale_among(connection: AsyncConnection, keys: Collection[str], now: datetime) -> dict[str, str]:
    """Which of these reminders should not leave as the appointments stand, by their keys, with the reason."""
    if not keys:
        return {}
    mine = (await connection.execute(select(reminders).where(reminders.c.key.in_(keys)))).all()
    identifiers = sorted({row.appointment_id for row in mine})
    found = (await connection.execute(select(appointments).where(appointments.c.id.in_(identifiers)))).all()
    standing = {row.id: appointment_from(row) for row in found}
    queued = (reminders.c.appointment_id.in_(identifiers)) & (reminders.c.status == QUEUED)
    others: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in (await connection.execute(select(reminders).where(queued))).all():
        others[row.appointment_id].append(row)
    reasons = {
        row.key: _why_stale(row, standing.get(row.appointment_id), others[row.appointment_id], now) for row in mine
    }
    return {key: reason for key, reason in reasons.items() if reason}


def _why_stale(row: Row[Any], appointment: Appointment | None, others: Sequence[Row[Any]], now: datetime) -> str | None:
    planned = planned_from(row)
    if reason := why_stale(planned, appointment, AppointmentStatus(row.only) if row.only else None, now):
        return reason
    later = (other for other in others if appointment and other.key == reminder_key(appointment, other.name))
    return OVERTAKEN if any((other.due_at, other.key) > (row.due_at, row.key) for other in later) else None


async def drop_stale(connection: AsyncConnection, identifiers: Collection[str], now: datetime) -> None:
    """Let the reminders that wait for these appointments, and no longer fit them, not leave.

    What somebody else has locked is looked at when it is claimed.
    """
    if not identifiers:
        return
    theirs = select(reminders.c.key).where(reminders.c.appointment_id.in_(identifiers), reminders.c.status == QUEUED)
    if not (keys := list((await connection.execute(theirs)).scalars())):
        return
    waiting = select(steps.c.seq, steps.c.message_key).where(
        steps.c.message_key.in_(keys), UNDONE, steps.c.status == StepStatus.QUEUED
    )
    rows = (await connection.execute(waiting.with_for_update(skip_locked=True))).all()  # SQLite locks nothing
    reasons = await stale_among(connection, [row.message_key for row in rows], now)
    await suppress(connection, {row.seq: reasons[row.message_key] for row in rows if row.message_key in reasons}, now)


def without_overtaken(decided: Sequence[Decided]) -> list[Decided]:
    """Of several reminders of one appointment that are due at once, only the last leaves."""
    last: dict[str, Row[Any]] = {}
    for row, became in sorted(decided, key=lambda one: (one[0].due_at, one[0].key)):
        if isinstance(became, Send):
            last[row.appointment_id] = row
    return [
        (row, Drop(reason=OVERTAKEN) if isinstance(became, Send) and last[row.appointment_id] is not row else became)
        for row, became in decided
    ]


async def with_unhandled(
    database: Database, connection: AsyncConnection, originators: Collection[str]
) -> frozenset[str]:
    """The numbers with an unhandled text, so that a reminder may be out of place."""
    each = each_of("phones", is_sqlite=database.is_sqlite)
    has_unread = exists(select(messages.c.seq).where(UNHANDLED, messages.c.originator == each.c.value))
    return frozenset(
        (await connection.execute(select(each.c.value).where(has_unread), {"phones": list(originators)})).scalars()
    )


def planned_from(row: Row[Any]) -> Planned:
    return from_row(Planned, row)


async def phones_of(connection: AsyncConnection, due: Sequence[Row[Any]]) -> Collection[str]:
    """Whose contacts may be moved: of the due reminders, of their appointments, and of what waits for these."""
    identifiers = sorted({row.appointment_id for row in due})
    others = union(
        select(appointments.c.originator).where(appointments.c.id.in_(identifiers)),
        select(reminders.c.originator).where(reminders.c.appointment_id.in_(identifiers), reminders.c.status == QUEUED),
    )
    return {row.originator for row in due} | set((await connection.execute(others)).scalars())


def after_texts(became: Send | Drop | Wait, now: datetime) -> Send | Drop | Wait:
    """What becomes of a reminder while a text is unread that may answer it: it waits."""
    return Wait(until=now + SOON) if isinstance(became, Send) else became
