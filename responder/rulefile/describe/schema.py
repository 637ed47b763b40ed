"""The JSON Schema of rules.yaml, with which editors complete and check while somebody types."""

import collections.abc
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any, get_origin

import responder.actions  # noqa: F401  (importing the package registers the actions)
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.recognition.outcome import Confirmation
from responder.core.recognition.packs import ALWAYS, Answer
from responder.core.rules.actions import ACTIONS, Action, LanguageName, ResponseTexts, setting_name
from responder.core.rules.template import Texts
from responder.rulefile.describe.schema_words import (
    ACTION,
    ALERTS,
    APPOINTMENTS,
    CONDITIONS,
    DEFAULTS,
    EXPECT,
    GIVEN,
    LIST,
    NUMBER,
    RESERVED,
    RULE,
    SETTINGS,
    TEST,
    TOP,
    VISIT,
    WEBHOOK,
)
from responder.rulefile.sections.conditions import STATES
from responder.rulefile.sections.packs import load_packs

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
SCALAR: Schema = {
    "type": ["string", "number", "boolean"]
}  # what an author means as a text, YAML may take for something else
MAYBE: Schema = {"type": ["string", "number", "boolean", "null"]}
FLAG: Schema = {"enum": [True, False, "yes", "no", "on", "off", "Yes", "No", "YES", "NO", "ON", "OFF", "true", "false"]}
MOMENT: Schema = {
    "not": {"type": ["object", "array"]}
}  # some readers make a date of it, for which a schema has no type
ANYTHING: Schema = {}


def rules_schema() -> Schema:
    """The schema of the whole language, as this version reads it."""
    return {
        "$schema": DRAFT,
        "title": "rules.yaml of responder",
        "description": "What happens to each text that comes in. 'responder check' tells more mistakes than a schema can.",
        **_object(_top(), TOP, required=("version",)),
        "definitions": {"then": _then(), "when": _when(), "texts": _texts(), "turn": _turn(), "expect": _expect()},
    }


def _top() -> dict[str, Schema]:
    return {
        "version": {"enum": [1, "1"]},
        "timezone": SCALAR,
        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "languages": _one_or_many(_language()),
        "lists": _named(_object(_list(), LIST), may_be_empty=True),
        "webhooks": _named(_object(_webhook(), WEBHOOK, required=("url",))),
        "reserved": _reserved(),
        "rules": {"type": "array", "items": _rule()},
        "fallback": _object({"then": _reference("then")}, {"then": RULE["then"]}, required=("then",)),
        "tests": {"type": "array", "items": _test()},
        "numbers": {
            "type": "object",
            "additionalProperties": {"anyOf": [_object({"prefix": SCALAR}, NUMBER), {"type": "null"}]},
        },
        "limits": {"type": "object"},
        "appointments": _appointments(),
        "defaults": _object({"cooldown": SCALAR, "typos": FLAG, "max_segments": SCALAR}, DEFAULTS),
        "include": _one_or_many({"type": "string"}),
        "alerts": _object({"webhook": SCALAR, "email": _one_or_many({"type": "string"}), "credit_low": SCALAR}, ALERTS),
    }


def _appointments() -> Schema:
    reminder = {
        "before": SCALAR,
        "text": _reference("texts"),
        "only": {"enum": ["scheduled", "confirmed"]},
        "valid_for": SCALAR,
    }
    texts = dict.fromkeys(("which", "late", "unclear"), _reference("texts"))
    reminders = _one_or_many(_object(reminder, APPOINTMENTS, required=("before", "text")))
    return _object({"window": SCALAR, **texts, "reminders": reminders, "quiet_hours": ANYTHING}, APPOINTMENTS)


def _list() -> dict[str, Schema]:
    return {"title": SCALAR, "double_opt_in": FLAG, "question": _reference("texts")}


def _webhook() -> dict[str, Schema]:
    return {
        "url": {"type": "string"},
        "secret": _one_or_many({"type": "string", "pattern": r"^\$\{"}),
        "events": _one_or_many({"type": "string"}),
    }


def _reserved() -> Schema:
    known = {"reply": _reference("texts"), "words": _one_or_many(SCALAR)}
    of_stop = {
        "left": _reference("texts"),
        "phrases": _one_or_many(SCALAR),
        "confirmation": {"enum": [str(kind) for kind in Confirmation]},
    }
    keyword = _object(known, RESERVED)
    return _object({"stop": _object(known | of_stop, RESERVED), "start": keyword, "help": keyword}, RESERVED)


def _rule() -> Schema:
    examples = {"match": _one_or_many(MAYBE), "no_match": _one_or_many(MAYBE)}
    known = {
        "name": SCALAR,
        "when": _reference("when"),
        "then": _reference("then"),
        "examples": _object(examples, RULE),
        "enabled": FLAG,
        "continue": FLAG,
        "cooldown": SCALAR,
        "typos": FLAG,
        "shadow": FLAG,
    }
    return _object(known, RULE, required=("name", "when", "then"))


