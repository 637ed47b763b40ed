"""What is in trouble, and opt-outs by a phrase, are found by indexes of their own: they are few among millions."""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
SCHEMA = "ba9099f86615"
TROUBLED = text("status IN ('dead', 'failed', 'uncertain')")
PHRASED = text("channel = 'sms_phrase'")


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_steps_troubled", "steps", ["seq"], sqlite_where=TROUBLED, postgresql_where=TROUBLED)
    op.create_index(
        "ix_consent_events_phrased", "consent_events", ["seq"], sqlite_where=PHRASED, postgresql_where=PHRASED
    )
