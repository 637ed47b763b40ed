"""The rules of a file, read in two steps, since templates may use what another rule sets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from responder.core.rules.actions import Action
from responder.core.rules.conditions import AtMostOnce, Condition, Cooldown
from responder.core.rules.matching import TextCondition, Words
from responder.core.rules.rules import Rule
from responder.core.rules.typos import SHORTEST_MISTYPED, may_be_mistyped
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Place, Sequence
from responder.rulefile.reading.places import called
from responder.rulefile.reading.reader import Fields, Line, Reader, Wrong, any_text, flag, is_empty, name
from responder.rulefile.reading.scope import Scope, names_of
from responder.rulefile.reading.times import NO_TIME, duration_or_none
from responder.rulefile.sections.actions import Draft, build, read_drafts
from responder.rulefile.sections.conditions.circumstances import read_when

TAKEN = ("fallback", "question")  # what records show in place of a rule's name


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleDraft:
    """A rule whose actions are still drafts, and the reader that tells its mistakes."""

    name: str
    place: Place
    text: TextCondition | None
    conditions: tuple[Condition, ...]
    drafts: tuple[Draft, ...]
    goes_on: bool
    enabled: bool
    shadow: bool
    typos: bool
    cooldown: Cooldown | None
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]
    reader: Reader


def read_rule_drafts(node: Node | None, scope: Scope, taken: dict[str, Line], reader: Reader) -> tuple[RuleDraft, ...]:
    """The rules of a file, each with a name of its own.

    ``taken`` tells where the names of rules read before stand, and learns the new ones.
    """
    if node is None or is_empty(node):
        return ()
    if not isinstance(node, Sequence):
        reader.note(node.place, "expected a list of rules, each of which begins with '- name: …'")
        return ()
    return tuple(_rule_draft(item, number, taken, scope, reader) for number, item in enumerate(node.items, start=1))


def _rule_draft(node: Node, number: int, taken: dict[str, Line], scope: Scope, outer: Reader) -> RuleDraft:
    reader = outer.inside(called(node, "rule", f"rule {number}"))
    with reader.fields(node) as fields:
        read_name = partial(_rule_name, taken=taken, reader=reader)
        title = fields.require("name", read_name, "", "add one, such as 'name: news-on'")
        taken.setdefault(title, reader.line(node.place))
        when = fields.node("when")
        if when is None and isinstance(node, MappingNode):
            reader.note(node.place, "'when' is missing, add a condition such as 'when: {text: News ON}'")
        text, conditions = read_when(when, scope, reader) if when else (None, ())
        examples, counterexamples = _examples(fields.node("examples"), reader)
        drafts = read_then(fields, node, reader)
        return RuleDraft(
            name=title,
            place=node.place,
            text=text,
            conditions=conditions,
            drafts=drafts,
            goes_on=fields.take("continue", flag, default=False),
            enabled=fields.take("enabled", flag, default=True),
            shadow=fields.take("shadow", flag, default=False),
            typos=fields.take("typos", partial(_typos, condition=text), scope.defaults.typos),
            cooldown=_cooldown(title, fields, drafts, scope),
            examples=examples,
            counterexamples=counterexamples,
            reader=reader,
        )


def _typos(node: Node, condition: TextCondition | None) -> bool:
    if not flag(node):
        return False
    if not isinstance(condition, Words):
        raise Wrong(node, "'typos' goes with the conditions 'text', 'starts_with' and 'contains', remove it")
    if not any(may_be_mistyped(word) for alias in condition.aliases for word in alias.folded.split()):
        why = f"'typos' is for words of {SHORTEST_MISTYPED} letters or more, which this rule has none of, remove it"
        raise Wrong(node, why)
    return True


def _cooldown(title: str, fields: Fields, drafts: Collection[Draft], scope: Scope) -> Cooldown | None:
    """How long a rule rests for an originator.

    Never one that takes somebody off a list, since each such wish counts.
    """
    leaves = any(draft.action.name == "unsubscribe" for draft in drafts)
    period = fields.take(
        "cooldown", partial(_cooldown_of_its_own, leaves=leaves), NO_TIME if leaves else scope.defaults.cooldown
    )
    return Cooldown(once=AtMostOnce(of=title, period=period)) if period else None


def _cooldown_of_its_own(node: Node, *, leaves: bool) -> timedelta:
    period = duration_or_none(node)
    if period and leaves:
        remedy = "give its reply 'once_per' instead"
        raise Wrong(node, f"a rule that unsubscribes has no cooldown, since every wish to leave counts: {remedy}")
    return period


def _rule_name(node: Node, taken: Mapping[str, Line], reader: Reader) -> str:
    typed = name(node)
    if typed in TAKEN:
        raise Wrong(node, f"{typed!r} has a meaning of its own in records, choose another name")
    if typed in taken:
        raise Wrong(node, f"the rule {reader.located(taken[typed])} has the same name, choose another")
    return typed


def _examples(node: Node | None, reader: Reader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if node is None:
        return (), ()
    with reader.inside(f"{reader.where}, examples").fields(node, example="match: [news on]") as fields:
        return fields.each("match", any_text), fields.each("no_match", any_text)


def read_then(fields: Fields, node: Node, reader: Reader) -> tuple[Draft, ...]:
    then = fields.node("then")
    if then is None:
        if isinstance(node, MappingNode):
            reader.note(node.place, "'then' is missing, add what should happen, such as 'then: [{reply: Thank you.}]'")
        return ()
    return read_drafts(then, reader)


def read_fallback(node: Node | None, reader: Reader) -> tuple[Draft, ...]:
    if node is None:
        return ()
    with reader.fields(node, example="then: [{reply: Thank you.}]") as fields:
        return read_then(fields, node, reader)


def finish(draft: RuleDraft, scope: Scope, contact: Collection[str]) -> Rule:
    return Rule(
        name=draft.name,
        line=draft.place.line,
        file=draft.reader.file,
        text=draft.text,
        conditions=draft.conditions,
        actions=build_all(draft.drafts, draft.text, draft.conditions, scope, contact, draft.name, draft.reader),
        goes_on=draft.goes_on,
        enabled=draft.enabled,
        shadow=draft.shadow,
        typos=draft.typos,
        cooldown=draft.cooldown,
        examples=draft.examples,
        counterexamples=draft.counterexamples,
    )


def build_all(
    drafts: Collection[Draft],
    text: TextCondition | None,
    conditions: tuple[Condition, ...],
    scope: Scope,
    contact: Collection[str],
    title: str,
    reader: Reader,
) -> tuple[Action, ...]:
    """The actions of a rule; their templates may use what the rule's conditions and other actions give them."""
    names = names_of(text, conditions, [draft.list for draft in drafts if draft.list], contact)
    built = (build(draft, scope, names, f"{title}:{number}", reader) for number, draft in enumerate(drafts, start=1))
    return tuple(action for action in built if action)
