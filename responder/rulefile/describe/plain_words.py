"""Conditions and actions in plain words, also such as nobody wrote words for."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from responder.core.rules.actions import Action
from responder.core.rules.rules import Rules
from responder.core.rules.template import Template, Texts
from responder.core.sms.text import size
from responder.core.sms.times import in_short
from responder.rulefile.reading.in_words import LANGUAGES, as_typed, either, language_in_words, quoted, title_in_words
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.places import entry
from responder.rulefile.sections.conditions.circumstances import known_keys
from responder.rulefile.warnings.texts import longest, title_of

CHANGES = {
    "confirm": "confirms the appointment",
    "cancel": "cancels the appointment",
    "reschedule": "notes that another day is wanted",
}
VALUE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
CONDITION = {
    re.compile(r"\{%-?\s*if\s+(.*?)\s*-?%\}"): lambda found: f"[if {_spaced(found[1])}: ",
    re.compile(r"\{%-?\s*elif\s+(.*?)\s*-?%\}"): lambda found: f"; or if {_spaced(found[1])}: ",
    re.compile(r"\{%-?\s*else\s*-?%\}"): lambda _: "; otherwise: ",
    re.compile(r"\{%-?\s*endif\s*-?%\}"): lambda _: "]",
}
SHOWN_ELSEWHERE = (
    "text", "to", "data", "reply", "otherwise", "list", "fields", "change", "reason", "language", "action",
)  # fmt: skip


def condition_in_words(name: str, node: Node, rules: Rules) -> str:
    in_words = known_keys()[name].in_words
    return in_words(node, rules) if in_words else f"{name} is {as_typed(node)}"


def action_in_words(action: Action, node: Node | None, actions: tuple[Action, ...], rules: Rules) -> Iterator[str]:
    """What an action does, one line each."""
    title = title_of(actions, rules)
    extra = _further(node)
    match action.name:
        case "subscribe":
            yield f"puts the number on the list {title_in_words(_field(action, 'list'), rules)}{extra}"
        case "unsubscribe":
            name = _field(action, "list")
            off = "every list" if name == "all" else f"the list {title_in_words(name, rules)}"
            yield f"takes the number off {off}{extra}"
        case "reply":
            yield from (f"{line}{extra}" for line in texts_in_words("replies", getattr(action, "text", None), title))
        case "webhook":
            yield f"calls the system {quoted(_field(action, 'to'))}{_with_data(action)}{extra}"
            yield from texts_in_words("replies with its answer", getattr(action, "reply", None), title)
            yield from texts_in_words("without one within 5 seconds replies", getattr(action, "otherwise", None), title)
        case "appointment":
            yield f"{CHANGES.get(_field(action, 'change'), _field(action, 'change'))}{extra}"
        case "set":
            for name, template in getattr(action, "fields", {}).items():
                yield f"remembers {quoted(name)} as {quoted(without_templates(template.source))}{extra}"
        case "language":
            yield f"remembers that the number uses {language_in_words(_field(action, 'language'))}{extra}"
        case "hand_off":
            yield f"asks a person to look: {quoted(_field(action, 'reason'))}{_pause(action)}"
        case _:
            yield as_typed(node) if node else action.name


def _pause(action: Action) -> str:
    pause: timedelta | None = getattr(action, "pause", None)
    answers = "only answers STOP, START, HELP and what we asked"
    return f", and for {in_short(pause)}, or until that is done, {answers}" if pause else ""


def texts_in_words(verb: str, texts: Texts | None, title: str) -> Iterator[str]:
    """A text in each of its languages, with what it costs."""
    for language, template in sorted((texts.by_language if texts else {}).items(), key=lambda item: item[0] or ""):
        of_language = f" in {language_in_words(language)}" if language else ""
        yield f"{verb}{of_language}: {quoted(without_templates(template.source, title))} ({_cost(template, title)})"


def without_templates(source: str, title: str = "") -> str:
    """A text with its values and conditions as a person would write them.

    >>> without_templates("At {{ appointment.starts_at | time }}{% if contact.name %}, {{ contact.name }}{% endif %}.")
    'At [time of appointment starts at][if contact name: , [contact name]].'
    """
    plain = VALUE.sub(lambda found: title if found[1] == "list.title" and title else _value_in_words(found[1]), source)
    for sign, words in CONDITION.items():
        plain = sign.sub(words, plain)
    return plain


def _value_in_words(typed: str) -> str:
    name, *filters = (_spaced(part) for part in typed.split("|"))
    return f"[{' of '.join([*reversed(filters), name])}]"


def _spaced(name: str) -> str:
    return " ".join(name.replace(".", " ").replace("_", " ").split())


def _cost(template: Template, title: str) -> str:
    counted = size(longest(template, title)).segments
    return f"{'up to ' if '{' in template.source else ''}{counted} SMS"


def _field(action: Action, name: str) -> str:
    return str(getattr(action, name, ""))


def _with_data(action: Action) -> str:
    data: Mapping[str, Template] = getattr(action, "data", {})
    parts = (f"{name} {quoted(without_templates(template.source))}" for name, template in data.items())
    return f" with {either(parts, 'and')}" if data else ""


def _further(node: Node | None) -> str:
    """The settings of an action that have no words of their own."""
    found = node.entries[0][1] if isinstance(node, MappingNode) and node.entries else None
    entries = found.entries if isinstance(found, MappingNode) else ()
    others = [
        f"{key.text} {as_typed(value)}" for key, value in entries if key.text not in (*SHOWN_ELSEWHERE, *LANGUAGES)
    ]
    is_named = any(entry(found, name) for name in SHOWN_ELSEWHERE) if found else False
    return f" ({', '.join(others)})" if others and is_named else ""
