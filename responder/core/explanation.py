"""Effects and steps as they are told in an explanation."""

from collections.abc import Mapping
from typing import Any

from responder.core.effects import (
    ChangeAppointment,
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Reply,
    SetField,
    SetLanguage,
    Subscribe,
    Unsubscribe,
    WebhookCall,
)
from responder.core.segments import size


def explained_effect(effect: Effect) -> Mapping[str, Any]:
    """An effect as ``{action, …settings filled in}``."""
    match effect:
        case Subscribe():
            return {"action": "subscribe", "list": effect.list}
        case Unsubscribe():
            return {"action": "unsubscribe", "list": effect.list}
        case OptOut():
            return {"action": "opt_out", "word": effect.word}
        case OptIn():
            return {"action": "opt_in", "word": effect.word}
        case ChangeAppointment():
            return {"action": "appointment", "id": effect.id, "status": str(effect.status)}
        case SetField():
            return {"action": "set", "name": effect.name, "value": effect.value}
        case SetLanguage():
            return {"action": "language", "language": effect.language}
        case OpenHandOff():
            return {"action": "hand_off", "reason": effect.reason}


def explained_step(draft: Reply | WebhookCall, held_back: str | None) -> Mapping[str, Any]:
    """A step as ``{action, …settings filled in}``; for a reply that does not go out, with the reason."""
    if isinstance(draft, WebhookCall):
        return {"action": "webhook", "to": draft.to, "data": dict(draft.data)}
    reply = {"action": "reply", "text": draft.text, "segments": size(draft.text).segments}
    return {**reply, "note": held_back} if held_back else reply
