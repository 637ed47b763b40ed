"""Webhooks of the rules file, and the events that they are told of."""

from enum import StrEnum


class Event(StrEnum):
    """Something that a webhook may ask for under ``events``."""

    CONSENT_CHANGED = "consent.changed"
    APPOINTMENT_CHANGED = "appointment.changed"
    DELIVERY_CHANGED = "delivery.changed"
    HANDOFF_OPENED = "handoff.opened"
    ALERT_OPENED = "alert.opened"
    ALERT_CLOSED = "alert.closed"
    CREDIT_LOW = "credit.low"
