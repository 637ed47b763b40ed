"""Appointments, their history, and their reminders."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, text

from responder.store.base.tables.columns import Moment, RowNumber, Why, metadata, partial_index

appointments = Table(
    "appointments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("originator", String(64), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("name", String(200), nullable=False),
    Column("service", String(200), nullable=False),
    Column("location", String(200), nullable=False),
    Column("language", String(16), nullable=False),
    Column("asked_at", Moment),
    Column("status", String(32), nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("order_at", Moment),
    Column("order_seq", BigInteger),
    Column("by_hand_at", Moment),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("unclear_at", Moment),
    Column("last_asked_at", Moment),
    Column("asked_from", String(64), nullable=False, server_default=text("''")),
)
Index("ix_appointments_originator", appointments.c.originator, appointments.c.starts_at)
Index("ix_appointments_starts_at", appointments.c.starts_at, appointments.c.id)

appointment_events = Table(
    "appointment_events",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("appointment_id", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("what", String(32), nullable=False),
    Column("by", String(200), nullable=False),
    Column("message_key", String(64)),
    Column("old_status", String(32)),
    Column("new_status", String(32)),
    Column("detail", Why, nullable=False, server_default=text("''")),
)
Index("ix_appointment_events_appointment_id", appointment_events.c.appointment_id, appointment_events.c.seq)

reminders = Table(
    "reminders",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("appointment_id", String(64), nullable=False),
    Column("originator", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("status", String(16), nullable=False),
    Column("done_at", Moment),
    Column("reason", Why),
    Column("only", String(32)),
)
PLANNED = text("status = 'planned' AND key > ''")
partial_index("ix_reminders_due", reminders.c.next_at, reminders.c.key, where=PLANNED)
Index("ix_reminders_appointment_id", reminders.c.appointment_id)
Index("ix_reminders_originator", reminders.c.originator)
