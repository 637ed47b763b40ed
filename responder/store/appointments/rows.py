"""An appointment as its row."""

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Row

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment
from responder.core.sms.message import Order


def appointment_from(row: Row[Any]) -> Appointment:
    """An appointment from its row."""
    return Appointment(
        id=row.id,
        originator=row.originator,
        starts_at=row.starts_at,
        status=AppointmentStatus(row.status),
        updated_at=row.updated_at,
        name=row.name,
        service=row.service,
        location=row.location,
        language=row.language,
        asked_at=row.asked_at,
        order=_order(row.order_at, row.order_seq),
        by_hand_at=row.by_hand_at,
        version=row.version,
        unclear_at=row.unclear_at,
        last_asked_at=row.last_asked_at,
        asked_from=row.asked_from,
    )


def _order(at: datetime | None, seq: int | None) -> Order | None:
    return Order(at, seq or 0) if at else None
