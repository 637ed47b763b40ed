"""An appointment as its row."""

from typing import Any

from sqlalchemy.engine import Row

from responder.core.contact.known import Appointment
from responder.store.base.records import from_row, order_of


def appointment_from(row: Row[Any]) -> Appointment:
    """An appointment from its row."""
    return from_row(Appointment, row, order=order_of(row.order_at, row.order_seq))
