"""Trials of a rules file: its examples, their variants and its tests, by real plans."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan
from responder.core.rehearsal.circumstances import LONG_BEFORE, subscribed, variants, world_for
from responder.core.rehearsal.conversation import Stride, imagined, walk
from responder.core.rules.cases import NOTHING, Case, Expected, Given, Wanted
from responder.core.rules.rules import Rule, Rules
from responder.core.sms.message import Message, Order

BETWEEN = timedelta(minutes=1)
NO_WORLD = "no moment and no state of things was found in which all its conditions hold: try it in 'tests'"


class Kind(StrEnum):
    """Where something that was tried comes from."""

    EXAMPLE = "example"
    COUNTEREXAMPLE = "no_match"
    VARIANT = "variant"
    TEST = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Something that came out otherwise than expected."""

    what: str
    expected: str
    got: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """How one trial went.

    ``applied`` are the rules that it exercised; ``plan`` is that of the text that failed, or of the last.
    """

    kind: Kind
    name: str
    file: str
    line: int
    text: str
    applied: frozenset[str]
    differences: tuple[Difference, ...]
    plan: Plan | None

    @property
    def passed(self) -> bool:
        return not self.differences


def try_all(rules: Rules, now: datetime) -> Iterator[Trial]:
    """Everything that the file says of itself; ``now`` is the time of what names none."""
    for rule in rules.rules:
        if rule.enabled:
            yield from try_examples(rule, rules, now)
    for case in rules.tests:
        yield try_case(case, rules, now)


def try_examples(rule: Rule, rules: Rules, now: datetime, *, with_variants: bool = True) -> Iterator[Trial]:
    """The examples of one rule, tried where all else holds that the rule asks."""
    if not rule.examples and not rule.counterexamples:
        return
    world = world_for(rule, rules, now)
    if world is None:
        difference = Difference(what="conditions", expected="hold", got=NO_WORLD)
        yield Trial(
            kind=Kind.EXAMPLE,
            name=rule.name,
            file=rule.file,
            line=rule.line,
            text="",
            applied=frozenset(),
            differences=(difference,),
            plan=None,
        )
        return
    for text in rule.examples:
        example = _matched(rule, text, Kind.EXAMPLE, rule.name, world.plan(text, rules))
        yield example
        if example.passed and with_variants:
            for way, changed in variants(text, rule.text):
                yield _matched(
                    rule, changed, Kind.VARIANT, f"{rule.name}, {way} of {text!r}", world.plan(changed, rules)
                )
    for text in rule.counterexamples:
        plan = world.plan(text, rules)
        differences = (
            (Difference(what="rule", expected=f"not {rule.name}", got=rule.name),) if rule.name in plan.applied else ()
        )
        yield _outcome(Kind.COUNTEREXAMPLE, rule.name, rule, text, [plan], differences, plan)


def _matched(rule: Rule, text: str, kind: Kind, name: str, plan: Plan) -> Trial:
    differences = (
        () if rule.name in plan.applied else (Difference(what="rule", expected=rule.name, got=plan.rule or NOTHING),)
    )
    return _outcome(kind, name, rule, text, [plan], differences, plan)


def _outcome(
    kind: Kind,
    name: str,
    of: Rule | Case,
    text: str,
    plans: Iterable[Plan],
    differences: tuple[Difference, ...],
    plan: Plan,
) -> Trial:
    applied = frozenset(chain.from_iterable(plan.applied for plan in plans))
    return Trial(
        kind=kind, name=name, file=of.file, line=of.line, text=text, applied=applied, differences=differences, plan=plan
    )


def try_case(case: Case, rules: Rules, now: datetime) -> Trial:
    """One test: its texts on a state of its own, each held against what is expected of it."""
    turns = (*case.earlier, *case.turns)
    messages = list(messages_of(case, now))
    begins_at = min(message.received_at for message in messages)
    strides = list(walk(messages, rules, known_of(case.given, case.originator, begins_at), case.given.responses))
    held = [(stride, tuple(differences(turn.expected, stride))) for turn, stride in zip(turns, strides, strict=True)]
    stride, found = next(((stride, found) for stride, found in held if found), held[-1])
    plans = [stride.plan for stride in strides]
    return _outcome(Kind.TEST, case.name, case, stride.plan.message.text, plans, found, stride.plan)


