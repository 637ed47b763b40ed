"""Appointments in SQL, with their reminders and history."""
