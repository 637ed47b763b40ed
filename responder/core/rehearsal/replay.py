"""Replay: the same messages through two versions of the rules, and what the second does differently."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from responder.core.contact.effects import Effect, Step, StepKind
from responder.core.contact.known import Known
from responder.core.deciding.plan import make_plan
from responder.core.outbound.leaving import why_suppressed
from responder.core.rehearsal.conversation import Exchange, carried_out
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message

NUMBER = re.compile(r"\+?\d(?:[ .()/-]{0,2}\d){5,}")
NOTHING = "nothing"
FAILED = "a failure"
MOST_SAMPLES = 3


def without_numbers(text: str) -> str:
    """A text without anything that may be a telephone number.

    >>> without_numbers("call +39 330 123 4567 before 10:30")
    'call … before 10:30'
    """
    return NUMBER.sub("…", text)


class Change(StrEnum):
    """What differs between two outcomes."""

    RULE = "rule"
    REPLIES = "replies"
    WEBHOOKS = "webhooks"
    STATE = "state"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one version of the rules does with a message; ``rule`` is always a name to show."""

    rule: str
    folded: str = ""
    effects: tuple[Effect, ...] = ()
    replies: tuple[str, ...] = ()
    webhooks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Divergence:
    """A message that the candidate rules would answer differently."""

    message: Message
    before: Outcome
    after: Outcome

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs: the rule, or else what the same rule does."""
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
    """Messages whose outcome changes in the same way: their number, and some samples with different texts."""

    before: str
    after: str
    changes: tuple[Change, ...]
    count: int = 0
    samples: list[Divergence] = field(default_factory=list)

    def add(self, divergence: Divergence) -> None:
        """Count a message, and keep it as a sample while there are few."""
        self.count += 1
        is_new = all(divergence.before.folded != sample.before.folded for sample in self.samples)
        if is_new and len(self.samples) < MOST_SAMPLES:
            self.samples.append(divergence)


@dataclass
class Replay:
    """Two versions of the rules on the same messages, each with a state of its own."""

    in_force: Rules
    candidate: Rules
    messages: int = field(init=False, default=0)
    _known: dict[str, tuple[Known, Known]] = field(init=False, default_factory=dict)
    _groups: dict[tuple[str, str, tuple[Change, ...]], Group] = field(init=False, default_factory=dict)

    def strangers(self, messages: Iterable[Message]) -> list[str]:
        """The originators of these messages for whom ``begin`` was not called yet."""
        return sorted({message.originator for message in messages} - self._known.keys())

    def begin(self, known: Iterable[Known]) -> None:
        """Set what was known of originators before their first message."""
        self._known |= {each.originator: (each, each) for each in known}

    def take(self, message: Message) -> Divergence | None:
        """Take the next message, and return what would differ; None if nothing would."""
        nobody = Known(originator=message.originator)
        before, after = self._known.get(message.originator, (nobody, nobody))
        old, new = _exchange(message, self.in_force, before), _exchange(message, self.candidate, after)
        self.messages += 1
        self._known[message.originator] = _next((before, old), (after, new))
        divergence = Divergence(message=message, before=_outcome(old), after=_outcome(new))
        if divergence.before == divergence.after:
            return None
        key = (divergence.before.rule, divergence.after.rule, divergence.changes)
        self._groups.setdefault(key, Group(before=key[0], after=key[1], changes=key[2])).add(divergence)
        return divergence

    def groups(self) -> Sequence[Group]:
        """The groups of messages, the largest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, group.before, group.after, group.changes))


def _exchange(message: Message, rules: Rules, known: Known) -> Exchange | None:
    try:
        return carried_out(make_plan(message, rules, known), rules.limits)
    except Exception:  # noqa: BLE001  (the service marks such a message as failed, and goes on)
        return None


def _next(before: tuple[Known, Exchange | None], after: tuple[Known, Exchange | None]) -> tuple[Known, Known]:
    """What each side knows afterwards; the same value if both know the same, which is usual."""
    left, candidate_left = (exchange.after if exchange else known for known, exchange in (before, after))
    is_same = before[0] is after[0] and left == candidate_left
    return left, left if is_same else candidate_left


def _outcome(exchange: Exchange | None) -> Outcome:
    if exchange is None:
        return Outcome(rule=FAILED)
    plan = exchange.plan
    return Outcome(
        rule=plan.rule or NOTHING,
        folded=plan.folded,
        effects=plan.effects,
        replies=tuple(text for step in plan.steps for text in _texts(step, exchange)),
        webhooks=tuple((step.to, step.content) for step in plan.steps if step.kind is StepKind.WEBHOOK),
    )


def _texts(step: Step, exchange: Exchange) -> tuple[str, ...]:
    """The text of a step, or both possible texts of an awaited reply; none after a STOP."""
    purpose, now = step.awaited.purpose if step.awaited else step.purpose, exchange.plan.message.received_at
    if why_suppressed(purpose, step.expires_at, now, opted_out=exchange.after.opted_out):
        return ()
    if step.awaited:
        return (step.awaited.text, step.awaited.otherwise or "")
    return (step.content,) if step.kind is StepKind.REPLY else ()
