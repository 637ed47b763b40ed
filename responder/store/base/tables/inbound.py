"""What came in, who sent it, and what they agreed to."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, false, text

from responder.store.base.tables.columns import Moment, RowNumber, Why, metadata, partial_index

messages = Table(
    "messages",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
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
    Column("error", Why),
    Column("retried_by", String(200)),
)
# Each of these is for one question alone: PostgreSQL may take any index whose condition a query states, to read all.
IN_LINE = text("status = 'received' AND seq > 0")
WAITING = text("status = 'received' AND originator > ''")
FAILED = text("status = 'failed'")
MALFORMED = text("status = 'malformed'")
PAST = text("status <> 'received'")  # the others: one on its way in is in one index of originators alone
UNMATCHED = text("status = 'handled' AND (rule IS NULL OR rule = 'fallback')")
DECIDED = text("rule IS NOT NULL")
partial_index("ix_messages_rule", messages.c.rule, messages.c.seq, where=DECIDED)
partial_index("ix_messages_unmatched", messages.c.received_at, where=UNMATCHED)
partial_index("ix_messages_waiting", messages.c.seq, where=IN_LINE)
partial_index("ix_messages_waiting_originator", messages.c.originator, messages.c.seq, where=WAITING)
partial_index("ix_messages_failed", messages.c.seq, where=FAILED)
partial_index("ix_messages_malformed", messages.c.seq, where=MALFORMED)
partial_index("ix_messages_past_originator", messages.c.originator, messages.c.seq, where=PAST)

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
partial_index("ix_contacts_opted_out", contacts.c.opted_out, where=SILENT)

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
partial_index("ix_subscriptions_ending", subscriptions.c.ends_at, where=ENDING)

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
OF_A_LIST = text("list IS NOT NULL")
partial_index("ix_consent_events_list", consent_events.c.list, consent_events.c.recorded_at, where=OF_A_LIST)
PHRASED = text("channel = 'sms_phrase'")
partial_index("ix_consent_events_phrased", consent_events.c.seq, where=PHRASED)

erased = Table(
    "erased",
    metadata,
    Column("number_hash", String(64), primary_key=True),
    Column("erased_at", Moment, nullable=False),
)

erasures = Table(  # those that are under way, or were cut short
    "erasures",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("operator", String(200), nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("rest", Text),
)

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
    Column("reason", Why, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("holds_marketing", Boolean, nullable=False, server_default=false()),
    Column("pauses_until", Moment),
    Column("closed_by", String(200)),
    Column("note", Text),
    Column("in_hand_by", String(200)),
    Column("in_hand_since", Moment),
)
OPEN_HANDOFF = text("closed_at IS NULL")
partial_index("ix_handoffs_open", handoffs.c.originator, where=OPEN_HANDOFF)
HOLDING = text("holds_marketing AND closed_at IS NULL")
Index("ix_handoffs_originator", handoffs.c.originator)
partial_index("ix_handoffs_holding", handoffs.c.originator, where=HOLDING)
