"""The tables as they are now; how they came to be stands in ``migrations``."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
    true,
)
from sqlalchemy.types import TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC: ``timestamptz`` on PostgreSQL, on SQLite a text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401  (a text or a datetime, by dialect)
        if value is None:
            return None
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        return _sortable(moment) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401
        if value is None:
            return None
        return datetime.fromisoformat(value).replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


@lru_cache(maxsize=1000)
def _sortable(moment: datetime) -> str:
    """A time in UTC as a text; kept, since most times in the rows of a batch are the same."""
    return moment.isoformat(" ", "microseconds")[:26]


Sequence = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up an INTEGER PRIMARY KEY only

messages = Table(
    "messages",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("channel", String(16), nullable=False),
    Column("gateway", String(32), nullable=False),
    Column("originator", String(64), nullable=False),
    Column("destination", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("date_time", String(64), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("sent_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("order_at", Moment, nullable=False),
    Column("answer_ms", Integer),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("lease_owner", String(64)),
    Column("lease_until", Moment),
    Column("handled_at", Moment),
    Column("rule", String(200)),
    Column("rules_hash", String(64)),
    Column("folded", Text),
    Column("language", String(16)),
    Column("is_superseded", Boolean, nullable=False, server_default=false()),
    Column("explanation", Text),
    Column("error", Text),
)
# PostgreSQL may take any index whose condition a query states, also to read all of it: each of these is for one question alone.
IN_LINE = text("status = 'received' AND seq > 0")
WAITING = text("status = 'received' AND originator > ''")
FAILED = text("status = 'failed'")
PAST = text(
    "status <> 'received'"
)  # the others, so that a message on its way in is written to one index of originators
Index("ix_messages_waiting", messages.c.seq, sqlite_where=IN_LINE, postgresql_where=IN_LINE)
Index(
    "ix_messages_waiting_originator",
    messages.c.originator,
    messages.c.seq,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("ix_messages_failed", messages.c.seq, sqlite_where=FAILED, postgresql_where=FAILED)
Index("ix_messages_past_originator", messages.c.originator, messages.c.seq, sqlite_where=PAST, postgresql_where=PAST)

contacts = Table(
    "contacts",
    metadata,
    Column("originator", String(64), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("language", String(16)),
    Column("language_at", Moment),
    Column("language_seq", BigInteger),
    Column("fields", Text, nullable=False, server_default=text("'{}'")),
    Column("field_orders", Text, nullable=False, server_default=text("'{}'")),
    Column("opted_out", Boolean, nullable=False, server_default=false()),
    Column("consent_at", Moment),
    Column("consent_seq", BigInteger),
    Column("by_hand_at", Moment),
    Column("rebooked_at", Moment),
    Column("confirmed_at", Moment),
    Column("muted_until", Moment),
    Column("stopped_at", Moment),
    Column("stop_order_at", Moment),
    Column("stop_order_seq", BigInteger),
)
SILENT = text("opted_out")
Index("ix_contacts_opted_out", contacts.c.opted_out, sqlite_where=SILENT, postgresql_where=SILENT)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("originator", String(64), primary_key=True),
    Column("list", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("since", Moment, nullable=False),
    Column("order_at", Moment),
    Column("order_seq", BigInteger),
    Column("by_hand_at", Moment),
    Column("taken_by_stop", Boolean, nullable=False),
    Column("ends_at", Moment),
)
Index("ix_subscriptions_list", subscriptions.c.list, subscriptions.c.status)
ENDING = text("ends_at IS NOT NULL AND status <> 'unsubscribed'")
Index("ix_subscriptions_ending", subscriptions.c.ends_at, sqlite_where=ENDING, postgresql_where=ENDING)

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
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("appointment_id", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("what", String(32), nullable=False),
    Column("by", String(32), nullable=False),
    Column("message_key", String(64)),
    Column("old_status", String(32)),
    Column("new_status", String(32)),
    Column("detail", Text, nullable=False, server_default=text("''")),
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
    Column("reason", String(200)),
    Column("only", String(32)),
)
PLANNED = text("status = 'planned' AND key > ''")
Index("ix_reminders_due", reminders.c.next_at, reminders.c.key, sqlite_where=PLANNED, postgresql_where=PLANNED)
Index("ix_reminders_appointment_id", reminders.c.appointment_id)

questions = Table(
    "questions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("originator", String(64), nullable=False),
    Column("destination", String(64), nullable=False),
    Column("intention", String(64), nullable=False),
    Column("choices", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("status", String(16), nullable=False),
    Column("closed_at", Moment),
    Column("closed_by", String(32)),
)
Index("ix_questions_originator", questions.c.originator, questions.c.asked_at)
uses = Table(
    "uses",
    metadata,
    Column("originator", String(64), primary_key=True),
    Column("of", String(128), primary_key=True),
    Column("used_at", Moment, nullable=False),
    Column("step_key", String(64)),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("message_key", String(32), primary_key=True),
    Column("originator", String(64), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("holds_marketing", Boolean, nullable=False, server_default=false()),
    Column("pauses_until", Moment),
    Column("closed_by", String(200)),
    Column("note", Text),
)
OPEN_HANDOFF = text("closed_at IS NULL")
Index("ix_handoffs_open", handoffs.c.originator, sqlite_where=OPEN_HANDOFF, postgresql_where=OPEN_HANDOFF)
HOLDING = text("holds_marketing AND closed_at IS NULL")
Index("ix_handoffs_holding", handoffs.c.originator, sqlite_where=HOLDING, postgresql_where=HOLDING)

steps = Table(
    "steps",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
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
    Column("last_error", Text),
    Column("gateway_id", String(200)),
    Column("submitted_at", Moment),
    Column("api", String(16)),
    Column("billed_segments", Integer),
    Column("delivered_at", Moment),
    Column("delivery_ms", BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("operator", String(200)),
)
REPLIES = text("kind = 'reply'")
UNDONE = text("status IN ('queued', 'sending') AND seq > 0")
Index(
    "ix_steps_undone", steps.c.kind, steps.c.next_attempt_at, steps.c.seq, sqlite_where=UNDONE, postgresql_where=UNDONE
)
LEASED = text("status = 'sending'")
Index("ix_steps_leased", steps.c.lease_until, sqlite_where=LEASED, postgresql_where=LEASED)
URGENT = text("kind = 'reply' AND purpose = 'confirmation' AND status IN ('queued', 'sending')")
Index("ix_steps_urgent", steps.c.next_attempt_at, steps.c.seq, sqlite_where=URGENT, postgresql_where=URGENT)
ORDINARY = text("kind = 'reply' AND purpose <> 'reminder' AND status = 'queued' AND originator > ''")
Index("ix_steps_ordinary", steps.c.next_attempt_at, steps.c.seq, sqlite_where=ORDINARY, postgresql_where=ORDINARY)
REMINDING = text("kind = 'reply' AND purpose = 'reminder' AND status IN ('queued', 'sending')")
Index("ix_steps_reminding", steps.c.next_attempt_at, steps.c.seq, sqlite_where=REMINDING, postgresql_where=REMINDING)
QUIET = text("kind = 'reply' AND status = 'queued' AND keeps_quiet")
Index("ix_steps_quiet", steps.c.next_attempt_at, sqlite_where=QUIET, postgresql_where=QUIET)
CALLS = text("kind = 'webhook' AND status IN ('queued', 'sending') AND recipient > ''")
Index("ix_steps_calls", steps.c.recipient, steps.c.next_attempt_at, sqlite_where=CALLS, postgresql_where=CALLS)
Index("ix_steps_message_key", steps.c.message_key)
Index("ix_steps_sent", steps.c.originator, steps.c.created_at, sqlite_where=REPLIES, postgresql_where=REPLIES)
GIVEN_UP = text("status = 'dead'")
Index("ix_steps_given_up", steps.c.updated_at, sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP)
SUBMITTED = text("submitted_at IS NOT NULL")  # replies alone, since of webhooks nobody reports
FARES = (
    steps.c.submitted_at,
    steps.c.api,
    steps.c.status,
    steps.c.delivery_ms,
    steps.c.segments,
    steps.c.billed_segments,
)
Index("ix_steps_submitted", *FARES, sqlite_where=SUBMITTED, postgresql_where=SUBMITTED)
NAMED = text("gateway_id IS NOT NULL")
Index("ix_steps_gateway_id", steps.c.gateway_id, sqlite_where=NAMED, postgresql_where=NAMED)

awaited = Table(
    "awaited",
    metadata,
    Column("step_key", String(64), primary_key=True),
    Column("originator", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("deadline_at", Moment, nullable=False),
)
Index("ix_awaited_deadline_at", awaited.c.deadline_at)

reports = Table(
    "reports",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("step_key", String(64)),
    Column("ids", Text, nullable=False),
    Column("reported", String(16), nullable=False),
    Column("word", String(64), nullable=False),
    Column("reason", Text),
    Column("part", Integer),
    Column("parts", Integer),
    Column("happened_at", Moment),
    Column("received_at", Moment, nullable=False),
)
STRAY = text("step_key IS NULL")
Index("ix_reports_step_key", reports.c.step_key)
Index("ix_reports_stray", reports.c.received_at, sqlite_where=STRAY, postgresql_where=STRAY)

holds = Table(
    "holds",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("probe_at", Moment, nullable=False),
)

consent_events = Table(
    "consent_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("originator", String(64)),
    Column("list", String(64)),
    Column("event", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("gateway", String(32)),
    Column("destination", String(64)),
    Column("text", Text),
    Column("folded", Text),
    Column("word", String(200)),
    Column("step", String(32)),
    Column("pack", String(64)),
    Column("rule", String(200)),
    Column("rules_hash", String(64)),
    Column("wording", Text),
    Column("message_key", String(32)),
    Column("confirmation_key", String(64)),
    Column("operator", String(200)),
    Column("reason", Text),
    Column("erases", Text),
    Column("salt", String(32)),
    Column("commitment", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
Index("ix_consent_events_originator", consent_events.c.originator)

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
    Column("reason", Text),
)

erased = Table(
    "erased",
    metadata,
    Column("number_hash", String(64), primary_key=True),
    Column("erased_at", Moment, nullable=False),
)

installation = Table(
    "installation",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Column("has_redis", Boolean, nullable=False),
    Column("rules_hash", String(64), nullable=False),
    Column("rules_are_ok", Boolean, nullable=False, server_default=true()),
)

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("sources", Text, nullable=False),
    Column("first_in_force_at", Moment, nullable=False),
    Column("in_force_at", Moment, nullable=False),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("place", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("seen_at", Moment, nullable=False),
    Column("last_mail_at", Moment),
    Column("lag_ms", BigInteger),
    Column("taken", BigInteger, nullable=False),
    Column("malformed", BigInteger, nullable=False),
    Column("left_alone", BigInteger, nullable=False),
    Column("failing_since", Moment),
)

balances = Table(
    "balances",
    metadata,
    Column("gateway", String(32), primary_key=True),
    Column("next_at", Moment, nullable=False),
    Column("amount", String(32)),
    Column("told_at", Moment),
    Column("failure", Text),
)

alerts = Table(
    "alerts",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("closed_at", Moment),
)
OPEN = text("closed_at IS NULL")
Index("ix_alerts_open", alerts.c.kind, alerts.c.subject, unique=True, sqlite_where=OPEN, postgresql_where=OPEN)

alert_mails = Table(
    "alert_mails",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("recipient", String(320), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("content", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment),
    Column("last_error", Text),
    Column("created_at", Moment, nullable=False),
)
UNSENT = text("status = 'queued'")
Index("ix_alert_mails_unsent", alert_mails.c.seq, sqlite_where=UNSENT, postgresql_where=UNSENT)

imports = Table(
    "imports",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("operator", String(200), nullable=False),
    Column("touched_at", Moment, nullable=False),
    Column("accepted_at", Moment),
    Column("done_at", Moment),
    Column("place", Integer, nullable=False, server_default=text("0")),
)
staged_appointments = Table(
    "staged_appointments",
    metadata,
    Column("import_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False),
    Column("originator", String(64), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("name", String(200), nullable=False),
    Column("service", String(200), nullable=False),
    Column("location", String(200), nullable=False),
    Column("language", String(16), nullable=False),
    Column("asked_at", Moment),
    Column("outcome", String(16)),
)
Index("ix_staged_appointments_originator", staged_appointments.c.originator)
staged_subscribers = Table(
    "staged_subscribers",
    metadata,
    Column("import_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("originator", String(64), nullable=False),
    Column("list", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("since", Moment),
    Column("language", String(16)),
    Column("evidence", Text, nullable=False),
    Column("outcome", String(16)),
)
Index("ix_staged_subscribers_originator", staged_subscribers.c.originator)
