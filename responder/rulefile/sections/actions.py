"""The actions of a rule: ``then`` as values, read by the types of each action's fields."""

import collections.abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any, get_args, get_origin

import responder.actions  # noqa: F401  (importing the package registers the actions)
from responder.actions.reply import ReplyAction
from responder.actions.webhook import WebhookAction
from responder.core.outbound.webhook_replies import RESPONSE
from responder.core.rules.actions import (
    ACTIONS,
    Action,
    Delay,
    FieldName,
    LanguageName,
    ListName,
    ListOrAll,
    ResponseTexts,
    Segments,
    WebhookName,
    setting_name,
)
from responder.core.rules.conditions import AtMostOnce
from responder.core.rules.template import Names, Template, Texts
from responder.core.sms.text import size
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Scalar
from responder.rulefile.reading.reader import (
    Reader,
    Wrong,
    any_text,
    is_empty,
    member_of,
    shown,
    text,
    what_stands_there,
)
from responder.rulefile.reading.scope import CONTACT, FIELD, MOST_SEGMENTS, Scope, segments
from responder.rulefile.reading.times import duration

LONGEST_DELAY = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """An action whose name is known, while its settings are still nodes."""

    key: Scalar
    action: type[Action]
    settings: Mapping[str, Node]

    @property
    def list(self) -> str | None:
        """The list that templates of the same rule call ``list``, if the action names one."""
        node = self.settings.get(self.action.list_field or "")
        return node.text if isinstance(node, Scalar) else None

    @property
    def contact_fields(self) -> Iterator[str]:
        for setting in _settings(self.action):
            node = self.settings.get(setting.name)
            if isinstance(node, MappingNode) and FieldName in get_args(setting.type):
                yield from (key.text for key, _ in node.entries)


def read_drafts(node: Node, reader: Reader) -> tuple[Draft, ...]:
    """The actions that a rule names; those that there are."""
    if is_empty(node):
        reader.note(node.place, "no action stands here, add one such as '- reply: Thank you.'")
        return ()
    return tuple(draft for draft in reader.each(partial(_draft, reader=reader), node) if draft)


def _draft(node: Node, reader: Reader) -> Draft | None:
    if not isinstance(node, MappingNode) or is_empty(node):
        raise Wrong(node, f"expected an action with its setting, such as 'reply: Thank you.'{what_stands_there(node)}")
    (key, value), *others = node.entries
    for other, _ in others:
        if other.text in ACTIONS:
            reader.note(other.place, f"two actions in one entry, begin {other.text!r} with '- ' as well")
        else:
            reader.unknown(other, "action", ACTIONS)
    if key.text not in ACTIONS:
        reader.unknown(key, "action", ACTIONS)
        return None
    action = ACTIONS[key.text]
    return Draft(key=key, action=action, settings=_settings_given(action, value, reader))


def _settings_given(action: type[Action], node: Node, reader: Reader) -> Mapping[str, Node]:
    """The nodes of the settings; a value without a name is the first setting."""
    first, *_ = settings = _settings(action)
    names = [setting_name(setting) for setting in settings]
    if not isinstance(node, MappingNode) or (
        _takes_keys(first) and not any(key.text in names for key, _ in node.entries)
    ):
        return {first.name: node}
    with reader.inside(f"{reader.where}, {action.name}").fields(node, "setting") as given:
        return {name: value for name in names if (value := given.node(name)) is not None}


def build(draft: Draft, scope: Scope, names: Names, called: str, reader: Reader) -> Action | None:
    """The action of a draft.

    None if one of its settings is wrong. ``called`` is the name of its own that it is remembered by.
    """
    values: dict[str, Any] = {}
    for setting in _settings(draft.action):
        node = draft.settings.get(setting_name(setting))
        if node is not None:
            values[setting.name] = reader.attempt(_read(setting.type, scope, names, called, reader), node, None)
        elif setting.name in scope.defaults.settings:
            values[setting.name] = scope.defaults.settings[setting.name]
        elif setting.default is MISSING and setting.default_factory is MISSING:
            reader.note(draft.key.place, f"{draft.action.name} needs {setting.name!r}, add it")
            values[setting.name] = None
    if None in values.values():
        return None
    built = draft.action(**values)
    if isinstance(built, ReplyAction):
        _note_long_texts(built.text, built.max_segments, draft.settings["text"], reader)
    if isinstance(built, WebhookAction):
        _note_answer(built, draft.key, draft.settings, reader)
    return built


