"""The first schema."""

import sqlalchemy as sa
from alembic import op

from responder.store.base.tables import Moment, Sequence

revision = "0001"
down_revision = None

IN_LINE = sa.text("status = 'received' AND seq > 0")
WAITING = sa.text("status = 'received' AND originator > ''")
FAILED = sa.text("status = 'failed'")
PAST = sa.text("status <> 'received'")
HOLDING = sa.text("holds_marketing AND closed_at IS NULL")
OPEN_HANDOFF = sa.text("closed_at IS NULL")
SILENT = sa.text("opted_out")
ENDING = sa.text("ends_at IS NOT NULL AND status <> 'unsubscribed'")
PLANNED = sa.text("status = 'planned' AND key > ''")
URGENT = sa.text("kind = 'reply' AND purpose = 'confirmation' AND status IN ('queued', 'sending')")
ORDINARY = sa.text("kind = 'reply' AND purpose <> 'reminder' AND status = 'queued' AND originator > ''")
REMINDING = sa.text("kind = 'reply' AND purpose = 'reminder' AND status IN ('queued', 'sending')")
QUIET = sa.text("kind = 'reply' AND status = 'queued' AND keeps_quiet")
CALLS = sa.text("kind = 'webhook' AND status IN ('queued', 'sending') AND recipient > ''")
REPLIES = sa.text("kind = 'reply'")
UNDONE = sa.text("status IN ('queued', 'sending') AND seq > 0")
LEASED = sa.text("status = 'sending'")
GIVEN_UP = sa.text("status = 'dead'")
SUBMITTED = sa.text("submitted_at IS NOT NULL")
NAMED = sa.text("gateway_id IS NOT NULL")
STRAY = sa.text("step_key IS NULL")
OPEN = sa.text("closed_at IS NULL")
UNSENT = sa.text("status = 'queued'")


