"""Steps on their way into the queue."""