def messages_of(case: Case, now: datetime) -> Iterator[Message]:
    """The texts as messages: the test's first text at its time, earlier ones ending a minute before."""
    at, first = case.at or now, len(case.earlier)
    moment = at - BETWEEN * (first + 1)
    for number, turn in enumerate((*case.earlier, *case.turns)):
        moment = turn.at or (at if number == first else moment + BETWEEN)
        yield imagined(turn.text, case.originator, case.destination, moment, number + 1)


def known_of(given: Given, originator: str, at: datetime) -> Known:
    """What a test gives, as known since long before its first text."""
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


def differences(expected: Expected, stride: Stride) -> Iterator[Difference]:
    """Everything that came out otherwise than expected."""
    pairs = chain(_of_the_message(expected, stride), _of_the_state(expected, stride.after))
    yield from (Difference(what=what, expected=wanted, got=got) for what, wanted, got in pairs if wanted != got)


def _of_the_message(expected: Expected, stride: Stride) -> Iterator[tuple[str, str, str]]:
    if expected.rule is not None:
        yield "rule", expected.rule, stride.plan.rule or NOTHING
    if expected.replies is not None:
        yield "replies", _lines(expected.replies), _lines(stride.replies)
    if expected.steps is not None:
        steps = _steps_to_compare(expected.steps, stride.plan)
        if len(steps) != len(expected.steps) or not all(
            _is_as_wanted(step, wanted) for step, wanted in zip(steps, expected.steps, strict=True)
        ):
            yield (
                "steps",
                _lines(_shown_wanted(wanted) for wanted in expected.steps),
                _lines(_shown_step(step) for step in steps),
            )


def _of_the_state(expected: Expected, known: Known) -> Iterator[tuple[str, str, str]]:
    for name, status in (expected.subscriptions or {}).items():
        subscription = known.subscriptions.get(name)
        yield f"list {name}", str(status or NOTHING), str(subscription.status) if subscription else NOTHING
    if expected.subscribed is not None:
        on = (name for name in known.subscriptions if known.subscribed(name))
        yield "subscriptions", _lines(sorted(expected.subscribed)), _lines(sorted(on))
    for id_, status_wanted in (expected.appointments or {}).items():
        appointment = known.appointment(id_)
        yield f"appointment {id_}", status_wanted, str(appointment.status) if appointment else NOTHING
    for name, value in (expected.fields or {}).items():
        yield f"field {name}", value, known.fields.get(name, "")
    if expected.language is not None:
        yield "language", expected.language, known.language or NOTHING


def _steps_to_compare(wanted: Iterable[Wanted], plan: Plan) -> list[Mapping[str, Any]]:
    """The steps of a plan. A language that was noticed counts only where a test asks for it."""
    is_asked = any(step.action == "language" for step in wanted)
    return [step for step in plan.explained if is_asked or step["action"] != "language"]


def _is_as_wanted(step: Mapping[str, Any], wanted: Wanted) -> bool:
    settings = {name: value for name, value in step.items() if name != "action"}
    first = next(iter(settings.values()), "")
    return step["action"] == wanted.action and all(
        _plain(settings.get(name) if name else first) == value for name, value in wanted.settings.items()
    )


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    return "" if value is None else str(value)


def _shown_wanted(wanted: Wanted) -> str:
    settings = ", ".join(f"{name} {value}".strip() for name, value in wanted.settings.items())
    return f"{wanted.action}: {settings}" if settings else wanted.action


def _shown_step(step: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {_plain(value)}" for name, value in step.items() if name != "action")
    return f"{step['action']}: {settings}"


def _lines(values: Iterable[str]) -> str:
    return "\n".join(values) or NOTHING
