"""The parts of plain words and of a JSON Schema, by which conditions and all the rest are described."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from responder.core.recognition.packs import ALWAYS
from responder.core.rules.rules import Rules
from responder.rulefile.reading.included import load_packs
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.places import scalars

LANGUAGES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian",
    "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
}  # fmt: skip
MARKS = "\\`*_<>[]|#"
InWords = Callable[[Node, Rules], str]
"""Gives the words for what the author wrote."""
Schema = dict[str, Any]
SCALAR: Schema = {"type": ["string", "number", "boolean"]}  # YAML may take a text for a number or a boolean
MAYBE: Schema = {"type": ["string", "number", "boolean", "null"]}
FLAG: Schema = {"enum": [True, False, "yes", "no", "on", "off", "Yes", "No", "YES", "NO", "ON", "OFF", "true", "false"]}
MOMENT: Schema = {"not": {"type": ["object", "array"]}}  # some readers make a date of it, which a schema can't name
ANYTHING: Schema = {}


def quoted(text: str) -> str:
    """A text in quotation marks, on one line, with nothing that Markdown would take for its own.

    >>> quoted("50% *off*")
    '“50% \\\\*off\\\\*”'
    """
    line = " / ".join(part.strip() for part in text.strip().splitlines())
    return f"“{''.join(f'{chr(92)}{c}' if c in MARKS else c for c in line)}”"


def either(values: Iterable[str], last: str = "or") -> str:
    """Words as a sentence lists them.

    >>> either(["a", "b", "c"])
    'a, b or c'
    """
    words = list(values)
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def language_in_words(language: str) -> str:
    return LANGUAGES.get(language, language)


def title_in_words(name: str, rules: Rules) -> str:
    """The title of a list, in quotation marks."""
    return quoted(rules.list_titles.get(name, name))


def as_typed(node: Node) -> str:
    """What the author wrote, where there are no better words for it."""
    if isinstance(node, MappingNode):
        return either((f"{key.text}: {as_typed(value)}" for key, value in node.entries), "and")
    return either(quoted(scalar.text) for scalar in scalars(node))


def words_after(beginning: str) -> InWords:
    """Words that quote what the author wrote, under each language if there are several."""

    def in_words(node: Node, _rules: Rules) -> str:
        if not isinstance(node, MappingNode):
            return f"{beginning} {either(quoted(scalar.text) for scalar in scalars(node))}"
        parts = (
            f"{either(quoted(s.text) for s in scalars(value))} ({language_in_words(key.text)})"
            for key, value in node.entries
        )
        return f"{beginning} {', or '.join(parts)}"

    return in_words


def values_after(beginning: str, names: Mapping[str, str] | None = None) -> InWords:
    """Words that list values, by other names where there are some."""

    def in_words(node: Node, _rules: Rules) -> str:
        return f"{beginning} {either((names or {}).get(scalar.text, scalar.text) for scalar in scalars(node))}".strip()

    return in_words


def known_languages() -> list[str]:
    return [language for language in load_packs() if language != ALWAYS]


def one_language() -> Schema:
    return {"enum": known_languages()}


def by_language(value: Schema) -> Schema:
    """A value, or one for each language."""
    in_languages = {
        "type": "object",
        "properties": dict.fromkeys(known_languages(), value),
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"anyOf": [*(value.get("anyOf") or [value]), in_languages]}


def one_or_many(value: Schema) -> Schema:
    """A value, or a list of them."""
    return {"anyOf": [value, {"type": "array", "items": value}]}


def named(value: Schema, *, may_be_empty: bool = False) -> Schema:
    entry = {"anyOf": [value, {"type": ["null", "string"], "maxLength": 0}]} if may_be_empty else value
    return {"type": "object", "propertyNames": {"pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}, "additionalProperties": entry}


def reference(name: str) -> Schema:
    """A part that is defined once for the whole schema."""
    return {"$ref": f"#/definitions/{name}"}


def object_of(known: Mapping[str, Schema], words: Mapping[str, str], required: Iterable[str] = ()) -> Schema:
    """An object with these properties and no others, each with its description."""
    described = {name: _described(value, words[name]) for name, value in known.items()}
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": described, "additionalProperties": False, **needed}


def _described(value: Schema, words: str) -> Schema:
    """The property with its description; draft 7 reads nothing else beside a reference."""
    return {"description": words, "allOf": [value]} if "$ref" in value else {"description": words, **value}
