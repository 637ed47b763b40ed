"""What a rule looks at: one message, folded once, and all that is known around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from responder.core.known import Appointment, Known
from responder.core.message import Message
from responder.core.text import fold
from responder.core.words import Answer, Lexicon


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A message with what is known of its originator; ``now`` is the moment of its arrival, so that a replay decides the same."""

    message: Message
    known: Known
    lexicon: Lexicon

    @property
    def now(self) -> datetime:
        return self.message.received_at

    @cached_property
    def folded(self) -> str:
        return fold(self.message.text)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(self.folded.split())

    @cached_property
    def open_appointments(self) -> tuple[Appointment, ...]:
        return self.known.open_appointments(self.now)

    @cached_property
    def appointment(self) -> Appointment | None:
        """The appointment that an answer is about; None while it could be about several."""
        return self.open_appointments[0] if len(self.open_appointments) == 1 else None

    @cached_property
    def answer(self) -> tuple[Answer, str | None] | None:
        """What the whole text answers, with the language of the word."""
        return self.lexicon.answers.get(self.folded)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How a text met a rule: the part that did, named groups as typed, what follows, and the language of the alias."""

    text: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""
    language: str | None = None
