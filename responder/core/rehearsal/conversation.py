"""Conversations in memory: each message is planned after those before it, and nothing is sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from responder.core.contact.echoes import Sent
from responder.core.contact.effects import Mute, Reply, Step, StepKind
from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan, make_plan
from responder.core.outbound.suppression import why_suppressed
from responder.core.outbound.webhook_replies import settled
from responder.core.rules.limits import Limits
from responder.core.rules.rules import Rules
from responder.core.sms.message import Channel, Message, Order

NO_RESPONSES: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A message and what followed: its plan, the texts that went out, and what is known after them.

    ``held`` has the reasons why a text of the plan did not go out.
    """

    plan: Plan
    after: Known
    sent: tuple[Sent, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def replies(self) -> tuple[str, ...]:
        """The texts that go out; after a STOP, only those that the law asks for."""
        return tuple(one.text for one in self.sent)


def converse(
    messages: Iterable[Message], rules: Rules, known: Known, responses: Mapping[str, bytes] = NO_RESPONSES
) -> Iterator[Exchange]:
    """What follows from each message of one originator, by the same plans as the service's.

    ``responses`` are the answers of webhooks by name; a webhook without one does not answer in time.
    """
    for message in messages:
        exchange = carried_out(make_plan(message, rules, known), rules.limits, responses)
        known = exchange.after
        yield exchange


def carried_out(plan: Plan, limits: Limits, responses: Mapping[str, bytes] = NO_RESPONSES) -> Exchange:
    """What follows from a plan once its texts are out and its webhooks have answered."""
    after, sent, held, now = plan.after, list[Sent](), list[str](), plan.message.received_at
    for step in sorted(plan.steps, key=lambda step: step.awaited is not None):
        for one in _outgoing(step, after, limits, responses, now):
            if isinstance(one, Mute):
                after = replace(after, muted_until=one.until)
            elif why := one.held_back or why_suppressed(one.purpose, one.expires_at, now, opted_out=after.opted_out):
                held.append(why)
            else:
                sent.append(Sent(at=now, text=one.text, purpose=one.purpose))
                after = replace(after, sent=(*after.sent, sent[-1]))
    return Exchange(plan=plan, after=after, sent=tuple(sent), held=tuple(held))


def _outgoing(
    step: Step, known: Known, limits: Limits, responses: Mapping[str, bytes], now: datetime
) -> tuple[Reply | Mute, ...]:
    """The text that a step sends: its own, or one made from the webhook's answer."""
    if step.awaited:
        return settled(step.awaited, responses.get(step.to), known, limits, now)
    reply = Reply(text=step.content, purpose=step.purpose, expires_at=step.expires_at)
    return (reply,) if step.kind is StepKind.REPLY else ()


def imagined(text: str, originator: str, destination: str, at: datetime, seq: int = 1) -> Message:
    """A message that nobody sent, as if it had arrived at a moment."""
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
