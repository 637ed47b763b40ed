"""How conditions are registered, read and told in words; and those on everything besides the text: who, where, when."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from responder.core.rules.conditions import Condition, FromOneOf, HasAppointment, InLanguage, OnList, ToOneOf
from responder.core.rules.hours import InHours, Since, Until
from responder.core.rules.matching import TextCondition
from responder.core.rules.rules import Rules
from responder.rulefile.reading.in_words import (
    LANGUAGES,
    MOMENT,
    SCALAR,
    InWords,
    Schema,
    either,
    object_of,
    one_language,
    one_or_many,
    title_in_words,
    values_after,
)
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Scalar, Sequence
from responder.rulefile.reading.reader import Fields, Reader, T, Wrong, is_empty, one_of, shown, text
from responder.rulefile.reading.scope import Scope
from responder.rulefile.reading.times import hours, since_in, until_in

R = TypeVar("R")
Read = Callable[[Node, Scope, Reader], R]
"""Reads the value of a condition, and notes what is wrong with it."""
DATE = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}")
STATES = {
    "open": "an appointment waits for an answer",
    "confirmed": "an appointment is confirmed",
    "none": "there is no appointment",
}
MEMBERSHIP = {"subscribed": True, "not_subscribed": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Key(Generic[R]):
    """A condition as a key below ``when``; ``manual`` is its sentence for editors."""

    read: Read[R]
    manual: str
    schema: Callable[[], Schema]
    in_words: InWords | None


TEXT_CONDITIONS: dict[str, Key[TextCondition]] = {}
CONDITIONS: dict[str, Key[Iterator[Condition]]] = {}
"""The conditions besides the text, in the order in which a rule checks them."""


def text_condition(
    name: str, manual: str, schema: Callable[[], Schema], in_words: InWords
) -> Callable[[Read[TextCondition]], Read[TextCondition]]:
    """Register a reader as the condition of this name on the text."""
    return _register(TEXT_CONDITIONS, name, manual, schema, in_words)


def condition(
    name: str, manual: str, schema: Callable[[], Schema], in_words: InWords | None
) -> Callable[[Read[Iterator[Condition]]], Read[Iterator[Condition]]]:
    """Register a reader as the condition of this name. Without words of its own, it is described as it was typed."""
    return _register(CONDITIONS, name, manual, schema, in_words)


def _register(
    keys: dict[str, Key[R]], name: str, manual: str, schema: Callable[[], Schema], in_words: InWords | None
) -> Callable[[Read[R]], Read[R]]:
    def register(read: Read[R]) -> Read[R]:
        keys[name] = Key(read=read, manual=manual, schema=schema, in_words=in_words)
        return read

    return register


def known_keys() -> Mapping[str, Key[Any]]:
    """Every key that may stand below ``when``."""
    return {**TEXT_CONDITIONS, **CONDITIONS}


def when_schema() -> Schema:
    """What editors know of ``when``."""
    keys = known_keys()
    return object_of(
        {name: key.schema() for name, key in keys.items()}, {name: key.manual for name, key in keys.items()}
    )


def read_when(node: Node, scope: Scope, reader: Reader) -> tuple[TextCondition | None, tuple[Condition, ...]]:
    """What a rule asks of the text, and what else it asks."""
    if is_empty(node):
        reader.note(node.place, "a rule has to ask something, add a condition such as 'text: News ON'")
        return None, ()
    with reader.fields(node, "condition", example="text: News ON") as fields:
        texts = [
            (name, given, key.read(given, scope, reader))
            for name, key in TEXT_CONDITIONS.items()
            if (given := fields.node(name))
        ]
        conditions = _others(fields, scope, reader)
    for name, surplus, _ in texts[1:]:
        remedy = f"keep {texts[0][0]!r} or {name!r}, and write another rule for the other"
        reader.note(surplus.place, f"a rule asks one thing of the text: {remedy}")
    return (texts[0][2] if texts else None), conditions


def _others(fields: Fields, scope: Scope, reader: Reader) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for name, key in CONDITIONS.items():
        if given := fields.node(name):
            found += key.read(given, scope, reader)
    _note_empty_season(found, fields, reader)
    return tuple(found)


def _note_empty_season(conditions: Collection[Condition], fields: Fields, reader: Reader) -> None:
    since = next((condition for condition in conditions if isinstance(condition, Since)), None)
    until = next((condition for condition in conditions if isinstance(condition, Until)), None)
    if since and until and since.moment >= until.moment and (node := fields.node("until")):
        reader.note(
            node.place,
            f"'until' ({until.source}) is not after 'since' ({since.source}), so the rule would never apply: "
            "change one of them",
        )


def _scalars() -> Schema:
    return one_or_many(SCALAR)


def _one(read: Callable[[Node], T], node: Node, reader: Reader) -> Iterator[T]:
    if (value := reader.attempt(read, node, None)) is not None:
        yield value


def _some(name: str, read: Callable[[Node], T], node: Node, reader: Reader) -> tuple[T, ...]:
    """The values of a condition; an empty list would ask for nothing at all."""
    if isinstance(node, Sequence) and is_empty(node):
        reader.note(node.place, f"{name!r} has an empty list, add a value or remove the condition")
    return reader.each(read, node)


def _number(node: Node, scope: Scope) -> str:
    """A telephone number; a date is none, though it has digits."""
    if DATE.match(text(node)):
        raise Wrong(node, f"{shown(text(node))} is a date, and here numbers stand: write 'since' or 'until' before it")
    return scope.address(node)


@condition("to", "The text went to one of these numbers.", _scalars, None)
def _to(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    if numbers := _some("to", partial(_number, scope=scope), node, reader):
        yield ToOneOf(numbers=frozenset(numbers))


@condition("from", "The text came from one of these numbers.", _scalars, values_after("it comes from"))
def _from(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    if numbers := _some("from", partial(_number, scope=scope), node, reader):
        yield FromOneOf(numbers=frozenset(numbers))


def _list_schema() -> Schema:
    words = {"subscribed": "The number is on this list.", "not_subscribed": "The number is not on this list."}
    return object_of(dict.fromkeys(words, SCALAR), words)


def _list_in_words(node: Node, rules: Rules) -> str:
    entries = node.entries if isinstance(node, MappingNode) else ()
    parts = (
        f"the number is {'not ' if key.text == 'not_subscribed' else ''}on the list {title_in_words(value.text, rules)}"
        for key, value in entries
        if isinstance(value, Scalar)
    )
    return either(parts, "and")


@condition("list", "The number is on a list, or is not.", _list_schema, _list_in_words)
def _list(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    with reader.fields(node) as fields:
        for key, subscribed in MEMBERSHIP.items():
            if name := fields.take(key, scope.list_name, ""):
                yield OnList(list=name, subscribed=subscribed)
    if is_empty(node):
        reader.note(node.place, "expected 'subscribed: LIST' or 'not_subscribed: LIST'")


@condition(
    "appointment",
    "The open appointment waits for an answer (open), or is confirmed; or there is none.",
    lambda: {"enum": list(STATES)},
    values_after("", STATES),
)
def _appointment(node: Node, _scope: Scope, reader: Reader) -> Iterator[Condition]:
    for state in _one(one_of(STATES, "state"), node, reader):
        yield HasAppointment(state=state)


@condition(
    "language",
    "The number uses one of these languages.",
    lambda: one_or_many(one_language()),
    values_after("the number uses", LANGUAGES),
)
def _language(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    if languages := _some("language", scope.language, node, reader):
        yield InLanguage(languages=frozenset(languages), default=scope.languages[0])


@condition(
    "hours",
    "The text comes within these hours, such as Mon-Fri 09:00-18:00.",
    _scalars,
    values_after("it comes within the hours"),
)
def _hours(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    if entries := _some("hours", hours, node, reader):
        spans = tuple(span for spans, _ in entries for span in spans)
        yield InHours(spans=spans, source=", ".join(source for _, source in entries), zone=scope.zone)


@condition("since", "The text comes at this time or later.", lambda: MOMENT, values_after("it comes since"))
def _since(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    for moment, source in _one(since_in(scope.zone), node, reader):
        yield Since(moment=moment, source=source, zone=scope.zone)


@condition("until", "The text comes before the end of this time.", lambda: MOMENT, values_after("it comes until"))
def _until(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    for moment, source in _one(until_in(scope.zone), node, reader):
        yield Until(moment=moment, source=source, zone=scope.zone)
