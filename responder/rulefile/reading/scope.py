"""What a file may refer to: its languages, lists and webhooks, and the values of its templates."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from responder.core.recognition.packs import Word
from responder.core.rules.conditions import Condition, HasAppointment
from responder.core.rules.matching import Answers, How, Pattern, TextCondition, Words
from responder.core.rules.rules import List, Webhook
from responder.core.rules.template import BadTemplate, Names, Template, Templates, Texts, did_you_mean
from responder.core.sms.address import SHORTEST_NUMBER, number_from
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Reader, Wrong, flag, is_empty, shown, text
from responder.rulefile.reading.times import NO_TIME, duration

MESSAGE = frozenset({"key", "originator", "destination", "text", "sent_at", "received_at"})
APPOINTMENT = frozenset({"id", "starts_at", "name", "service", "location", "status"})
LIST = frozenset({"name", "title"})
CONTACT = frozenset({"number", "language"})
# a field that an import may bring, so that a template may use it though no rule sets it
ALWAYS_ASKED = frozenset({"name"})
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")  # what a template can write after ``contact.``
ALL_LISTS = "all"
ELSEWHERE = {
    "rest": "in rules with the condition 'starts_with'",
    "list": "in rules with an action for one list, such as 'subscribe'",
    "response": "in the 'reply' of a webhook",
    "appointment": "in rules with the condition 'answer', 'appointment: open' or 'appointment: confirmed'",
}
NOTHING: frozenset[str] = frozenset()
MOST_SEGMENTS = 10  # what the longest text that is ever rendered takes


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What holds for a rule that does not say otherwise."""

    cooldown: timedelta = NO_TIME
    typos: bool = False
    max_segments: int | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of actions that the file gives a default of its own."""
        return {} if self.max_segments is None else {"max_segments": self.max_segments}


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The names that a file declares."""

    country: str
    zone: ZoneInfo
    languages: tuple[str, ...]
    lists: Mapping[str, List]
    webhooks: Mapping[str, Webhook]
    templates: Templates
    defaults: Defaults = field(default_factory=Defaults)
    opt_out: Mapping[str, Word] = field(default_factory=dict)
    """The folded words that always unsubscribe, which no rule can have as its whole text."""

    def list_name(self, node: Node) -> str:
        return self._declared(node, "list", self.lists, "lists")

    def list_or_all(self, node: Node) -> str:
        """The name of one of the lists, or ``all``."""
        return self._declared(node, "list", {**self.lists, ALL_LISTS: None}, "lists")

    def webhook_name(self, node: Node) -> str:
        return self._declared(node, "webhook", self.webhooks, "webhooks")

    def language(self, node: Node) -> str:
        return self._declared(node, "language", self.languages, "languages")

    def address(self, node: Node) -> str:
        """A telephone number in E.164, or a short code."""
        typed = text(node)
        if typed.isascii() and typed.isdigit() and len(typed) < SHORTEST_NUMBER:
            return typed
        try:
            return number_from(typed, self.country)
        except ValueError as error:
            raise Wrong(node, str(error)) from error

    def template(self, node: Node, names: Names, read: Callable[[Node], str] = text) -> Template:
        """A text whose values are among the names."""
        try:
            return self.templates.parse(read(node).rstrip("\n"), names, ELSEWHERE)
        except BadTemplate as bad:
            raise Wrong(node, str(bad)) from bad

    def texts(self, node: Node, names: Names, reader: Reader) -> Texts:
        """A text, or one for each of several languages."""
        if not isinstance(node, MappingNode) or is_empty(node):
            return Texts({None: self.template(node, names)})
        read = partial(self.template, names=names)
        return Texts(
            {
                reader.attempt(self.language, key, ""): reader.attempt(read, value, Template("", None))
                for key, value in node.entries
            }
        )

    def _declared(self, node: Node, kind: str, names: Collection[str], key: str) -> str:
        typed = text(node)
        if typed in names:
            return typed
        if "://" in typed:  # which may hold a token
            raise Wrong(
                node,
                f"a {kind} is written by its name: add it under {key!r} with this address, and write the name here",
            )
        likely = did_you_mean(typed, names)
        remedy = likely if likely.endswith("?") else f"{likely}{'; or' if likely else ','} add it under {key!r}"
        raise Wrong(node, f"unknown {kind} {shown(typed)}{remedy}")


def names_of(
    text: TextCondition | None, conditions: Sequence[Condition], listed: Collection[str], contact: Collection[str]
) -> Names:
    """The values that a rule's templates may use, given its conditions and the lists of its actions."""
    names: dict[str, frozenset[str]] = {
        "message": MESSAGE,
        "match": frozenset({"text"}) | (text.groups if isinstance(text, Pattern) else NOTHING),
        "contact": CONTACT | ALWAYS_ASKED | frozenset(contact),
        "now": NOTHING,
    }
    if isinstance(text, Words) and text.how is How.STARTS_WITH:
        names["rest"] = NOTHING
    if any(name != ALL_LISTS for name in listed):
        names["list"] = LIST
    if isinstance(text, Answers) or any(isinstance(c, HasAppointment) and c.state != "none" for c in conditions):
        names["appointment"] = APPOINTMENT
    return names


def read_defaults(node: Node | None, reader: Reader) -> Defaults:
    if node is None or is_empty(node):
        return Defaults()
    with reader.inside("defaults").fields(node, "default") as fields:
        return Defaults(
            cooldown=fields.take("cooldown", duration, NO_TIME),
            typos=fields.take("typos", flag, default=False),
            max_segments=fields.take("max_segments", segments, None),
        )


def segments(node: Node) -> int:
    typed = text(node)
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 2 and 1 <= int(typed) <= MOST_SEGMENTS):
        raise Wrong(node, f"{shown(typed)} is no number of segments, expected 1 to {MOST_SEGMENTS}")
    return int(typed)
