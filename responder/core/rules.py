"""The rules of a file, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from responder.core.actions import Action
from responder.core.conditions import Condition
from responder.core.matching import Answers, Index, TextCondition
from responder.core.policy import AppointmentPolicy
from responder.core.recognition import Confirmation
from responder.core.template import Texts
from responder.core.text import fold
from responder.core.words import Answer, Vocabulary

LEFT = "left"
"""The text for somebody who left only some lists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class List:
    """Something that people join and leave by text; with ``double_opt_in`` they are asked first, by ``question``."""

    name: str
    title: str
    double_opt_in: bool = False
    question: Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A system that wants to be called; without a secret the calls are unsigned. The secret never shows in a representation."""

    name: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One entry of ``rules``: what it asks of the text, what else it asks, and what it does."""

    name: str
    line: int
    text: TextCondition | None
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    goes_on: bool = False
    enabled: bool = True
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A rules file that was read without mistakes; ``hash`` names this version of it."""

    hash: str
    zone: ZoneInfo
    country: str
    languages: tuple[str, ...]
    vocabulary: Vocabulary
    reserved_texts: Mapping[str, Texts]
    """The texts that answer ``stop``, ``start`` and ``help``, and ``left`` for whoever left only some lists."""
    lists: Mapping[str, List]
    webhooks: Mapping[str, Webhook]
    rules: tuple[Rule, ...]
    fallback: tuple[Action, ...]
    appointments: AppointmentPolicy = field(default_factory=AppointmentPolicy)
    confirmation: Confirmation = Confirmation.OURS

    @cached_property
    def index(self) -> Index:
        """The rules by what they ask of the text."""
        return Index([rule.text if rule.enabled else None for rule in self.rules], [rule.enabled for rule in self.rules])

    @cached_property
    def list_words(self) -> Mapping[str, str]:
        """The lists by what people may call them, folded: the name first, then the title."""
        named = {fold(name): name for name in self.lists}
        return {fold(entry.title): name for name, entry in self.lists.items() if fold(entry.title)} | named

    @cached_property
    def list_titles(self) -> Mapping[str, str]:
        """The titles of the lists by their names."""
        return {name: entry.title for name, entry in self.lists.items()}

    def answers(self, answer: Answer) -> bool:
        """Whether some rule is for this answer to an appointment."""
        return any(rule.enabled and isinstance(rule.text, Answers) and answer in rule.text.wanted for rule in self.rules)