def _read(kind: object, scope: Scope, names: Names, called: str, reader: Reader) -> Callable[[Node], Any]:
    if get_origin(kind) is collections.abc.Mapping:
        key = _field_name if FieldName in get_args(kind) else any_text
        return partial(_templates, key=key, scope=scope, names=names, reader=reader)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return member_of(kind, "word")
    readers: Mapping[Any, Callable[[Node], Any]] = {
        str: text,
        ListName: scope.list_name,
        ListOrAll: scope.list_or_all,
        LanguageName: scope.language,
        WebhookName: scope.webhook_name,
        Texts: partial(scope.texts, names=names, reader=reader),
        Texts | None: partial(scope.texts, names=names, reader=reader),
        ResponseTexts | None: partial(scope.texts, names={**names, RESPONSE: None}, reader=reader),
        Segments: segments,
        timedelta: duration,
        timedelta | None: duration,
        Delay | None: _delay,
        AtMostOnce | None: partial(_once_per, called=called),
    }
    return readers[kind]


def _templates(
    node: Node, key: Callable[[Node], str], scope: Scope, names: Names, reader: Reader
) -> Mapping[str, Template]:
    if not isinstance(node, MappingNode):
        raise Wrong(node, "expected names with values, such as 'name: \"{{ message.text }}\"'")
    read = partial(scope.template, names=names, read=any_text)
    return {
        reader.attempt(key, name, ""): reader.attempt(read, value, Template("", None)) for name, value in node.entries
    }


def _field_name(node: Node) -> str:
    typed = text(node)
    if typed in CONTACT:
        raise Wrong(node, f"{typed!r} is kept by responder itself, choose another name")
    if not FIELD.fullmatch(typed):
        raise Wrong(node, f"{shown(typed)} is no name of a field: letters, digits and _, beginning with a letter")
    return typed


def _settings(action: type[Action]) -> tuple[Field[Any], ...]:
    return fields(action)  # type: ignore[arg-type]  # every action is a dataclass (Action)


def _takes_keys(setting: Field[Any]) -> bool:
    return setting.type is Texts or get_origin(setting.type) is collections.abc.Mapping


def _once_per(node: Node, called: str) -> AtMostOnce:
    return AtMostOnce(of=called, period=duration(node))


def _delay(node: Node) -> timedelta:
    """How long a reply waits before it leaves."""
    length = duration(node)
    if length > LONGEST_DELAY:
        raise Wrong(node, f"{shown(text(node))} is longer than {LONGEST_DELAY.days} days, make the delay shorter")
    return length


def _note_answer(call: WebhookAction, key: Scalar, settings: Mapping[str, Node], reader: Reader) -> None:
    """Keep what is wrong with the texts that a call may lead to."""
    if call.otherwise and not call.reply:
        remedy = "add for example 'reply: \"{{ response.text }}\"'"
        reader.note(key.place, f"'otherwise' is for where 'reply' cannot be made of the answer, {remedy}")
    for texts, name in ((call.reply, "reply"), (call.otherwise, "otherwise")):
        if texts:
            _note_long_texts(texts, call.max_segments, settings[name], reader)


def _note_long_texts(texts: Texts, most: int, node: Node, reader: Reader) -> None:
    """Keep the mistake of each text without values that takes more segments than it may."""
    in_languages = node.entries if isinstance(node, MappingNode) else ((None, node),)
    for key, value in in_languages:
        template = texts.by_language.get(key.text if key else None)
        if template is None or not template.is_fixed:
            continue
        length = size(template.source)
        if length.segments > most:
            problem = (
                f"the text takes {length.segments} segments ({length.encoding}, {length.units} "
                f"units), max_segments is {most}"
            )
            longer = (
                f", or set max_segments: {length.segments} for this reply" if length.segments <= MOST_SEGMENTS else ""
            )
            reader.note(value.place, f"{problem}: shorten it{longer}")
