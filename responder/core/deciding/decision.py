"""What was decided about a message: who speaks, how the text matched, what is to be done, and how that is explained."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from responder.core.contact.effects import (
    Awaited,
    ChangeAppointment,
    CloseDoubts,
    Effect,
    Explained,
    Mute,
    OpenHandOff,
    OptIn,
    OptOut,
    Reply,
    SetField,
    SetLanguage,
    Subscribe,
    TellUnclear,
    Unsubscribe,
    WebhookCall,
)
from responder.core.contact.question import Ask, CloseQuestion
from responder.core.contact.reasons import reason_as_json
from responder.core.recognition.outcome import NOTHING, Recognition
from responder.core.rules.actions import Action
from responder.core.rules.situation import Match, Situation
from responder.core.sms.times import in_short, iso

FALLBACK = "fallback"
QUESTION = "question"


@dataclass(frozen=True, kw_only=True, slots=True)
class Miss:
    """A rule whose text matched or nearly did, and why it does not apply."""

    rule: str
    line: int
    why: str

    def as_json(self) -> dict[str, Any]:
        """The miss as it is stored, its reason as a sentence and as a code with values."""
        return {"rule": self.rule, "line": self.line, **reason_as_json(self.why)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Who speaks, how the text matched, and what is to be done. ``name`` is that of the last rule that applied.

    ``turns`` are the decisions about the appointments that the text chose, each with its situation.
    """

    name: str | None
    match: Match = field(default_factory=Match)
    actions: tuple[tuple[Match, tuple[Action, ...]], ...] = ()
    cooldowns: tuple[tuple[str, ...], ...] = ()
    """The cooldowns of the rules of the ``actions``, in the same order."""
    effects: tuple[Effect, ...] = ()
    replies: tuple[Reply, ...] = ()
    misses: tuple[Miss, ...] = ()
    remembers_language: bool = False
    turns: tuple[tuple[Situation, "Decision"], ...] = ()
    shadowed: tuple["Decision", ...] = ()
    """What rules in shadow would have decided: explained, but not done."""
    answers_question: bool = False
    ignored: str | None = None  # why nobody answers, not even the fallback
    recognition: Recognition = NOTHING
    applied: tuple[str, ...] = ()
    """The names of all rules that applied."""
    later: tuple[int, ...] = ()
    """The positions of rules below that match as well."""

    @property
    def speaks(self) -> bool:
        """Whether this settles the message, or only notes what was seen on the way."""
        return self.name is not None or self.ignored is not None or bool(self.effects)

    @property
    def met(self) -> tuple[str, ...]:
        """The names of all rules that applied, and of those in shadow that would have."""
        if not self.shadowed:
            return self.applied
        return (*self.applied, *(name for decision in self.shadowed for name in decision.applied))

    def with_notes(self, earlier: "Decision") -> "Decision":
        """This decision, with what earlier authorities noted."""
        return replace(
            self,
            recognition=self.recognition if earlier.recognition is NOTHING else earlier.recognition,
            misses=(*earlier.misses, *self.misses),
            shadowed=(*earlier.shadowed, *self.shadowed),
        )


UNDECIDED = Decision(name=None)


def explained_match(match: Match) -> Mapping[str, Any]:
    """How a text met a rule, and what a text with a typo was taken for."""
    shown = {"text": match.text, "groups": dict(match.groups), "rest": match.rest}
    return {**shown, "taken_for": match.taken_for} if match.taken_for else shown


def explained_effect(effect: Explained) -> Mapping[str, Any]:  # noqa: C901, PLR0912  (one case for each kind of effect)
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
        case Mute():
            return {"action": "mute", "until": iso(effect.until)}
        case Ask(question=question):
            choices = [choice.subject for choice in question.choices]
            return {"action": "ask", "kind": str(question.kind), "choices": choices}
        case CloseQuestion():
            return {"action": "close_question", "because": str(effect.happening)}
        case CloseDoubts():
            return {"action": "end_doubt"}
        case TellUnclear():
            return {"action": "tell_unclear", "id": effect.id}


def explained_step(out: Reply | WebhookCall, held_back: str | None) -> Mapping[str, Any]:
    """A step as ``{action, …settings filled in}``; for a reply that does not go out, with the reason."""
    if isinstance(out, WebhookCall):
        return {"action": "webhook", "to": out.to, "data": dict(out.data), **_answer(out.awaited, held_back)}
    delay = {"delay": in_short(out.delay)} if out.delay else {}
    leaves_at = {"leaves_at": iso(out.leaves_at)} if out.leaves_at else {}
    notes = [note for note in (out.note, held_back or out.held_back) if note]
    note = {"note": notes[0] if len(notes) == 1 else ", ".join(notes)} if notes else {}
    return {"action": "reply", "text": out.text, "segments": out.segments, **delay, **leaves_at, **note}


def _answer(awaited: Awaited | None, held_back: str | None) -> Mapping[str, str]:
    if awaited is None:
        return {}
    shown = {"reply": awaited.text, "otherwise": awaited.otherwise, "note": held_back}
    return {name: text for name, text in shown.items() if text}
