"""Events that webhooks can subscribe to: changes of consent and of appointments, and hand-offs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.contact.changes import after_effect
from responder.core.contact.effects import (
    AppointmentStatus,
    ChangeAppointment,
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Subscribe,
    Unsubscribe,
    WebhookCall,
)
from responder.core.contact.known import Appointment, Known
from responder.core.rules.sections import Event
from responder.core.rules.situation import Match, Situation
from responder.core.sms.message import Message
from responder.core.sms.times import iso


def webhook_payload(
    call: WebhookCall, rule: str | None, match: Match, situation: Situation, after: Known, *, is_superseded: bool
) -> str:
    """The JSON of one webhook call; ``lists`` and ``appointment`` show the state after the message."""
    message, before = situation.message, situation.appointment
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
    """An appointment after a message, with its former status; its ``sequence`` says which of two calls is newer."""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """An event, and the data that its calls carry."""

    event: Event
    data: Mapping[str, Any]

    def as_json(self, at: datetime) -> str:
        return json.dumps({"type": str(self.event), "timestamp": iso(at), "data": self.data}, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRecord:
    """An event with its number, for whoever missed its call."""

    seq: int
    type: Event
    timestamp: datetime
    data: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Its fields; what was erased since is null."""
        return {"seq": self.seq, "type": str(self.type), "timestamp": iso(self.timestamp), "data": dict(self.data)}


def happenings(effects: Iterable[Effect], message: Message, rule: str | None, known: Known) -> Iterator[Happened]:
    for effect in effects:
        match effect:
            case Subscribe() | Unsubscribe() | OptOut() | OptIn():
                yield Happened(event=Event.CONSENT_CHANGED, data=_consent(effect, message, rule))
            case ChangeAppointment(id=changed) if was := known.appointment(changed):
                known = after_effect(known, effect, message)
                became = known.appointment(changed) or was
                changed_data = changed_appointment_data(was, became)
                data = {"appointment": changed_data, "message": message_data(message), "rule": rule}
                yield Happened(event=Event.APPOINTMENT_CHANGED, data=data)
            case OpenHandOff():
                data = {"reason": effect.reason, "message": message_data(message), "rule": rule}
                yield Happened(event=Event.HANDOFF_OPENED, data=data)


def message_handled(message: Message, rule: str | None, *, is_superseded: bool) -> Iterator[Happened]:
    """A text that was handled, whatever was decided about it."""
    data: dict[str, Any] = {"message": message_data(message), "rule": rule}
    yield Happened(event=Event.MESSAGE_HANDLED, data=data | ({"superseded": True} if is_superseded else {}))


def handoff_closed(data: Mapping[str, Any]) -> Happened:
    """A hand-off that a person has closed, with the fields of its record."""
    return Happened(event=Event.HANDOFF_CLOSED, data=data)


def _kind(effect: Subscribe | Unsubscribe | OptOut | OptIn) -> str:
    if isinstance(effect, Subscribe) and effect.asks:
        return "opt_in_asked"
    return "opt_in" if isinstance(effect, Subscribe | OptIn) else "opt_out"


def _consent(effect: Subscribe | Unsubscribe | OptOut | OptIn, message: Message, rule: str | None) -> Mapping[str, Any]:
    list_name = effect.list if isinstance(effect, Subscribe | Unsubscribe) else None
    change = _consent_data(message.originator, list_name, _kind(effect), message.order.at, str(message.channel))
    return change | {"message_key": message.key, "rule": rule}


def consent_changed(event: Mapping[str, Any]) -> Happened:
    """A change of consent that no text made: an operator did, or a subscription ended."""
    change = _consent_data(event["originator"], event["list"], event["event"], event["at"], event["channel"])
    return Happened(
        event=Event.CONSENT_CHANGED, data=change | {"message_key": event["message_key"], "sequence": event["seq"]}
    )


def _consent_data(originator: str, list_name: str | None, kind: str, at: datetime, channel: str) -> dict[str, Any]:
    """A change of consent; without a list it is about all texts."""
    return {
        "originator": originator,
        "list": list_name,
        "event": kind,
        "at": iso(at),
        "message_key": None,
        "channel": channel,
        "rule": None,
    }


def appointment_booked(before: Appointment | None, after: Appointment) -> Happened:
    """A new or moved appointment, from another system or an operator."""
    old = {
        "old_status": str(before.status) if before else None,
        "old_starts_at": iso(before.starts_at) if before else None,
    }
    return _booked(appointment_data(after) | old | {"sequence": after.version})


def appointment_deleted(before: Appointment, number: int) -> Happened:
    """A deleted appointment; ``number`` is that of its last change."""
    last = appointment_data(before) | {"status": str(AppointmentStatus.CANCELLED), "old_status": str(before.status)}
    return _booked(last | {"old_starts_at": iso(before.starts_at), "sequence": number, "deleted": True})


def _booked(appointment: Mapping[str, Any]) -> Happened:
    return Happened(event=Event.APPOINTMENT_CHANGED, data={"appointment": appointment, "message": None, "rule": None})
