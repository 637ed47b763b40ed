"""Messages walked through the rules in memory: each knows what those before it did, and nothing is kept or sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from responder.core.effects import StepKind
from responder.core.known import Known
from responder.core.message import Channel, Message, Order
from responder.core.plan import Plan, known_after, make_plan
from responder.core.rules import Rules
from responder.core.suppression import why_suppressed


@dataclass(frozen=True, kw_only=True, slots=True)
class Stride:
    """What one message led to: its plan, and what is known after it."""

    plan: Plan
    after: Known

    @property
    def replies(self) -> tuple[str, ...]:
        """The texts that go out, which none does to somebody who said STOP but what the law asks for."""
        now = self.plan.message.received_at
        return tuple(
            step.content
            for step in self.plan.steps
            if step.kind is StepKind.REPLY and why_suppressed(step.purpose, step.expires_at, now, opted_out=self.after.opted_out) is None
        )


def walk(messages: Iterable[Message], rules: Rules, known: Known) -> Iterator[Stride]:
    """What each message of one originator leads to, in their order, by the same plans that the service makes."""
    for message in messages:
        plan = make_plan(message, rules, known)
        known = known_after(known, plan.effects, message)
        yield Stride(plan=plan, after=known)


def imagined(text: str, originator: str, destination: str, at: datetime, seq: int = 1) -> Message:
    """A message that nobody sent, as if it had come in at that moment."""
    return Message(
        seq=seq,
        key=f"{seq:032x}",
        channel=Channel.WEBHOOK,
        gateway="",
        originator=originator,
        destination=destination,
        text=text,
        sent_at=None,
        received_at=at,
        order=Order(at, seq),
    )
