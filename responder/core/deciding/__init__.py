"""One message becomes one plan, and says why."""
