"""Texts with values filled in: sandboxed, checked when the file is read, capped when rendered."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from rapidfuzz import fuzz, process

from responder.core.sms.text import clean

LONGEST_RENDERED = 1600  # characters: ten segments (1530) and some, so that a reply that is longer is seen to be
LONGEST_SOURCE = 5000  # characters
DEEPEST = 20  # values, filters and conditions inside one another
TIMES = ("appointment.starts_at", "message.sent_at", "message.received_at", "now")
TIME_FILTERS = ("date", "time")
COMPARISONS = ("eq", "ne")
PARTS = re.compile(r"[\W_]+")  # between the words that a name is made of
ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const,
    nodes.Filter, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip

Names = Mapping[str, frozenset[str] | None]
"""The values that a template may use, each with its attributes; None where any attribute may stand."""


class BadTemplate(ValueError):
    """A template that cannot be used, with the word that is wrong and the remedy."""


def _title(value: object) -> str:
    return str(value).title()


def _number(value: object) -> str:
    import phonenumbers  # noqa: PLC0415  (large, and seldom needed)

    try:
        return phonenumbers.format_number(phonenumbers.parse(str(value)), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return str(value)


def _environment(zone: ZoneInfo) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update(
        date=lambda moment: f"{moment.astimezone(zone):%d/%m/%Y}",
        time=lambda moment: f"{moment.astimezone(zone):%H:%M}",
        number=_number,
        title=_title,
    )
    return environment


@dataclass(frozen=True)
class Template:
    """One text, ready to be rendered. ``source`` is what the author typed, ``names`` are the values that it uses."""

    source: str
    environment: ImmutableSandboxedEnvironment | None = field(repr=False, compare=False)
    names: frozenset[str] = frozenset()

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same whatever the values are."""
        return self.environment is None

    @cached_property
    def _compiled(self) -> Compiled | None:
        """Compiled when first rendered, since most texts of a large file are never sent."""
        if self.environment is None:
            return None
        return self.environment.from_string(_ItemsOnly().visit(self.environment.parse(self.source)))

    def render(self, values: Mapping[str, Any]) -> str:
        """The text with its values, cut to what ten segments hold."""
        return (self._compiled.render(values) if self._compiled else self.source)[:LONGEST_RENDERED]


