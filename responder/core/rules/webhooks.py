"""The events that webhooks of the rules file may ask for."""

from enum import StrEnum


class Event(StrEnum):
    """Something that a webhook may ask for under ``events``."""

    MESSAGE_HANDLED = "message.handled"
    CONSENT_CHANGED = "consent.changed"
    APPOINTMENT_CHANGED = "appointment.changed"
    DELIVERY_CHANGED = "delivery.changed"
    HANDOFF_OPENED = "handoff.opened"
    HANDOFF_CLOSED = "handoff.closed"
    ALERT_OPENED = "alert.opened"
    ALERT_CLOSED = "alert.closed"
    CREDIT_LOW = "credit.low"
