"""Trials of a rules file: its examples, their variants and its tests, and the rules they cover."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan
from responder.core.rehearsal.circumstances import LONG_BEFORE, circumstances_for, subscribed, variants, where_it_speaks
from responder.core.rehearsal.conversation import Exchange, converse, imagined
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.sections import NOTHING, Case, Expected, ExpectedStep, Given
from responder.core.sms.message import Message, Order

BETWEEN = timedelta(minutes=1)
NOT_FOUND = "no moment and no state of things was found in which all its conditions hold: try it in 'tests'"


class Kind(StrEnum):
    """Where a trial comes from."""

    EXAMPLE = "example"
    COUNTEREXAMPLE = "no_match"
    VARIANT = "variant"
    TEST = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Something that differs from what was expected."""

    what: str
    expected: str
    got: str


Found = tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """How a trial went. ``applied`` names the rules exercised; ``plan`` is that of the failed or last text."""

    kind: Kind
    name: str
    file: str
    line: int
    text: str
    applied: frozenset[str]
    differences: Found
    plan: Plan | None

    @property
    def passed(self) -> bool:
        return not self.differences


def try_all(rules: Rules, now: datetime) -> Iterator[Trial]:
    """All examples and tests of the file, at ``now`` unless they name a time."""
    for rule in rules.rules:
        if rule.enabled:
            yield from try_examples(rule, rules, now)
    for case in rules.tests:
        yield try_case(case, rules, now)


def try_examples(rule: Rule, rules: Rules, now: datetime, *, with_variants: bool = True) -> Iterator[Trial]:
    """The examples of one rule, in circumstances that meet its conditions."""
    if not rule.examples and not rule.counterexamples:
        return
    given = circumstances_for(rule, rules, now)
    if given is None:
        difference = Difference(what="conditions", expected="hold", got=NOT_FOUND)
        yield _trial(Kind.EXAMPLE, rule.name, rule, None, (difference,), ())
        return
    for text in rule.examples:
        there = where_it_speaks(rule, rules, given, text)
        example = _matched(rule, Kind.EXAMPLE, rule.name, there.plan(text, rules))
        yield example
        if example.passed and with_variants:
            for way, changed in variants(text, rule.text):
                yield _matched(rule, Kind.VARIANT, f"{rule.name}, {way} of {text!r}", there.plan(changed, rules))
    for text in rule.counterexamples:
        plan = given.plan(text, rules)
        difference = Difference(what="rule", expected=f"not {rule.name}", got=rule.name)
        found = (difference,) if rule.name in plan.applied else ()
        yield _trial(Kind.COUNTEREXAMPLE, rule.name, rule, plan, found, plan.applied)


def _matched(rule: Rule, kind: Kind, name: str, plan: Plan) -> Trial:
    difference = Difference(what="rule", expected=rule.name, got=plan.rule or NOTHING)
    return _trial(kind, name, rule, plan, () if rule.name in plan.applied else (difference,), plan.applied)


def _trial(kind: Kind, name: str, of: Rule | Case, plan: Plan | None, found: Found, applied: Iterable[str]) -> Trial:
    text, names = plan.message.text if plan else "", frozenset(applied)
    return Trial(
        kind=kind, name=name, file=of.file, line=of.line, text=text, applied=names, differences=found, plan=plan
    )


def try_case(case: Case, rules: Rules, now: datetime) -> Trial:
    """One test: its texts, from a state of its own, each compared with what is expected."""
    turns = (*case.earlier, *case.turns)
    messages = list(messages_of(case, rules, now))
    begins_at = min(message.received_at for message in messages)
    exchanges = list(converse(messages, rules, known_of(case.given, case.originator, begins_at), case.given.responses))
    held = [
        (exchange, tuple(differences(turn.expected, exchange))) for turn, exchange in zip(turns, exchanges, strict=True)
    ]
    exchange, found = next(((exchange, found) for exchange, found in held if found), held[-1])
    applied = chain.from_iterable(each.plan.applied for each in exchanges)
    return _trial(Kind.TEST, case.name, case, exchange.plan, found, applied)


def messages_of(case: Case, rules: Rules, now: datetime) -> Iterator[Message]:
    """The texts as messages: the first text at the test's time, the earlier ones ending a minute before."""
    at, first = case.at or now, len(case.earlier)
    moment = at - BETWEEN * (first + 1)
    for number, turn in enumerate((*case.earlier, *case.turns)):
        moment = turn.at or (at if number == first else moment + BETWEEN)
        yield imagined(turn.text, case.originator, case.destination or rules.our_number, moment, number + 1)


