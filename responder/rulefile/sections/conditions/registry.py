"""The registry of conditions: how each is read, shown to editors and put in plain words."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from responder.core.rules.conditions import Condition
from responder.core.rules.hours import Since, Until
from responder.core.rules.matching import TextCondition
from responder.rulefile.reading.in_words import InWords, Schema, object_of
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Fields, Reader, is_empty
from responder.rulefile.reading.scope import Scope

R = TypeVar("R")
Read = Callable[[Node, Scope, Reader], R]
"""Reads the value of a condition, and notes what is wrong with it."""


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
