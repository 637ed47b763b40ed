"""The HTTP client, and the one place that knows its library."""
