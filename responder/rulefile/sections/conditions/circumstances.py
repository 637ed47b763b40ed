"""The conditions on everything besides the text: who, where, when."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from responder.core.rules.conditions import Condition, FromOneOf, HasAppointment, InLanguage, OnList, ToOneOf
from responder.core.rules.hours import InHours, Since, Until
from responder.core.rules.rules import Rules
from responder.rulefile.reading.in_words import (
    LANGUAGES,
    MOMENT,
    SCALAR,
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
from responder.rulefile.reading.reader import Reader, T, Wrong, is_empty, one_of, shown, text
from responder.rulefile.reading.scope import Scope
from responder.rulefile.reading.times import hours, since_in, until_in
from responder.rulefile.sections.conditions.registry import condition

DATE = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}")
STATES = {
    "open": "an appointment waits for an answer",
    "confirmed": "an appointment is confirmed",
    "none": "there is no appointment",
}
MEMBERSHIP = {"subscribed": True, "not_subscribed": False}


def _scalars() -> Schema:
    return one_or_many(SCALAR)


def _one(read: Callable[[Node], T], node: Node, reader: Reader) -> Iterator[T]:
    """The value, if it can be read."""
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
