"""Settings from the environment, `.env` and secret files."""
