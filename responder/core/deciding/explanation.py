"""Effects and steps as they are told in an explanation."""

from collections.abc import Mapping
from typing import Any

from responder.core.contact.effects import (
    Awaited,
    ChangeAppointment,
    Mute,
    OpenHandOff,
    OptIn,
    OptOut,
    Reply,
    SetField,
    SetLanguage,
    Subscribe,
    TellUnclear,
    Told,
    Unsubscribe,
    WebhookCall,
)
from responder.core.contact.question import Ask, CloseQuestion
from responder.core.rules.situation import Match
from responder.core.sms.durations import in_short
from responder.core.sms.timestamps import iso


def explained_match(match: Match) -> Mapping[str, Any]:
    """How a text met a rule; where it has a typo, also the words that it was taken for."""
    told = {"text": match.text, "groups": dict(match.groups), "rest": match.rest}
    return {**told, "taken_for": match.taken_for} if match.taken_for else told


def explained_effect(effect: Told) -> Mapping[str, Any]:
    """An effect as ``{action, …settings filled in}``."""
    match effect:
        case Subscribe():
            pending = {"status": "pending"} if effect.asks else {}
            return {"action": "subscribe", "list": effect.list, **pending}
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
            pause = {"pause": in_short(effect.pause)} if effect.pause else {}
            return {"action": "hand_off", "reason": effect.reason, **pause}
        case Ask() | CloseQuestion() | TellUnclear() | Mute():
            return _explained_talk(effect)


def _explained_talk(effect: Ask | CloseQuestion | TellUnclear | Mute) -> Mapping[str, Any]:
    match effect:
        case Mute():
            return {"action": "mute", "until": iso(effect.until)}
        case Ask(question=question):
            return {
                "action": "ask",
                "kind": str(question.kind),
                "choices": [choice.subject for choice in question.choices],
            }
        case CloseQuestion():
            return {"action": "close_question", "because": str(effect.happening)}
        case TellUnclear():
            return {"action": "tell_unclear", "id": effect.id}


def explained_step(draft: Reply | WebhookCall, held_back: str | None) -> Mapping[str, Any]:
    """A step as ``{action, …settings filled in}``; for a reply that does not go out, with the reason."""
    if isinstance(draft, WebhookCall):
        return {"action": "webhook", "to": draft.to, "data": dict(draft.data), **_answer(draft.awaited, held_back)}
    reply = {"action": "reply", "text": draft.text, "segments": draft.segments, **_later(draft)}
    notes = [note for note in (draft.note, held_back or draft.held_back) if note]
    return {**reply, "note": ", ".join(notes)} if notes else reply


def _later(reply: Reply) -> Mapping[str, Any]:
    """When a reply leaves that does not leave at once."""
    delay = {"delay": in_short(reply.delay)} if reply.delay else {}
    return {**delay, "leaves_at": iso(reply.leaves_at)} if reply.leaves_at else delay


def _answer(awaited: Awaited | None, held_back: str | None) -> Mapping[str, str]:
    """The texts that the answer of a call may lead to."""
    if awaited is None:
        return {}
    told = {"reply": awaited.text, "otherwise": awaited.otherwise, "note": held_back}
    return {name: text for name, text in told.items() if text}
