"""The first schema: an empty database gets the tables as they are, so there is nothing to change."""

revision = "0001"
down_revision = None
SCHEMA = "e207bb67424c"


def upgrade() -> None:
    """Go forward."""
