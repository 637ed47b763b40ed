"""The first schema: an empty database gets the tables as they are, so there is nothing to change."""

revision = "0001"
down_revision = None
SCHEMA = "0e5dff934f9e"


def upgrade() -> None:
    """Go forward."""
