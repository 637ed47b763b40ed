"""What an action is given, and the effects and steps it may ask for.

The actions themselves are in ``responder.actions``, one file each.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar, NewType, TypeVar

from responder.core.contact.effects import Effect, Reply, WebhookCall
from responder.core.contact.known import Appointment, Known
from responder.core.rules.appointments import appointment_values
from responder.core.rules.situation import Match, Situation
from responder.core.rules.template import Template, Texts

ListName = NewType("ListName", str)
"""A field of this type holds the name of one of the file's lists."""
ListOrAll = NewType("ListOrAll", str)
"""A field of this type holds the name of one of the file's lists, or ``all``."""
LanguageName = NewType("LanguageName", str)
"""A field of this type holds one of the file's languages."""
WebhookName = NewType("WebhookName", str)
"""A field of this type holds the name of one of the file's webhooks."""
FieldName = NewType("FieldName", str)
"""A field of this type holds the name of a field that is remembered for the originator."""

ResponseTexts = NewType("ResponseTexts", Texts)
"""A field of this type holds a text that may use what a webhook answers."""
Delay = NewType("Delay", timedelta)
"""A field of this type holds how long a text waits before it leaves."""
Segments = NewType("Segments", int)
"""A field of this type holds how many segments a text may take at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What an action works with: the situation, how the text matched, and the file's titles and languages.

    ``situation`` is what was known when the message came. ``contact`` and ``appointment`` include the plan's
    effects, as far as these have been gathered.
    """

    situation: Situation
    match: Match
    list_titles: Mapping[str, str]
    list: str | None
    default_language: str
    contact: Known

    @property
    def appointment(self) -> Appointment | None:
        before = self.situation.appointment
        return before and self.contact.appointment(before.id)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages to answer in, the best first."""
        return tuple(
            language for language in (self.match.language, self.contact.language, self.default_language) if language
        )

    def pick(self, texts: Texts) -> Template:
        return texts.pick(*self.languages) if len(texts.by_language) > 1 else texts.first

    def values(self, names: Collection[str]) -> dict[str, Any]:
        """The values for templates that use these names; fields that are not known are empty."""
        return {name: read(self) for name, read in VALUES.items() if name in names}

    def fill(self, template: Template) -> str:
        return template.render(self.values(template.names))


def _message(context: Context) -> Mapping[str, Any]:
    message = context.situation.message
    return {
        "key": message.key,
        "originator": message.originator,
        "destination": message.destination,
        "text": message.text,
        "sent_at": message.sent_at or message.received_at,
        "received_at": message.received_at,
    }


def _contact(context: Context) -> Mapping[str, str]:
    known = context.contact
    return defaultdict(str, known.fields, number=known.originator, language=known.language or context.default_language)


VALUES: Mapping[str, Callable[[Context], Any]] = MappingProxyType(
    {
        "message": _message,
        "match": lambda context: {"text": context.match.text, **context.match.groups},
        "rest": lambda context: context.match.rest,
        "list": lambda context: {"name": context.list or "", "title": context.list_titles.get(context.list or "", "")},
        "appointment": lambda context: appointment_values(context.appointment) if context.appointment else {},
        "contact": _contact,
        "now": lambda context: context.situation.now,
    }
)
"""The values that a template may use."""


class Action:
    """Something that a rule does, expressed as effects and steps; an action does nothing by itself.

    A subclass is a frozen dataclass whose fields are the settings that the file may give.
    """

    name: ClassVar[str]
    list_field: ClassVar[str | None] = None
    """The field that names the list which templates of the same rule call ``list``."""

    @property
    def joins(self) -> str | None:
        """The list that the action puts the originator on, if it does."""
        return None

    def effects(self, context: Context) -> Iterator[Effect]:
        yield from ()

    def steps(self, context: Context) -> Iterator[Reply | WebhookCall]:
        yield from ()


def setting_name(field: Field[Any]) -> str:
    """The name of an action's setting in a file, which may be no name that Python allows."""
    return str(field.metadata.get("setting", field.name))


A = TypeVar("A", bound=type[Action])
ACTIONS: dict[str, type[Action]] = {}


def action(name: str) -> Callable[[A], A]:
    def register(cls: A) -> A:
        cls.name = name
        ACTIONS[name] = cls
        return cls

    return register
