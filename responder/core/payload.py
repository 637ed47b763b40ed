"""What a webhook is told (contract, section 6)."""

import json
from typing import Any

from responder.core.effects import WebhookCall
from responder.core.known import Appointment, Known
from responder.core.message import Message
from responder.core.situation import Match, Situation
from responder.core.timestamps import iso


def webhook_payload(
    call: WebhookCall, rule: str | None, match: Match, situation: Situation, after: Known, *, is_superseded: bool
) -> str:
    """The JSON of one webhook call; ``lists`` and ``appointment`` are as they stand after the message."""
    message = situation.message
    before = situation.appointment
    appointment = before and after.appointment(before.id)
    data: dict[str, Any] = {
        "message": message_data(message),
        "rule": rule,
        "match": {"text": match.text, **match.groups},
        "rest": match.rest,
        "lists": {name: str(subscription.status) for name, subscription in after.subscriptions.items()},
        "appointment": changed_appointment_data(before, appointment) if before and appointment else None,
        "data": dict(call.data),
    }
    if is_superseded:
        data["superseded"] = True
    return json.dumps({"type": "rule.matched", "timestamp": iso(message.received_at), "data": data}, ensure_ascii=False)


def changed_appointment_data(before: Appointment, after: Appointment) -> dict[str, Any]:
    """An appointment after a message, with the status that it had, and the number of its last change, which tells the newer of two calls."""
    return appointment_data(after) | {"old_status": str(before.status), "sequence": after.version}


def message_data(message: Message) -> dict[str, Any]:
    """A message with the fields of the contract, section 6."""
    return {
        "key": message.key,
        "originator": message.originator,
        "destination": message.destination,
        "text": message.text,
        "sent_at": iso(message.sent_at),
        "received_at": iso(message.received_at),
        "channel": str(message.channel),
    }


def appointment_data(appointment: Appointment) -> dict[str, Any]:
    """An appointment with the fields of the contract, section 7."""
    return {
        "id": appointment.id,
        "originator": appointment.originator,
        "starts_at": iso(appointment.starts_at),
        "name": appointment.name,
        "service": appointment.service,
        "location": appointment.location,
        "language": appointment.language,
        "status": str(appointment.status),
        "updated_at": iso(appointment.updated_at),
    }
