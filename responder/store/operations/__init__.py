"""Alerts, credit and mailboxes in SQL."""
