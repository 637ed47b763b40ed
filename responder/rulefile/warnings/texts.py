"""The texts that a file sends: where they are, and what they become with their values."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from responder.core.dialogue.appointments import INTENTIONS
from responder.core.rehearsal.circumstances import SOMEBODY
from responder.core.rules.actions import Action
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.template import Template, Texts
from responder.core.sms.text import Size, size
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Scalar, Sequence
from responder.rulefile.reading.places import Source, Spot, entry, place_of_character, scalars
from responder.rulefile.warnings.survey import Reached, Survey

LONG_VALUE = 30  # characters of a name, a place or whatever somebody told
A_MESSAGE = 160  # characters of a text that is repeated
LONG_NUMBER = "+393331234333"


class _Filled(dict[str, Any]):
    """Values of any name, each as long as they usually get."""

    def __missing__(self, key: str) -> str:
        return "M" * LONG_VALUE


class _Empty(dict[str, Any]):
    """Values of any name that nobody has told yet."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One text that is sent, of ``texts`` in all languages; ``most`` is the segments that its author allows, if any.

    ``reached`` is a text to us that brings it about, and ``occasion`` what does where none can.
    """

    owner: str
    source: Source
    scalar: Scalar
    template: Template
    texts: Texts
    language: str | None
    action: Action | None
    reached: Reached | None
    most: int | None
    title: str
    occasion: str = ""

    @property
    def when(self) -> str:
        """When it is sent, in brackets behind what is said of it."""
        return f'"{self.reached.text}" is answered with it' if self.reached else self.occasion

    def spot(self, offset: int = 0) -> Spot:
        return Spot(
            file=self.source.file,
            place=place_of_character(self.source, self.scalar, offset) if offset else self.scalar.place,
        )

    def worst(self) -> str:
        """The text with the values that make it longest."""
        return longest(self.template, self.title)

    def rendered(self) -> tuple[str, ...]:
        """The text with its values filled in, and with those empty that may be."""
        return rendered(self.template, self.title)


def rendered(template: Template, title: str) -> tuple[str, ...]:
    """A text with its values filled in, and with those empty that may be.

    ``title`` is that of the list it speaks of.
    """
    if template.is_fixed:
        return (template.source,)
    return tuple(
        template.render({name: _value(name, values, title) for name in template.names}) for values in (_Filled, _Empty)
    )


def longest(template: Template, title: str) -> str:
    return max(rendered(template, title), key=_weight)


def _weight(text: str) -> tuple[int, int]:
    counted: Size = size(text)
    return counted.segments, counted.units


def _value(name: str, others: type[dict[str, Any]], title: str) -> object:
    moment = datetime(2026, 12, 30, 22, 58, tzinfo=UTC)
    match name:
        case "now":
            return moment
        case "choices":
            return "\n".join(f"{number} {moment:%d/%m %H:%M}" for number in (1, 2, 3))
        case "intention":
            return max((word for words in INTENTIONS.values() for word in words.values()), key=len)
        case "rest":
            return "M" * LONG_VALUE
        case "list":
            return {"name": title, "title": title}
        case "message":
            ends = {"originator": LONG_NUMBER, "destination": LONG_NUMBER}
            return {**ends, "key": "0" * 32, "text": "M" * A_MESSAGE, "sent_at": moment, "received_at": moment}
        case "appointment":
            return others(starts_at=moment, id="M" * 12, status="reschedule_requested")
        case "contact":
            return others(number=SOMEBODY, language="en")
        case _:
            return others()


def texts_of_rules(survey: Survey) -> Iterator[tuple[Rule, Sent]]:
    for rule in survey.enabled:
        found, reached = survey.sources.rules.get(rule.name), survey.reached(rule)
        then = entry(found[1], "then") if found else None
        if found and then and reached:
            title = title_of(rule.actions, survey.rules)
            for sent in _sent(rule.actions, found[0], then[1], f'rule "{rule.name}"', reached, title):
                yield rule, sent


def texts_of_fallback(survey: Survey, reached: Reached | None) -> Iterator[Sent]:
    found = survey.sources.section("fallback", "then")
    if found and reached:
        source, _, node = found
        yield from _sent(
            survey.rules.fallback, source, node, "fallback", reached, title_of(survey.rules.fallback, survey.rules)
        )


def texts_of_reserved(survey: Survey, keyword: str) -> Iterator[Sent]:
    """Each text that the file itself has for a reserved keyword."""
    found = survey.sources.section("reserved", keyword, "reply")
    if found is None:
        return
    reached = Reached(text=keyword.upper(), given=survey.plain)
    yield from sent_of(survey.rules.reserved_texts[keyword], found, f'reserved "{keyword}"', reached)


def sent_of(
    texts: Texts,
    found: tuple[Source, Scalar, Node] | None,
    owner: str,
    reached: Reached | None = None,
    *,
    title: str = "",
    occasion: str = "",
) -> Iterator[Sent]:
    """Those of the texts that stand in an entry of the file."""
    if found is None:
        return
    source, _, node = found
    for language, template in texts.by_language.items():
        if scalar := _scalar(node, template):
            yield Sent(
                owner=owner, source=source, scalar=scalar, template=template, texts=texts, language=language,
                action=None, reached=reached, most=None, title=title, occasion=occasion,
            )  # fmt: skip


def title_of(actions: Iterable[Action], rules: Rules) -> str:
    """The longest title of the lists that a rule's actions name."""
    lists = (str(getattr(action, action.list_field)) for action in actions if action.list_field)
    return max((rules.list_titles.get(name, "") for name in lists), key=len, default="")


def _sent(
    actions: tuple[Action, ...], source: Source, then: Node, owner: str, reached: Reached, title: str
) -> Iterator[Sent]:
    nodes = then.items if isinstance(then, Sequence) else (then,)
    for action, node in zip(actions, nodes, strict=False):
        for texts, language, template in _templates(action):
            if scalar := _scalar(node, template):
                yield Sent(
                    owner=owner, source=source, scalar=scalar, template=template, texts=texts, language=language,
                    action=action, reached=reached, most=_allowed(node), title=title,
                )  # fmt: skip


def _templates(action: Action) -> Iterator[tuple[Texts, str | None, Template]]:
    for setting in fields(action):  # type: ignore[arg-type]  # every action is a dataclass (Action)
        value = getattr(action, setting.name)
        if isinstance(value, Texts):
            yield from ((value, language, template) for language, template in value.by_language.items())


def _scalar(node: Node, template: Template) -> Scalar | None:
    return next((scalar for scalar in scalars(node) if scalar.text.rstrip("\n") == template.source), None)


def _allowed(node: Node) -> int | None:
    """The segments that the author allows for the texts of an action."""
    for _, value in node.entries if isinstance(node, MappingNode) else ():
        found = entry(value, "max_segments")
        if found and isinstance(found[1], Scalar) and found[1].text.isdecimal():
            return int(found[1].text)
    return None
