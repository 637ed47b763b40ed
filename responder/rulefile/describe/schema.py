"""The JSON Schema of rules.yaml, with which editors complete and check while somebody types."""

import collections.abc
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any, get_origin

import responder.actions  # noqa: F401  (importing the package registers the actions)
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.recognition.outcome import Confirmation
from responder.core.rules.actions import ACTIONS, Action, LanguageName, ResponseTexts, setting_name
from responder.core.rules.appointments import SUBSCRIBER_COLUMNS
from responder.core.rules.template import Texts
from responder.core.sms.typed_times import DateForm, TimeForm
from responder.rulefile.describe import schema_words as words_of
from responder.rulefile.reading.in_words import (
    ANYTHING,
    FLAG,
    MAYBE,
    MOMENT,
    SCALAR,
    Schema,
    by_language,
    named,
    object_of,
    one_language,
    one_or_many,
    reference,
)
from responder.rulefile.sections.appointments import APPOINTMENT_TARGETS
from responder.rulefile.sections.conditions.circumstances import when_schema

DRAFT = "http://json-schema.org/draft-07/schema#"


def rules_schema() -> Schema:
    """The schema of the whole language, as this version reads it."""
    return {
        "$schema": DRAFT,
        "title": "rules.yaml of responder",
        "description": "What happens to each text that comes in. 'responder check' tells more mistakes "
        "than a schema can.",
        **object_of(_top(), words_of.TOP, required=("version",)),
        "definitions": {
            "then": _then(),
            "when": when_schema(),
            "texts": _texts(),
            "turn": _turn(),
            "expect": _expect(),
        },
    }


def _top() -> dict[str, Schema]:
    return {
        "version": {"enum": [1, "1"]},
        "timezone": SCALAR,
        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "languages": one_or_many(one_language()),
        "lists": named(object_of(_list(), words_of.LIST), may_be_empty=True),
        "webhooks": named(object_of(_webhook(), words_of.WEBHOOK, required=("url",))),
        "reserved": _reserved(),
        "rules": {"type": "array", "items": _rule()},
        "fallback": object_of({"then": reference("then")}, {"then": words_of.RULE["then"]}, required=("then",)),
        "tests": {"type": "array", "items": _test()},
        "numbers": {
            "type": "object",
            "additionalProperties": {"anyOf": [object_of({"prefix": SCALAR}, words_of.NUMBER), {"type": "null"}]},
        },
        "limits": {"type": "object"},
        "appointments": _appointments(),
        "defaults": object_of({"cooldown": SCALAR, "typos": FLAG, "max_segments": SCALAR}, words_of.DEFAULTS),
        "include": one_or_many({"type": "string"}),
        "alerts": object_of(
            {"webhook": SCALAR, "email": one_or_many({"type": "string"}), "credit_low": SCALAR}, words_of.ALERTS
        ),
        "imports": _imports(),
    }


def _imports() -> Schema:
    forms: dict[str, Schema] = {
        "dates": {"enum": [str(form) for form in DateForm]},
        "times": {"enum": [str(form) for form in TimeForm]},
    }
    appointments = {"columns": _columns(APPOINTMENT_TARGETS), **forms}
    subscribers = {"columns": _columns(SUBSCRIBER_COLUMNS), **forms, "evidence": SCALAR, "list": SCALAR}
    return object_of(
        {
            "appointments": object_of(appointments, words_of.IMPORTS),
            "subscribers": object_of(subscribers, words_of.IMPORTS),
        },
        words_of.IMPORTS,
    )


def _columns(targets: Sequence[str]) -> Schema:
    return {"type": "object", "additionalProperties": {"enum": list(targets)}}


def _appointments() -> Schema:
    reminder = {
        "before": SCALAR,
        "text": reference("texts"),
        "only": {"enum": ["scheduled", "confirmed"]},
        "valid_for": SCALAR,
    }
    texts = dict.fromkeys(("which", "late", "unclear"), reference("texts"))
    reminders = one_or_many(object_of(reminder, words_of.APPOINTMENTS, required=("before", "text")))
    return object_of(
        {"window": SCALAR, **texts, "reminders": reminders, "quiet_hours": ANYTHING}, words_of.APPOINTMENTS
    )


def _list() -> dict[str, Schema]:
    return {"title": SCALAR, "double_opt_in": FLAG, "question": reference("texts")}


def _webhook() -> dict[str, Schema]:
    return {
        "url": {"type": "string"},
        "secret": one_or_many({"type": "string", "pattern": r"^\$\{"}),
        "events": one_or_many({"type": "string"}),
    }


