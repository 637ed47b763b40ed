"""The messages that a rule decided are found by an index: one that seldom applies has few among millions."""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
SCHEMA = "fe933e45ee86"
DECIDED = text("rule IS NOT NULL")


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_messages_rule", "messages", ["rule", "seq"], sqlite_where=DECIDED, postgresql_where=DECIDED)