def upgrade() -> None:
    """Go forward."""
    _messages()
    _contacts()
    _subscriptions()
    _appointments()
    _appointment_events()
    _reminders()
    _questions()
    _uses()
    _handoffs()
    _steps()
    _awaited()
    _reports()
    _holds()
    _consent_events()
    _erased()
    _spend()
    _endpoints()
    _installation()
    _workers()
    _rule_versions()
    _mailboxes()
    _balances()
    _alerts()
    _alert_mails()
    _imports()


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("seq", Sequence, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("gateway", sa.String(32), nullable=False),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("destination", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("date_time", sa.String(64), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("sent_at", Moment),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("order_at", Moment, nullable=False),
        sa.Column("answer_ms", sa.Integer),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("lease_until", Moment),
        sa.Column("handled_at", Moment),
        sa.Column("rule", sa.String(200)),
        sa.Column("rules_hash", sa.String(64)),
        sa.Column("folded", sa.Text),
        sa.Column("language", sa.String(16)),
        sa.Column("is_superseded", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("explanation", sa.Text),
        sa.Column("error", sa.Text),
    )
    op.create_index("ix_messages_waiting", "messages", ["seq"], sqlite_where=IN_LINE, postgresql_where=IN_LINE)
    of_phone = ["originator", "seq"]
    op.create_index(
        "ix_messages_waiting_originator", "messages", of_phone, sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_index("ix_messages_failed", "messages", ["seq"], sqlite_where=FAILED, postgresql_where=FAILED)
    op.create_index(
        "ix_messages_past_originator", "messages", ["originator", "seq"], sqlite_where=PAST, postgresql_where=PAST
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("originator", sa.String(64), primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("language_at", Moment),
        sa.Column("language_seq", sa.BigInteger),
        sa.Column("fields", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("field_orders", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("opted_out", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("consent_at", Moment),
        sa.Column("consent_seq", sa.BigInteger),
        sa.Column("by_hand_at", Moment),
        sa.Column("rebooked_at", Moment),
        sa.Column("confirmed_at", Moment),
        sa.Column("muted_until", Moment),
        sa.Column("stopped_at", Moment),
        sa.Column("stop_order_at", Moment),
        sa.Column("stop_order_seq", sa.BigInteger),
    )
    op.create_index("ix_contacts_opted_out", "contacts", ["opted_out"], sqlite_where=SILENT, postgresql_where=SILENT)


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("originator", sa.String(64), primary_key=True),
        sa.Column("list", sa.String(64), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("order_at", Moment),
        sa.Column("order_seq", sa.BigInteger),
        sa.Column("by_hand_at", Moment),
        sa.Column("taken_by_stop", sa.Boolean, nullable=False),
        sa.Column("ends_at", Moment),
    )
    op.create_index("ix_subscriptions_list", "subscriptions", ["list", "status"])
    op.create_index(
        "ix_subscriptions_ending", "subscriptions", ["ends_at"], sqlite_where=ENDING, postgresql_where=ENDING
    )


def _appointments() -> None:
    op.create_table(
        "appointments",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("location", sa.String(200), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("asked_at", Moment),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("order_at", Moment),
        sa.Column("order_seq", sa.BigInteger),
        sa.Column("by_hand_at", Moment),
        sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("unclear_at", Moment),
        sa.Column("last_asked_at", Moment),
        sa.Column("asked_from", sa.String(64), nullable=False, server_default=sa.text("''")),
    )
    op.create_index("ix_appointments_originator", "appointments", ["originator", "starts_at"])
    op.create_index("ix_appointments_starts_at", "appointments", ["starts_at", "id"])


def _appointment_events() -> None:
    op.create_table(
        "appointment_events",
        sa.Column("seq", Sequence, primary_key=True, autoincrement=True),
        sa.Column("appointment_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("message_key", sa.String(64)),
        sa.Column("old_status", sa.String(32)),
        sa.Column("new_status", sa.String(32)),
        sa.Column("detail", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    op.create_index("ix_appointment_events_appointment_id", "appointment_events", ["appointment_id", "seq"])


def _reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("appointment_id", sa.String(64), nullable=False),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("next_at", Moment, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("done_at", Moment),
        sa.Column("reason", sa.String(200)),
        sa.Column("only", sa.String(32)),
    )
    op.create_index("ix_reminders_due", "reminders", ["next_at", "key"], sqlite_where=PLANNED, postgresql_where=PLANNED)
    op.create_index("ix_reminders_appointment_id", "reminders", ["appointment_id"])


def _questions() -> None:
    op.create_table(
        "questions",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("destination", sa.String(64), nullable=False),
        sa.Column("intention", sa.String(64), nullable=False),
        sa.Column("choices", sa.Text, nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("closed_at", Moment),
        sa.Column("closed_by", sa.String(32)),
    )
    op.create_index("ix_questions_originator", "questions", ["originator", "asked_at"])


def _uses() -> None:
    op.create_table(
        "uses",
        sa.Column("originator", sa.String(64), primary_key=True),
        sa.Column("of", sa.String(128), primary_key=True),
        sa.Column("used_at", Moment, nullable=False),
        sa.Column("step_key", sa.String(64)),
    )


def _handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("message_key", sa.String(32), primary_key=True),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
        sa.Column("holds_marketing", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("pauses_until", Moment),
        sa.Column("closed_by", sa.String(200)),
        sa.Column("note", sa.Text),
    )
    op.create_index(
        "ix_handoffs_open", "handoffs", ["originator"], sqlite_where=OPEN_HANDOFF, postgresql_where=OPEN_HANDOFF
    )
    op.create_index("ix_handoffs_holding", "handoffs", ["originator"], sqlite_where=HOLDING, postgresql_where=HOLDING)


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("seq", Sequence, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("message_key", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("expires_at", Moment),
        sa.Column("arrived_at", Moment),
        sa.Column("keeps_quiet", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", Moment),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("lease_until", Moment),
        sa.Column("last_error", sa.Text),
        sa.Column("gateway_id", sa.String(200)),
        sa.Column("submitted_at", Moment),
        sa.Column("api", sa.String(16)),
        sa.Column("billed_segments", sa.Integer),
        sa.Column("delivered_at", Moment),
        sa.Column("delivery_ms", sa.BigInteger),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("operator", sa.String(200)),
    )
    op.create_index(
        "ix_steps_undone", "steps", ["kind", "next_attempt_at", "seq"], sqlite_where=UNDONE, postgresql_where=UNDONE
    )
    op.create_index("ix_steps_leased", "steps", ["lease_until"], sqlite_where=LEASED, postgresql_where=LEASED)
    in_turn = ["next_attempt_at", "seq"]
    op.create_index("ix_steps_urgent", "steps", in_turn, sqlite_where=URGENT, postgresql_where=URGENT)
    op.create_index("ix_steps_ordinary", "steps", in_turn, sqlite_where=ORDINARY, postgresql_where=ORDINARY)
    op.create_index("ix_steps_reminding", "steps", in_turn, sqlite_where=REMINDING, postgresql_where=REMINDING)
    op.create_index("ix_steps_quiet", "steps", ["next_attempt_at"], sqlite_where=QUIET, postgresql_where=QUIET)
    op.create_index(
        "ix_steps_calls", "steps", ["recipient", "next_attempt_at"], sqlite_where=CALLS, postgresql_where=CALLS
    )
    op.create_index("ix_steps_message_key", "steps", ["message_key"])
    op.create_index(
        "ix_steps_sent", "steps", ["originator", "created_at"], sqlite_where=REPLIES, postgresql_where=REPLIES
    )
    op.create_index("ix_steps_given_up", "steps", ["updated_at"], sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP)
    submitted = ["submitted_at", "api", "status", "delivery_ms", "segments", "billed_segments"]
    op.create_index("ix_steps_submitted", "steps", submitted, sqlite_where=SUBMITTED, postgresql_where=SUBMITTED)
    op.create_index("ix_steps_gateway_id", "steps", ["gateway_id"], sqlite_where=NAMED, postgresql_where=NAMED)


def _awaited() -> None:
    op.create_table(
        "awaited",
        sa.Column("step_key", sa.String(64), primary_key=True),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("deadline_at", Moment, nullable=False),
    )
    op.create_index("ix_awaited_deadline_at", "awaited", ["deadline_at"])


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("seq", Sequence, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("step_key", sa.String(64)),
        sa.Column("ids", sa.Text, nullable=False),
        sa.Column("reported", sa.String(16), nullable=False),
        sa.Column("word", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("part", sa.Integer),
        sa.Column("parts", sa.Integer),
        sa.Column("happened_at", Moment),
        sa.Column("received_at", Moment, nullable=False),
    )
    op.create_index("ix_reports_step_key", "reports", ["step_key"])
    op.create_index("ix_reports_stray", "reports", ["received_at"], sqlite_where=STRAY, postgresql_where=STRAY)


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("since", Moment, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("probe_at", Moment, nullable=False),
    )


def _consent_events() -> None:
    op.create_table(
        "consent_events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("originator", sa.String(64)),
        sa.Column("list", sa.String(64)),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("gateway", sa.String(32)),
        sa.Column("destination", sa.String(64)),
        sa.Column("text", sa.Text),
        sa.Column("folded", sa.Text),
        sa.Column("word", sa.String(200)),
        sa.Column("step", sa.String(32)),
        sa.Column("pack", sa.String(64)),
        sa.Column("rule", sa.String(200)),
        sa.Column("rules_hash", sa.String(64)),
        sa.Column("wording", sa.Text),
        sa.Column("message_key", sa.String(32)),
        sa.Column("confirmation_key", sa.String(64)),
        sa.Column("operator", sa.String(200)),
        sa.Column("reason", sa.Text),
        sa.Column("erases", sa.Text),
        sa.Column("salt", sa.String(32)),
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_consent_events_originator", "consent_events", ["originator"])


def _spend() -> None:
    op.create_table(
        "spend",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("texts", sa.Integer, nullable=False),
    )


def _endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("address", sa.String(32), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", Moment),
        sa.Column("open_until", Moment),
        sa.Column("disabled_at", Moment),
        sa.Column("reason", sa.Text),
    )


def _erased() -> None:
    op.create_table(
        "erased",
        sa.Column("number_hash", sa.String(64), primary_key=True),
        sa.Column("erased_at", Moment, nullable=False),
    )


def _installation() -> None:
    op.create_table(
        "installation",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("has_redis", sa.Boolean, nullable=False),
        sa.Column("rules_hash", sa.String(64), nullable=False),
        sa.Column("rules_are_ok", sa.Boolean, nullable=False, server_default=sa.true()),
    )


def _rule_versions() -> None:
    op.create_table(
        "rule_versions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("first_in_force_at", Moment, nullable=False),
        sa.Column("in_force_at", Moment, nullable=False),
    )


def _mailboxes() -> None:
    op.create_table(
        "mailboxes",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("last_mail_at", Moment),
        sa.Column("lag_ms", sa.BigInteger),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("malformed", sa.BigInteger, nullable=False),
        sa.Column("left_alone", sa.BigInteger, nullable=False),
        sa.Column("failing_since", Moment),
    )


def _balances() -> None:
    op.create_table(
        "balances",
        sa.Column("gateway", sa.String(32), primary_key=True),
        sa.Column("next_at", Moment, nullable=False),
        sa.Column("amount", sa.String(32)),
        sa.Column("told_at", Moment),
        sa.Column("failure", sa.Text),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
    )
    op.create_index(
        "ix_alerts_open", "alerts", ["kind", "subject"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def _alert_mails() -> None:
    op.create_table(
        "alert_mails",
        sa.Column("seq", Sequence, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", Moment),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_index("ix_alert_mails_unsent", "alert_mails", ["seq"], sqlite_where=UNSENT, postgresql_where=UNSENT)


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("seq", Sequence, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("operator", sa.String(200), nullable=False),
        sa.Column("touched_at", Moment, nullable=False),
        sa.Column("accepted_at", Moment),
        sa.Column("done_at", Moment),
        sa.Column("place", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "staged_appointments",
        sa.Column("import_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("location", sa.String(200), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("asked_at", Moment),
        sa.Column("outcome", sa.String(16)),
    )
    op.create_index("ix_staged_appointments_originator", "staged_appointments", ["originator"])
    op.create_table(
        "staged_subscribers",
        sa.Column("import_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("originator", sa.String(64), nullable=False),
        sa.Column("list", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("since", Moment),
        sa.Column("language", sa.String(16)),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16)),
    )
    op.create_index("ix_staged_subscribers_originator", "staged_subscribers", ["originator"])