def known_of(given: Given, originator: str, at: datetime) -> Known:
    """What a test gives, known since long before its first text."""
    before = at - LONG_BEFORE
    return Known(
        originator=originator,
        language=given.language,
        fields=given.fields,
        opted_out=given.opted_out,
        consent_order=Order(before, 0) if given.opted_out else None,
        subscriptions={name: subscribed(name, at, status) for name, status in given.subscriptions.items()},
        appointments=tuple(replace(appointment, updated_at=before) for appointment in given.appointments),
        paused_until=given.paused_until,
    )


def differences(expected: Expected, exchange: Exchange) -> Iterator[Difference]:
    pairs = chain(_of_the_message(expected, exchange), _of_the_state(expected, exchange.after))
    yield from (Difference(what=what, expected=right, got=got) for what, right, got in pairs if right != got)


def _of_the_message(expected: Expected, exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    if expected.rule is not None:
        yield "rule", expected.rule, exchange.plan.rule or NOTHING
    if expected.replies is not None:
        yield "replies", _lines(expected.replies), _lines(exchange.replies)
    if expected.steps is not None:
        steps = _steps_to_compare(expected.steps, exchange.plan)
        is_as_expected = len(steps) == len(expected.steps) and all(map(_is_as_expected, steps, expected.steps))
        if not is_as_expected:
            yield "steps", _lines(map(_shown_expected, expected.steps)), _lines(map(_shown_step, steps))


def _of_the_state(expected: Expected, known: Known) -> Iterator[tuple[str, str, str]]:
    for name, status in (expected.subscriptions or {}).items():
        subscription = known.subscriptions.get(name)
        yield f"list {name}", str(status or NOTHING), str(subscription.status) if subscription else NOTHING
    if expected.subscribed is not None:
        on = (name for name in known.subscriptions if known.subscribed(name))
        yield "subscriptions", _lines(sorted(expected.subscribed)), _lines(sorted(on))
    for id_, right in (expected.appointments or {}).items():
        appointment = known.appointment(id_)
        yield f"appointment {id_}", right, str(appointment.status) if appointment else NOTHING
    for name, value in (expected.fields or {}).items():
        yield f"field {name}", value, known.fields.get(name, "")
    if expected.language is not None:
        yield "language", expected.language, known.language or NOTHING


def _steps_to_compare(expected: Iterable[ExpectedStep], plan: Plan) -> list[Mapping[str, Any]]:
    """The steps of a plan; the language only if the test expects one."""
    has_language = any(step.action == "language" for step in expected)
    return [step for step in plan.explained if has_language or step["action"] != "language"]


def _is_as_expected(step: Mapping[str, Any], expected: ExpectedStep) -> bool:
    settings = {name: value for name, value in step.items() if name != "action"}
    first = next(iter(settings.values()), "")
    return step["action"] == expected.action and all(
        _plain(settings.get(name) if name else first) == value for name, value in expected.settings.items()
    )


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    return "" if value is None else str(value)


def _shown_expected(step: ExpectedStep) -> str:
    settings = ", ".join(f"{name} {value}".strip() for name, value in step.settings.items())
    return f"{step.action}: {settings}" if settings else step.action


def _shown_step(step: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {_plain(value)}" for name, value in step.items() if name != "action")
    return f"{step['action']}: {settings}"


def _lines(values: Iterable[str]) -> str:
    return "\n".join(values) or NOTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """A rule with the numbers of examples and of tests in which it applied."""

    rule: str
    file: str
    line: int
    examples: int
    tests: int

    @property
    def exercised(self) -> bool:
        return bool(self.examples or self.tests)


def coverage(rules: Rules, outcomes: Iterable[Trial]) -> tuple[Coverage, ...]:
    """Each enabled rule with what exercises it; variants do not count."""
    counts = Counter((outcome.kind, name) for outcome in outcomes for name in outcome.applied)
    enabled = (rule for rule in rules.rules if rule.enabled)
    return tuple(
        Coverage(
            rule=rule.name,
            file=rule.file,
            line=rule.line,
            examples=counts[Kind.EXAMPLE, rule.name],
            tests=counts[Kind.TEST, rule.name],
        )
        for rule in enabled
    )


def percent(covered: Iterable[Coverage]) -> float:
    """The percentage of rules that are exercised; 100 if there are none.

    >>> percent([])
    100.0
    """
    exercised = [rule.exercised for rule in covered]
    return 100 * sum(exercised) / len(exercised) if exercised else 100.0
