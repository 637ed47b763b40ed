"""Replaying: the same messages through two versions of the rules, and what the second would do otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from responder.core.effects import Effect, Step, StepKind
from responder.core.known import Known
from responder.core.message import Message
from responder.core.plan import Plan, known_after, make_plan
from responder.core.rules import Rules

NOTHING = "nothing"
FAILED = "a failure"
MOST_SAMPLES = 3


class Change(StrEnum):
    """What of an outcome is another."""

    RULE = "rule"
    REPLIES = "replies"
    WEBHOOKS = "webhooks"
    STATE = "state"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one version of the rules makes of a message; ``rule`` is always a name to show."""

    rule: str
    folded: str = ""
    effects: tuple[Effect, ...] = ()
    replies: tuple[str, ...] = ()
    webhooks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A message that the candidate would answer otherwise."""

    message: Message
    before: Outcome
    after: Outcome

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is another: the rule, and else what the same rule does."""
        if self.before.rule != self.after.rule:
            return (Change.RULE,)
        pairs = (
            (Change.REPLIES, self.before.replies, self.after.replies),
            (Change.WEBHOOKS, self.before.webhooks, self.after.webhooks),
            (Change.STATE, self.before.effects, self.after.effects),
        )
        return tuple(change for change, before, after in pairs if before != after)


@dataclass(kw_only=True, slots=True)
class Group:
    """Messages whose outcome changes in the same way: how many, and some of them with different texts."""

    before: str
    after: str
    changes: tuple[Change, ...]
    count: int = 0
    samples: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference) -> None:
        """Count a message, and keep it as a sample while there are few."""
        self.count += 1
        is_new = all(difference.before.folded != sample.before.folded for sample in self.samples)
        if is_new and len(self.samples) < MOST_SAMPLES:
            self.samples.append(difference)


class Replay:
    """Two ways through the same messages; each goes on from the state that it leaves behind itself."""

    def __init__(self, in_force: Rules, candidate: Rules) -> None:
        self._in_force = in_force
        self._candidate = candidate
        self._known: dict[str, tuple[Known, Known]] = {}
        self._groups: dict[tuple[str, str, tuple[Change, ...]], Group] = {}
        self.messages = 0

    def strangers(self, messages: Iterable[Message]) -> list[str]:
        """The originators of these messages of whom nothing was said yet."""
        return sorted({message.originator for message in messages} - self._known.keys())

    def begin(self, known: Iterable[Known]) -> None:
        """Say what was known of originators before their first message."""
        self._known |= {each.originator: (each, each) for each in known}

    def take(self, message: Message) -> Difference | None:
        """Take the next message, and tell what would be otherwise; None if nothing would."""
        nobody = Known(originator=message.originator)
        before, after = self._known.get(message.originator, (nobody, nobody))
        old, new = _plan(message, self._in_force, before), _plan(message, self._candidate, after)
        self.messages += 1
        self._known[message.originator] = _next(message, (before, old), (after, new))
        difference = Difference(message=message, before=_outcome(old), after=_outcome(new))
        if difference.before == difference.after:
            return None
        key = (difference.before.rule, difference.after.rule, difference.changes)
        group = self._groups.setdefault(key, Group(before=key[0], after=key[1], changes=key[2]))
        group.add(difference)
        return difference

    def groups(self) -> Sequence[Group]:
        """What would change, the most frequent first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, group.before, group.after, group.changes))


def _plan(message: Message, rules: Rules, known: Known) -> Plan | None:
    try:
        return make_plan(message, rules, known)
    except Exception:  # noqa: BLE001  (the service marks such a message as failed, and goes on)
        return None


def _next(message: Message, before: tuple[Known, Plan | None], after: tuple[Known, Plan | None]) -> tuple[Known, Known]:
    """What each side knows afterwards; the same value where both know the same, which is the rule."""
    (known, old), (candidate_known, new) = before, after
    old_effects, new_effects = old.effects if old else (), new.effects if new else ()
    left = known_after(known, old_effects, message)
    if known is candidate_known and old_effects == new_effects:
        return left, left
    return left, known_after(candidate_known, new_effects, message)


def _outcome(plan: Plan | None) -> Outcome:
    if plan is None:
        return Outcome(rule=FAILED)
    return Outcome(
        rule=plan.rule or NOTHING,
        folded=plan.folded,
        effects=plan.effects,
        replies=tuple(text for step in plan.steps for text in _texts(step)),
        webhooks=tuple(_called(step) for step in plan.steps if step.kind is StepKind.WEBHOOK),
    )


def _texts(step: Step) -> tuple[str, ...]:
    """The text of a step, or both that the answer of a call may lead to."""
    if step.awaited:
        return (step.awaited.text, step.awaited.otherwise or "")
    return (step.content,) if step.kind is StepKind.REPLY else ()


def _called(step: Step) -> tuple[str, str]:
    return step.to, step.content
