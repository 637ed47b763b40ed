"""The first schema: an empty database gets the tables as they are, so there is nothing to change."""

revision = "0001"
down_revision = None
SCHEMA = "c5a891391b1d"


def upgrade() -> None:
    """Go forward."""
