"""Hand-offs tell who has them in hand."""

from alembic import op
from sqlalchemy import Column, DateTime, String

revision = "0002"
down_revision = "0001"
SCHEMA = "b8c034c86433"
MOMENT = DateTime(timezone=True).with_variant(String(26), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.add_column("handoffs", Column("in_hand_by", String(200)))
    op.add_column("handoffs", Column("in_hand_since", MOMENT))
