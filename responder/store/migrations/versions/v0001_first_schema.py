"""The first schema: an empty database gets the tables as they are, so there is nothing to change."""

revision = "0001"
down_revision = None
SCHEMA = "38c7dab95a5b"


def upgrade() -> None:
    """Go forward."""