class Templates:
    """Makes templates for one rules file, whose zone its dates and times are in."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.environment = _environment(zone)

    def parse(self, source: str, names: Names, elsewhere: Mapping[str, str] = MappingProxyType({})) -> Template:
        """A template that uses nothing but the names given.

        BadTemplate says what else it uses, and of some names where they are known.

        >>> Templates(ZoneInfo("UTC")).parse("Hi {{ contact.nam }}", {"contact": frozenset({"name"})})
        Traceback (most recent call last):
        responder.core.rules.template.BadTemplate: unknown value 'contact.nam', did you mean 'contact.name'?
        """
        if len(source) > LONGEST_SOURCE:
            raise BadTemplate(f"a text has at most {LONGEST_SOURCE} characters, shorten it")
        if "{" not in source:
            return Template(source, None)
        try:
            tree = self.environment.parse(source)
        except TemplateSyntaxError as error:
            raise BadTemplate(f"cannot be read as a text with {{{{ values }}}}: {error.message}") from error
        except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
            raise BadTemplate("cannot be read as a text with {{ values }}, make it simpler") from error
        walked = list(_walk(tree))
        for problem in self._problems(walked, names, elsewhere):
            raise BadTemplate(problem)
        return Template(
            source, self.environment, frozenset(node.name for node, _ in walked if isinstance(node, nodes.Name))
        )

    def _problems(
        self, walked: Sequence[tuple[nodes.Node, int]], names: Names, elsewhere: Mapping[str, str]
    ) -> Iterator[str]:
        owners = {id(node.node) for node, _ in walked if isinstance(node, nodes.Getattr | nodes.Getitem)}
        for node, depth in walked:
            if depth > DEEPEST:
                yield "cannot be read as a text with {{ values }}, make it simpler"
            elif not isinstance(node, ALLOWED):
                remedy = "use {{ value }}, filters and {% if %} only"
                yield f"{type(node).__name__.lower()} is more than a text needs: {remedy}"
            elif isinstance(node, nodes.Filter):
                yield from _filter_problems(node, self.environment.filters)
            elif isinstance(node, nodes.Operand) and node.op not in COMPARISONS:
                yield "values are compared with == or != only"
            elif isinstance(node, nodes.Const) and isinstance(node.value, str) and clean(node.value) != node.value:
                yield f"{node.value!a} holds a character that no message can hold, remove it"
            elif isinstance(node, nodes.Name) and node.name not in names:
                known = f", it is known only {elsewhere[node.name]}" if node.name in elsewhere else ""
                yield f"unknown value {node.name!r}{known or _likely_value(node.name, names)}"
            elif isinstance(node, nodes.Name) and id(node) not in owners:
                yield from _whole_problems(node.name, names[node.name])
            elif isinstance(node, nodes.Getattr | nodes.Getitem):
                yield from _attribute_problems(node, names)


class _ItemsOnly(NodeTransformer):
    """Makes ``a.b`` mean ``a["b"]``, so that a group or field called ``items`` is no method of a dictionary."""

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Getitem:  # noqa: N802  (the visitor's way to say which nodes)
        self.generic_visit(node)
        return nodes.Getitem(node.node, nodes.Const(node.attr), node.ctx)


def _filter_problems(node: nodes.Filter, filters: Iterable[str]) -> Iterator[str]:
    if node.name not in filters:
        yield f"unknown filter {node.name!r}{did_you_mean(node.name, filters)}"
    if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        yield f"the filter {node.name!r} takes nothing in brackets"
    if node.name in TIME_FILTERS and not _is_time(node.node):
        yield f"the filter {node.name!r} goes with a time: {', '.join(TIMES)}"


def _likely_value(typed: str, names: Names) -> str:
    """The remedy for a value that is not known: it may be written without what it belongs to."""
    owners = (owner for owner, parts in names.items() if parts and typed in parts)
    owner = next(owners, None)
    return f", did you mean '{owner}.{typed}'?" if owner else did_you_mean(typed, names)


def _is_time(node: nodes.Expr | None) -> bool:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}" in TIMES
    return isinstance(node, nodes.Name) and node.name in TIMES


def _whole_problems(name: str, parts: frozenset[str] | None) -> Iterator[str]:
    if parts is None:
        yield f"{name!r} is several values, expected one of them such as {name}.text"
    elif parts:
        yield f"{name!r} is several values, expected one of {', '.join(sorted(f'{name}.{part}' for part in parts))}"


def _attribute_problems(node: nodes.Getattr | nodes.Getitem, names: Names) -> Iterator[str]:
    attribute = node.attr if isinstance(node, nodes.Getattr) else None
    if not isinstance(node.node, nodes.Name) or attribute is None:
        yield "a value has one name after its dot, such as {{ contact.name }}"
        return
    known = names.get(node.node.name)
    if node.node.name in names and known is not None and attribute not in known:
        typed = f"{node.node.name}.{attribute}"
        yield f"unknown value {typed!r}{did_you_mean(typed, [f'{node.node.name}.{name}' for name in known])}"


def _walk(node: nodes.Node, depth: int = 0) -> Iterator[tuple[nodes.Node, int]]:
    """Each node with its depth, down to where it is too deep."""
    yield node, depth
    if depth <= DEEPEST:
        for child in node.iter_child_nodes():
            yield from _walk(child, depth + 1)


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """The likely word for a misspelt one, as the end of a sentence; else the words there are.

    >>> did_you_mean("unsubscibe", ["subscribe", "unsubscribe"])
    ", did you mean 'unsubscribe'?"
    >>> did_you_mean("rome", ["Europe/Rome"]), did_you_mean("Ora", ["originator"])
    (", did you mean 'Europe/Rome'?", ', expected one of originator')
    """
    words = sorted(known)
    whole = [word for word in words if typed.lower() in PARTS.split(word.lower())]
    near = process.extractOne(typed, words, scorer=fuzz.ratio, score_cutoff=70, processor=str.lower)
    if likely := whole[0] if len(whole) == 1 else near and near[0]:
        return f", did you mean {likely!r}?"
    return f", expected one of {', '.join(words)}" if words else ""


@dataclass(frozen=True, slots=True)
class Texts:
    """One text in several languages; the language None serves whoever has none of the others."""

    by_language: Mapping[str | None, Template]

    def pick(self, *languages: str | None) -> Template:
        """The text in the first of the languages that there is, or else the first text."""
        return self.by_language[self.language(*languages)]

    def language(self, *languages: str | None) -> str | None:
        """The language of the text that is picked; None if it is one for all."""
        return next(
            (language for language in (*languages, None) if language in self.by_language), next(iter(self.by_language))
        )

    @property
    def first(self) -> Template:
        """The text that serves where there is none in any language asked for."""
        return next(iter(self.by_language.values()))
