"""What leaves: steps, what waits for them, and what became of them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, false, text

from responder.store.base.tables.columns import Moment, RowNumber, Why, metadata, partial_index

steps = Table(
    "steps",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("message_key", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("originator", String(64), nullable=False),
    Column("recipient", String(64), nullable=False),
    Column("sender", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("expires_at", Moment),
    Column("arrived_at", Moment),
    Column("keeps_quiet", Boolean, nullable=False, server_default=false()),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment),
    Column("lease_owner", String(64)),
    Column("lease_until", Moment),
    Column("last_error", Why),
    Column("gateway_id", String(200)),
    Column("submitted_at", Moment),
    Column("api", String(16)),
    Column("billed_segments", Integer),
    Column("delivered_at", Moment),
    Column("delivery_ms", BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("operator", String(200)),
    Column("retried_by", String(200)),
)
REPLIES = text("kind = 'reply'")
UNDONE = text("status IN ('queued', 'sending') AND seq > 0")
partial_index("ix_steps_undone", steps.c.kind, steps.c.next_attempt_at, steps.c.seq, where=UNDONE)
LEASED = text("status = 'sending'")
partial_index("ix_steps_leased", steps.c.lease_until, where=LEASED)
URGENT = text("kind = 'reply' AND purpose = 'confirmation' AND status IN ('queued', 'sending')")
partial_index("ix_steps_urgent", steps.c.next_attempt_at, steps.c.seq, where=URGENT)
ORDINARY = text("kind = 'reply' AND purpose <> 'reminder' AND status = 'queued' AND originator > ''")
partial_index("ix_steps_ordinary", steps.c.next_attempt_at, steps.c.seq, where=ORDINARY)
REMINDING = text("kind = 'reply' AND purpose = 'reminder' AND status IN ('queued', 'sending')")
partial_index("ix_steps_reminding", steps.c.next_attempt_at, steps.c.seq, where=REMINDING)
QUIET = text("kind = 'reply' AND status = 'queued' AND keeps_quiet")
partial_index("ix_steps_quiet", steps.c.next_attempt_at, where=QUIET)
CALLS = text("kind = 'webhook' AND status IN ('queued', 'sending') AND recipient > ''")
partial_index("ix_steps_calls", steps.c.recipient, steps.c.next_attempt_at, where=CALLS)
Index("ix_steps_message_key", steps.c.message_key)
partial_index("ix_steps_sent", steps.c.originator, steps.c.created_at, where=REPLIES)
WEBHOOK_CALLS = text("kind = 'webhook'")
partial_index("ix_steps_called_about", steps.c.originator, where=WEBHOOK_CALLS)  # an erasure finds them at once
GIVEN_UP = text("status = 'dead'")
partial_index("ix_steps_given_up", steps.c.updated_at, where=GIVEN_UP)
TROUBLED = text("status IN ('dead', 'failed', 'uncertain')")
partial_index("ix_steps_troubled", steps.c.seq, where=TROUBLED)
SUBMITTED = text("submitted_at IS NOT NULL")  # replies alone, since of webhooks nobody reports
FARES = (
    steps.c.submitted_at,
    steps.c.api,
    steps.c.status,
    steps.c.delivery_ms,
    steps.c.segments,
    steps.c.billed_segments,
)
partial_index("ix_steps_submitted", *FARES, where=SUBMITTED)
NAMED = text("gateway_id IS NOT NULL")
partial_index("ix_steps_gateway_id", steps.c.gateway_id, where=NAMED)

awaited = Table(
    "awaited",
    metadata,
    Column("step_key", String(64), primary_key=True),
    Column("originator", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("deadline_at", Moment, nullable=False),
)
Index("ix_awaited_deadline_at", awaited.c.deadline_at)
Index("ix_awaited_originator", awaited.c.originator)

reports = Table(
    "reports",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("step_key", String(64)),
    Column("ids", Text, nullable=False),
    Column("reported", String(16), nullable=False),
    Column("word", String(64), nullable=False),
    Column("reason", Why),
    Column("part", Integer),
    Column("parts", Integer),
    Column("happened_at", Moment),
    Column("received_at", Moment, nullable=False),
)
STRAY = text("step_key IS NULL")
Index("ix_reports_step_key", reports.c.step_key)
partial_index("ix_reports_stray", reports.c.received_at, where=STRAY)

holds = Table(
    "holds",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("reason", Why, nullable=False),
    Column("probe_at", Moment, nullable=False),
)

spend = Table(
    "spend",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("texts", Integer, nullable=False),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("address", String(32), nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("open_until", Moment),
    Column("disabled_at", Moment),
    Column("reason", Why),
)


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
