"""Child processes, the embedded Redis, and the data directory."""
