"""Messages walked through the rules in memory: each knows what those before it did, and nothing is kept or sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from responder.core.awaiting import text_of
from responder.core.effects import Step, StepKind
from responder.core.known import Known
from responder.core.message import Channel, Message, Order
from responder.core.plan import Plan, make_plan
from responder.core.rules import Rules
from responder.core.suppression import why_suppressed

NO_RESPONSES: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stride:
    """What one message led to: its plan, and what is known after it; ``responses`` are what webhooks answer."""

    plan: Plan
    after: Known
    responses: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def replies(self) -> tuple[str, ...]:
        """The texts that go out, which none does to somebody who said STOP but what the law asks for."""
        return tuple(filter(None, map(self._text, self.plan.steps)))

    def _text(self, step: Step) -> str | None:
        """The text that a step sends, if it sends one; of a call that which its answer makes."""
        if step.awaited:
            purpose, text = step.awaited.purpose, text_of(step.awaited, self.responses.get(step.to))
        else:
            purpose, text = step.purpose, step.content if step.kind is StepKind.REPLY else None
        now = self.plan.message.received_at
        return text if why_suppressed(purpose, step.expires_at, now, opted_out=self.after.opted_out) is None else None


def walk(messages: Iterable[Message], rules: Rules, known: Known, responses: Mapping[str, bytes] = NO_RESPONSES) -> Iterator[Stride]:
    """What each message of one originator leads to, in their order, by the same plans that the service makes.

    ``responses`` are what webhooks answer, by their names; those that are not among them do not answer in time.
    """
    for message in messages:
        plan = make_plan(message, rules, known)
        known = plan.after
        yield Stride(plan=plan, after=known, responses=responses)


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
