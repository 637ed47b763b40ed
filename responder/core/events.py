"""What webhooks can be told of beside rules: changes of consent, of appointments and of deliveries, and hand-offs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from responder.core.effects import ChangeAppointment, Effect, OpenHandOff, OptIn, OptOut, Subscribe, Unsubscribe
from responder.core.known import Known
from responder.core.message import Message
from responder.core.payload import changed_appointment_data, message_data
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


def happenings(effects: Iterable[Effect], message: Message, rule: str | None, before: Known, after: Known) -> Iterator[Happened]:
    """What the effects of a message are to others."""
    for effect in effects:
        match effect:
            case Subscribe() | Unsubscribe() | OptOut() | OptIn():
                yield Happened(event=Event.CONSENT_CHANGED, data=_consent(effect, message, rule))
            case ChangeAppointment(id=changed) if (was := before.appointment(changed)) and (became := after.appointment(changed)):
                told = {"appointment": changed_appointment_data(was, became), "message": message_data(message), "rule": rule}
                yield Happened(event=Event.APPOINTMENT_CHANGED, data=told)
            case OpenHandOff():
                yield Happened(event=Event.HANDOFF_OPENED, data={"reason": effect.reason, "message": message_data(message), "rule": rule})


def _kind(effect: Subscribe | Unsubscribe | OptOut | OptIn) -> str:
    if isinstance(effect, Subscribe) and effect.asks:
        return "opt_in_asked"
    return "opt_in" if isinstance(effect, Subscribe | OptIn) else "opt_out"


def _consent(effect: Subscribe | Unsubscribe | OptOut | OptIn, message: Message, rule: str | None) -> Mapping[str, Any]:
    """A change of consent; without a list it is about all that we send."""
    return {
        "originator": message.originator,
        "list": effect.list if isinstance(effect, Subscribe | Unsubscribe) else None,
        "event": _kind(effect),
        "at": iso(message.order.at),
        "message_key": message.key,
        "channel": str(message.channel),
        "rule": rule,
    }
