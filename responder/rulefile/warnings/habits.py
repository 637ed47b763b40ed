"""Careless habits: patterns that take everything, rules that nobody tried, unsigned calls, endless apologies."""

from collections.abc import Iterator
from dataclasses import Field, fields
from itertools import chain
from typing import Any

import re2

from responder.core.rehearsal.trials import coverage, try_case, try_examples
from responder.core.rules.actions import Action
from responder.core.rules.matching import Pattern, pattern_options
from responder.core.rules.rules import Rule
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Sequence
from responder.rulefile.reading.places import Spot, entry, scalars
from responder.rulefile.warnings.survey import FILLER, Caution, Code, Reached, Survey

FALLBACK = "fallback"
ONCE_PER = "once_per"
REPLY, WEBHOOK = "reply", "webhook"


def cautions(survey: Survey) -> Iterator[Caution]:
    """What works, and a careful author would not leave so."""
    for rule in survey.enabled:
        yield from _empty_patterns(rule, survey)
    yield from _not_exercised(survey)
    yield from _unsigned(survey)
    yield from _endless(survey)


def reached_fallback(survey: Survey) -> Reached | None:
    """A text that reaches the fallback; None where there is none, or a rule takes everything."""
    given = survey.plain
    return Reached(text=FILLER, given=given) if survey.decide(FILLER, given).name == FALLBACK else None


def _empty_patterns(rule: Rule, survey: Survey) -> Iterator[Caution]:
    given = survey.given(rule)
    if not isinstance(rule.text, Pattern) or given is None:
        return
    found = survey.sources.rules.get(rule.name)
    when = entry(found[1], "when") if found else None
    node = entry(when[1], "pattern") if when else None
    for scalar in scalars(node[1]) if node else ():
        if re2.compile(scalar.text, pattern_options()).search(""):
            name = survey.decide("", given).name
            goes = "" if name == rule.name else f", which reaches {name} here"
            text = f"the pattern matches the empty text{goes}, and so every text there is: ask for at least one letter"
            mistake = survey.mistake(rule, text, scalar.place)
            yield survey.caution(Code.EMPTY_PATTERN, mistake, Reached(text="", given=given))


def _not_exercised(survey: Survey) -> Iterator[Caution]:
    rules = survey.rules
    examples = chain.from_iterable(
        try_examples(rule, rules, survey.now, with_variants=False) for rule in survey.enabled
    )
    tests = (try_case(case, rules, survey.now) for case in rules.tests)
    exercised = {rule.rule for rule in coverage(rules, chain(examples, tests)) if rule.exercised}
    for rule in survey.enabled:
        if rule.name not in exercised and (reached := survey.reached(rule)):
            text = (
                f"no example and no test reaches it, although \"{reached.text}\" does: add 'examples: {{match: [...]}}'"
            )
            yield survey.caution(Code.NOT_EXERCISED, survey.mistake(rule, text), reached)


def _unsigned(survey: Survey) -> Iterator[Caution]:
    for webhook in survey.rules.webhooks.values():
        if webhook.secrets:
            continue
        found = survey.sources.section("webhooks", webhook.name)
        spot = Spot(file=found[0].file, place=found[1].place) if found else survey.sources.top()
        reached = _caller(webhook.name, survey)
        shows = f' ("{reached.text}" calls it)' if reached else ""
        text = f"it has no secret, so nobody can tell our calls from forged ones: add 'secret: ${{NAME}}'{shows}"
        yield survey.caution(Code.NO_SECRET, spot.mistake(f"webhook {webhook.name!r}: {text}"), reached)


def _caller(webhook: str, survey: Survey) -> Reached | None:
    rules = (survey.reached(rule) for rule in survey.enabled if _calls(rule.actions, webhook))
    fallback = reached_fallback(survey) if _calls(survey.rules.fallback, webhook) else None
    return next((found for found in (*rules, fallback) if found), None)


def _calls(actions: tuple[Action, ...], webhook: str) -> bool:
    return any(action.name == WEBHOOK and getattr(action, "to", None) == webhook for action in actions)


def _endless(survey: Survey) -> Iterator[Caution]:
    """A fallback that answers each time, as long as two machines text each other."""
    found, reached = survey.sources.section(FALLBACK, "then"), reached_fallback(survey)
    if found is None or reached is None:
        return
    source, _, then = found
    nodes = then.items if isinstance(then, Sequence) else (then,)
    for action, node in zip(survey.rules.fallback, nodes, strict=False):
        if action.name == REPLY and _may_be_limited(action) and not _is_limited(node):
            twice = f'"{reached.text}" twice is answered twice'
            text = f"fallback: the reply goes out each time ({twice}): add 'once_per: 24h' to it"
            mistake = Spot(file=source.file, place=node.place).mistake(text)
            yield survey.caution(Code.NO_ONCE_PER, mistake, reached)


def _may_be_limited(action: Action) -> bool:
    settings: tuple[Field[Any], ...] = fields(action)  # type: ignore[arg-type]  # every action is a dataclass (Action)
    return any(setting.name == ONCE_PER for setting in settings)


def _is_limited(node: Node) -> bool:
    return isinstance(node, MappingNode) and any(entry(value, ONCE_PER) for _, value in node.entries)
