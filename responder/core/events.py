"""What webhooks can be told of beside rules: changes of consent, of appointments and of deliveries, and hand-offs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from responder.core.effects import (
    AppointmentStatus,
    ChangeAppointment,
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Subscribe,
    Unsubscribe,
)
from responder.core.known import Appointment, Known
from responder.core.message import Message
from responder.core.payload import appointment_data, changed_appointment_data, message_data
from responder.core.timestamps import iso


class Event(StrEnum):
    """Something that a webhook may ask for under ``events``."""

    CONSENT_CHANGED = "consent.changed"
    APPOINTMENT_CHANGED = "appointment.changed"
    DELIVERY_CHANGED = "delivery.changed"
    HANDOFF_OPENED = "handoff.opened"
    ALERT_OPENED = "alert.opened"
    ALERT_CLOSED = "alert.closed"
    CREDIT_LOW = "credit.low"


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """Something that happened, and what is told of it."""

    event: Event
    data: Mapping[str, Any]

    def as_json(self, at: datetime) -> str:
        """The body of a call."""
        return json.dumps({"type": str(self.event), "timestamp": iso(at), "data": self.data}, ensure_ascii=False)


def happenings(effects: Iterable[Effect], message: Message, rule: str | None, known: Known) -> Iterator[Happened]:
    """What the effects of a message are to others."""
    for effect in effects:
        match effect:
            case Subscribe() | Unsubscribe() | OptOut() | OptIn():
                yield Happened(event=Event.CONSENT_CHANGED, data=_consent(effect, message, rule))
            case ChangeAppointment(id=changed) if was := known.appointment(changed):
                known = known.after(effect, message)
                became = known.appointment(changed) or was
                told = {
                    "appointment": changed_appointment_data(was, became),
                    "message": message_data(message),
                    "rule": rule,
                }
                yield Happened(event=Event.APPOINTMENT_CHANGED, data=told)
            case OpenHandOff():
                yield Happened(
                    event=Event.HANDOFF_OPENED,
                    data={"reason": effect.reason, "message": message_data(message), "rule": rule},
                )


def _kind(effect: Subscribe | Unsubscribe | OptOut | OptIn) -> str:
    if isinstance(effect, Subscribe) and effect.asks:
        return "opt_in_asked"
    return "opt_in" if isinstance(effect, Subscribe | OptIn) else "opt_out"


def _consent(effect: Subscribe | Unsubscribe | OptOut | OptIn, message: Message, rule: str | None) -> Mapping[str, Any]:
    list_name = effect.list if isinstance(effect, Subscribe | Unsubscribe) else None
    change = _consent_data(message.originator, list_name, _kind(effect), message.order.at, str(message.channel))
    return change | {"message_key": message.key, "rule": rule}


def consent_changed(event: Mapping[str, Any]) -> Happened:
    """A change of consent that no text made by itself, from its event in the ledger: an operator did, or it was for a while."""
    change = _consent_data(event["originator"], event["list"], event["event"], event["at"], event["channel"])
    return Happened(
        event=Event.CONSENT_CHANGED, data=change | {"message_key": event["message_key"], "sequence": event["seq"]}
    )


def _consent_data(originator: str, list_name: str | None, kind: str, at: datetime, channel: str) -> dict[str, Any]:
    """A change of consent; without a list it is about all that we send."""
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
    """A new or moved appointment, as another system or an operator brought it."""
    old = {
        "old_status": str(before.status) if before else None,
        "old_starts_at": iso(before.starts_at) if before else None,
    }
    return _booked(appointment_data(after) | old | {"sequence": after.version})


def appointment_deleted(before: Appointment, number: int) -> Happened:
    """An appointment that will not be; ``number`` is that of its last change."""
    last = appointment_data(before) | {"status": str(AppointmentStatus.CANCELLED), "old_status": str(before.status)}
    return _booked(last | {"old_starts_at": iso(before.starts_at), "sequence": number, "deleted": True})


def _booked(appointment: Mapping[str, Any]) -> Happened:
    return Happened(event=Event.APPOINTMENT_CHANGED, data={"appointment": appointment, "message": None, "rule": None})