def _reserved() -> Schema:
    known = {"reply": reference("texts"), "words": one_or_many(SCALAR)}
    of_stop = {
        "left": reference("texts"),
        "ask": reference("texts"),
        "phrases": one_or_many(SCALAR),
        "confirmation": {"enum": [str(kind) for kind in Confirmation]},
    }
    keyword = object_of(known, words_of.RESERVED)
    return object_of(
        {"stop": object_of(known | of_stop, words_of.RESERVED), "start": keyword, "help": keyword}, words_of.RESERVED
    )


def _rule() -> Schema:
    examples = {"match": one_or_many(MAYBE), "no_match": one_or_many(MAYBE)}
    known = {
        "name": SCALAR,
        "when": reference("when"),
        "then": reference("then"),
        "examples": object_of(examples, words_of.RULE),
        "enabled": FLAG,
        "continue": FLAG,
        "cooldown": SCALAR,
        "typos": FLAG,
        "shadow": FLAG,
    }
    return object_of(known, words_of.RULE, required=("name", "when", "then"))


def _test() -> Schema:
    moments = dict.fromkeys(("starts_at", "asked_at"), MOMENT)
    visit = {**dict.fromkeys(("id", "name", "service", "location", "language"), SCALAR), **moments}
    given = {
        "subscriptions": _subscriptions(),
        "appointments": one_or_many(
            object_of({**visit, "status": _statuses()}, words_of.VISIT, required=("id", "starts_at"))
        ),
        "fields": {"type": "object", "additionalProperties": MAYBE},
        "language": one_language(),
        "opted_out": FLAG,
        "responses": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": MAYBE}},
        "paused_until": MOMENT,
        "messages": one_or_many({"anyOf": [SCALAR, reference("turn")]}),
    }
    known = {
        "name": SCALAR, "from": SCALAR, "to": SCALAR, "at": MOMENT, "expect": reference("expect"),
        "given": object_of(given, words_of.GIVEN), "text": MAYBE,
        "messages": one_or_many({"anyOf": [SCALAR, reference("turn")]}),
    }  # fmt: skip
    return object_of(known, words_of.TEST, required=("name",))


def _turn() -> Schema:
    return object_of({"text": MAYBE, "at": MOMENT, "expect": reference("expect")}, words_of.TEST, required=("text",))


def _expect() -> Schema:
    known = {
        "rule": MAYBE,
        "steps": one_or_many({"anyOf": [{"type": "string"}, {"type": "object"}]}),
        "replies": one_or_many(SCALAR),
        "subscriptions": _subscriptions(),
        "appointment": {"type": "object", "additionalProperties": _statuses()},
        "fields": {"type": "object", "additionalProperties": MAYBE},
        "language": one_language(),
    }
    return object_of(known, words_of.EXPECT)


def _subscriptions() -> Schema:
    statuses = {"enum": [*map(str, SubscriptionStatus), "none"]}
    return {"anyOf": [one_or_many(SCALAR), {"type": "object", "additionalProperties": statuses}]}


def _statuses() -> Schema:
    return {"enum": [str(status) for status in AppointmentStatus]}


def _then() -> Schema:
    known = {name: _action(action) for name, action in sorted(ACTIONS.items())}
    one = {**object_of(known, words_of.ACTION), "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _action(action: type[Action]) -> Schema:
    settings: tuple[Field[Any], ...] = fields(action)  # type: ignore[arg-type]  # every action is a dataclass (Action)
    known = {setting_name(setting): _setting(setting.type) for setting in settings}
    words = {setting_name(setting): _manual(action, setting) for setting in settings}
    required = tuple(s.name for s in settings if s.default is MISSING and s.default_factory is MISSING)
    return {"anyOf": [_setting(settings[0].type), object_of(known, words, required=required)]}


def _manual(action: type[Action], setting: Field[Any]) -> str:
    """The sentence about a setting: its own if it brings one, or else that of its name."""
    name = setting_name(setting)
    own: str | None = setting.metadata.get("manual")
    return (
        own
        or words_of.SETTINGS.get(f"{action.name}.{name}")
        or words_of.SETTINGS.get(name, f"The setting {name!r} of {action.name}.")
    )


def _setting(kind: object) -> Schema:
    if kind in (Texts, Texts | None, ResponseTexts | None):
        return reference("texts")
    if kind is LanguageName:
        return one_language()
    if get_origin(kind) is collections.abc.Mapping:
        return {"type": "object", "additionalProperties": MAYBE}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(member) for member in kind]}
    return SCALAR if kind is str or hasattr(kind, "__supertype__") else ANYTHING


def _texts() -> Schema:
    return {"description": "A text, or one for each language; {{ values }} are filled in.", **by_language(SCALAR)}