def _when() -> Schema:
    words = _by_language(_one_or_many(SCALAR))
    lists = _object({"subscribed": SCALAR, "not_subscribed": SCALAR}, CONDITIONS)
    known = {
        "text": words,
        "starts_with": words,
        "contains": words,
        "pattern": _one_or_many(SCALAR),
        "answer": _by_language(_one_or_many({"enum": [str(answer) for answer in Answer]})),
        "to": _one_or_many(SCALAR),
        "from": _one_or_many(SCALAR),
        "list": lists,
        "appointment": {"enum": list(STATES)},
        "hours": _one_or_many(SCALAR),
        "since": MOMENT,
        "until": MOMENT,
        "language": _one_or_many(_language()),
    }
    return _object(known, CONDITIONS)


def _test() -> Schema:
    moments = dict.fromkeys(("starts_at", "asked_at"), MOMENT)
    visit = {**dict.fromkeys(("id", "name", "service", "location", "language"), SCALAR), **moments}
    statuses = {
        "type": "object",
        "additionalProperties": {"enum": [str(status) for status in SubscriptionStatus] + ["none"]},
    }
    given = {
        "subscriptions": {"anyOf": [_one_or_many(SCALAR), statuses]},
        "appointments": _one_or_many(_object({**visit, "status": _statuses()}, VISIT, required=("id", "starts_at"))),
        "fields": {"type": "object", "additionalProperties": MAYBE},
        "language": _language(),
        "opted_out": FLAG,
        "responses": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": MAYBE}},
        "paused_until": MOMENT,
        "messages": _one_or_many({"anyOf": [SCALAR, _reference("turn")]}),
    }
    known = {
        "name": SCALAR, "from": SCALAR, "to": SCALAR, "at": MOMENT, "expect": _reference("expect"), "given": _object(given, GIVEN),
        "text": MAYBE, "messages": _one_or_many({"anyOf": [SCALAR, _reference("turn")]}),
    }  # fmt: skip
    return _object(known, TEST, required=("name",))


def _turn() -> Schema:
    return _object({"text": MAYBE, "at": MOMENT, "expect": _reference("expect")}, TEST, required=("text",))


def _expect() -> Schema:
    statuses = {
        "type": "object",
        "additionalProperties": {"enum": [str(status) for status in SubscriptionStatus] + ["none"]},
    }
    known = {
        "rule": MAYBE,
        "steps": _one_or_many({"anyOf": [{"type": "string"}, {"type": "object"}]}),
        "replies": _one_or_many(SCALAR),
        "subscriptions": {"anyOf": [_one_or_many(SCALAR), statuses]},
        "appointment": {"type": "object", "additionalProperties": _statuses()},
        "fields": {"type": "object", "additionalProperties": MAYBE},
        "language": _language(),
    }
    return _object(known, EXPECT)


def _statuses() -> Schema:
    return {"enum": [str(status) for status in AppointmentStatus]}


def _then() -> Schema:
    """The actions, each with its settings, as their own fields say."""
    known = {name: _action(action) for name, action in sorted(ACTIONS.items())}
    one = {**_object(known, ACTION), "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _action(action: type[Action]) -> Schema:
    settings: tuple[Field[Any], ...] = fields(action)  # type: ignore[arg-type]  # every action is a dataclass (Action)
    known = {setting_name(setting): _setting(setting.type) for setting in settings}
    words = {
        name: SETTINGS.get(f"{action.name}.{name}", SETTINGS.get(name, f"The setting {name!r} of {action.name}."))
        for name in known
    }
    required = tuple(s.name for s in settings if s.default is MISSING and s.default_factory is MISSING)
    return {"anyOf": [_setting(settings[0].type), _object(known, words, required=required)]}


def _setting(kind: object) -> Schema:
    if kind in (Texts, Texts | None, ResponseTexts | None):
        return _reference("texts")
    if kind is LanguageName:
        return _language()
    if get_origin(kind) is collections.abc.Mapping:
        return {"type": "object", "additionalProperties": MAYBE}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(member) for member in kind]}
    return SCALAR if kind is str or hasattr(kind, "__supertype__") else ANYTHING


def _texts() -> Schema:
    return {"description": "A text, or one for each language; {{ values }} are filled in.", **_by_language(SCALAR)}


def _language() -> Schema:
    return {"enum": [language for language in load_packs() if language != ALWAYS]}


def _by_language(value: Schema) -> Schema:
    languages = [language for language in load_packs() if language != ALWAYS]
    in_languages = {
        "type": "object",
        "properties": dict.fromkeys(languages, value),
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"anyOf": [*(value.get("anyOf") or [value]), in_languages]}


def _one_or_many(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "array", "items": value}]}


def _named(value: Schema, *, may_be_empty: bool = False) -> Schema:
    entry = {"anyOf": [value, {"type": ["null", "string"], "maxLength": 0}]} if may_be_empty else value
    return {"type": "object", "propertyNames": {"pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}, "additionalProperties": entry}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _object(known: Mapping[str, Schema], words: Mapping[str, str], required: Iterable[str] = ()) -> Schema:
    """An object with these properties and no others, each with its description."""
    described = {name: _described(value, words[name]) for name, value in known.items()}
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": described, "additionalProperties": False, **needed}


def _described(value: Schema, words: str) -> Schema:
    """The property with its description; beside a reference, draft 7 reads nothing else."""
    return {"description": words, "allOf": [value]} if "$ref" in value else {"description": words, **value}
