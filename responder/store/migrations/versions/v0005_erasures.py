"""An erasure that is cut short is finished by a worker, which has to know of it."""

from alembic import op
from sqlalchemy import Column, DateTime, String, Text

revision = "0005"
down_revision = "0004"
SCHEMA = "3e30a841bc00"
MOMENT = DateTime(timezone=True).with_variant(String(26), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "erasures",
        Column("number", String(64), primary_key=True),
        Column("operator", String(200), nullable=False),
        Column("began_at", MOMENT, nullable=False),
        Column("rest", Text),
    )
