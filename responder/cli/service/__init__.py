"""Commands that serve, and one that texts."""
