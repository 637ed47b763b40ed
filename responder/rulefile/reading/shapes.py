"""The parts that the JSON Schema of rules.yaml is built of."""

from collections.abc import Iterable, Mapping
from typing import Any

from responder.core.recognition.packs import ALWAYS
from responder.rulefile.reading.packs import load_packs

Schema = dict[str, Any]
SCALAR: Schema = {"type": ["string", "number", "boolean"]}  # YAML may take a text for a number or a boolean
MAYBE: Schema = {"type": ["string", "number", "boolean", "null"]}
FLAG: Schema = {"enum": [True, False, "yes", "no", "on", "off", "Yes", "No", "YES", "NO", "ON", "OFF", "true", "false"]}
MOMENT: Schema = {"not": {"type": ["object", "array"]}}  # some readers make a date of it, which a schema can't name
ANYTHING: Schema = {}


def known_languages() -> list[str]:
    """The languages that there are built-in words for."""
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
    """Values under names that the author chooses."""
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
