"""What the stories of faults need of a running service."""

from tests.end_to_end.conftest import receiver, shared

__all__ = ["receiver", "shared"]  # the fixtures
