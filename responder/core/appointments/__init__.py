"""Appointments as they are brought in, and their reminders."""
