"""The installation: its processes, what needs a person, and files on their way in."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text, true

from responder.store.base.tables.columns import Moment, RowNumber, Why, metadata, partial_index

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
    Column("version", String(100)),
)

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("sources", Text, nullable=False),
    Column("first_in_force_at", Moment, nullable=False),
    Column("in_force_at", Moment, nullable=False),
    Column("by", String(200)),
    Column("why", Text),
)

rule_drafts = Table(
    "rule_drafts",
    metadata,
    Column("operator", String(200), primary_key=True),
    Column("text", Text, nullable=False),
    Column("based_on", String(64), nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("saving", String(64)),
    Column("why", Text),
)

rule_changes = Table(
    "rule_changes",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("hash", String(64), nullable=False),
    Column("since", Moment, nullable=False),
    Column("by", String(200)),
    Column("why", Why),
)

rule_pauses = Table(
    "rule_pauses",
    metadata,
    Column("rule", String(200), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("by", String(200), nullable=False),
    Column("why", Text, nullable=False),
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
partial_index("ix_alerts_open", alerts.c.kind, alerts.c.subject, unique=True, where=OPEN)

alert_mails = Table(
    "alert_mails",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
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
partial_index("ix_alert_mails_unsent", alert_mails.c.seq, where=UNSENT)

imports = Table(
    "imports",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
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
    Column("status", String(32)),
    Column("updated_at", Moment),
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

repeats = Table(
    "repeats",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("is_done", Boolean, nullable=False),
    Column("subject", String(200), nullable=False),
)
Index("ix_repeats_begun_at", repeats.c.begun_at)

events = Table(
    "events",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),  # of the last event in the row
    Column("many", Integer, nullable=False),
    Column("type", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("abouts", Text, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, even when all rows are gone
)
