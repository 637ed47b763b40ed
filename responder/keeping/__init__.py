"""Backups: one file with all that an installation needs, and the way back from it."""
