"""What was decided about a message: who speaks, how the text matched, and what is to be done."""

from dataclasses import dataclass, field, replace
from typing import Any

from responder.core.contact.effects import Effect, Reply
from responder.core.contact.reasons import reason_as_json
from responder.core.recognition.outcome import NOTHING, Recognition
from responder.core.rules.actions import Action
from responder.core.rules.situation import Match, Situation

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
