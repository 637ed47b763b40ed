"""The rules of a file, as values."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from responder.core.contact.known import Known
from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.outcome import Confirmation, Recognition
from responder.core.recognition.packs import Answer
from responder.core.recognition.vocabulary import Vocabulary
from responder.core.rules.actions import Action
from responder.core.rules.appointments import AppointmentPolicy, Imports
from responder.core.rules.conditions import Condition, Cooldown
from responder.core.rules.hours import RulePause
from responder.core.rules.index import Index
from responder.core.rules.limits import Limits
from responder.core.rules.matching import Answers, Lenient, TextCondition, Words, match_answer
from responder.core.rules.sections import Alerts, Case, Event
from responder.core.rules.situation import Situation
from responder.core.rules.template import Texts
from responder.core.rules.typos import Nearness, Typos
from responder.core.sms.message import Message
from responder.core.sms.text import fold

KEYWORDS = ("stop", "start", "help")
"""The reserved keywords, as files and records name them."""
LEFT = "left"
ASK = "ask"
"""The text for somebody who left only some lists."""


EXAMPLE_NUMBER = "+390000000001"


@dataclass(frozen=True, kw_only=True, slots=True)
class List:
    """A list that people join and leave by text; with ``double_opt_in``, ``question`` is asked first."""

    name: str
    title: str
    double_opt_in: bool = False
    question: Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A system that is called by rules, and for the events that it asks for.

    Without a secret the calls are unsigned.

    There are several secrets while one is being changed. Neither they nor the URL show in a representation.
    """

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    events: frozenset[Event] = field(default=frozenset(), repr=False)

    @property
    def address(self) -> str:
        """A digest for the URL where that must not be shown."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """One of our own numbers. On a shared number, texts for us begin with the folded word ``prefix``."""

    prefix: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One entry of ``rules``: its condition on the text, its other conditions, and what it does."""

    name: str
    line: int
    text: TextCondition | None
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    goes_on: bool = False
    enabled: bool = True
    shadow: bool = False
    typos: bool = False
    cooldown: Cooldown | None = None
    file: str = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A rules file without mistakes; ``hash`` names this version of it."""

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
    limits: Limits = field(default_factory=Limits)
    alerts: Alerts = field(default_factory=Alerts)
    imports: Imports = field(default_factory=Imports)
    own_numbers: frozenset[str] = frozenset()
    """The number that all our texts leave from, if one is set, which is never answered."""
    tests: tuple[Case, ...] = ()
    numbers: Mapping[str, Number] = field(default_factory=dict)
    """Our own numbers, where the file tells of them."""
    pauses: Mapping[str, RulePause] = field(default_factory=dict)
    """The rules that a person has paused, by their names."""
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The text of each file that was read, by its name in mistakes; the rules file comes first."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read: the rules file, and those that it includes."""
        return tuple(self.sources)

    def with_pauses(self, pauses: Mapping[str, RulePause]) -> "Rules":
        """The same rules with these paused; what was made of them once, such as the index, stays."""
        rules = object.__new__(Rules)
        rules.__dict__.update(self.__dict__, pauses=pauses)
        return rules

    def why_paused(self, name: str, now: datetime) -> str | None:
        """Why a rule does not apply at a moment though nothing else is against it; None if it is not paused."""
        pause = self.pauses.get(name)
        return pause.reason(self.zone) if pause and pause.holds(now) else None

    @property
    def our_number(self) -> str:
        """The number that an example goes to: the first that the file names, or one that nobody has."""
        return next(iter(self.numbers), EXAMPLE_NUMBER)

    def situation(self, message: Message, known: Known) -> Situation:
        number = self.numbers.get(message.destination)
        return Situation(
            message=message,
            known=known,
            lexicon=self.vocabulary.of(message.originator),
            window=self.appointments.window,
            prefix=number.prefix if number else "",
            has_one_sender=bool(self.own_numbers),
        )

    @cached_property
    def index(self) -> Index:
        shadow = frozenset(position for position, rule in enumerate(self.rules) if rule.shadow)
        return Index(
            [rule.text if rule.enabled else None for rule in self.rules],
            [rule.enabled for rule in self.rules],
            self._typos,
            shadow,
        )

    @property
    def _typos(self) -> Lenient | None:
        lenient = [
            (position, rule.text)
            for position, rule in enumerate(self.rules)
            if rule.enabled and rule.typos and isinstance(rule.text, Words)
        ]
        reserved = [
            word
            for pack in self.vocabulary.packs.values()
            for words in (pack.opt_out, pack.opt_in, pack.help)
            for word in words
        ]
        return Typos(lenient, reserved).matches if lenient else None

    def webhooks_for(self, event: Event) -> frozenset[str]:
        return frozenset(webhook.name for webhook in self.webhooks.values() if event in webhook.events)

    @cached_property
    def events_told(self) -> frozenset[Event]:
        return frozenset(event for webhook in self.webhooks.values() for event in webhook.events)

    @cached_property
    def list_words(self) -> Mapping[str, str]:
        """The lists by what people may call them, folded: the name first, then the title."""
        named = {fold(name): name for name in self.lists}
        return {fold(entry.title): name for name, entry in self.lists.items() if fold(entry.title)} | named

    @cached_property
    def recognitions(self) -> dict[tuple[int, str, bool, bool], tuple[Recognition, Lexicon]]:
        """What short texts were recognised as, each with the words by which; none is kept on disk."""
        return {}

    @cached_property
    def by_name(self) -> Mapping[str, Rule]:
        return {rule.name: rule for rule in self.rules}

    @cached_property
    def nearness(self) -> Nearness:
        """The words of the rules that a text may be one letter off from."""
        return Nearness(
            (position, rule.text)
            for position, rule in enumerate(self.rules)
            if rule.enabled and isinstance(rule.text, Words)
        )

    @cached_property
    def list_titles(self) -> Mapping[str, str]:
        return {name: entry.title for name, entry in self.lists.items()}

    def answers(self, situation: Situation) -> bool:
        """Whether some rule is for what the text answers to an appointment."""
        return any(
            rule.enabled and isinstance(rule.text, Answers) and match_answer(rule.text, situation)
            for rule in self.rules
        )

    def answers_in(self, language: str | None, answer: Answer) -> bool:
        """Whether some rule is for this answer in the words of one language."""
        return any(
            rule.enabled and isinstance(rule.text, Answers) and (language, answer) in rule.text.in_languages
            for rule in self.rules
        )
