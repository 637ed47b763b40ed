"""Appointments as their rows, and what a booking makes of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.engine import Row

from responder.core.appointments.booking import FIELDS, Booking, Change
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.core.sms.times import iso
from responder.store.base.history import event
from responder.store.base.records import from_row, order_of
from responder.store.base.tables import appointments

DETAILS = ("name", "service", "location", "language")
ASKED = ("asked_at", "last_asked_at", "asked_from")
SAID = ("status", "by_hand_at", "unclear_at")
WORDS = ("order_at", "order_seq", "by_hand_at")


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
        """Whether it makes anything of the appointment."""
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
    """Write appointments that are new or moved."""
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
    """The line of the history about a booking."""
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
