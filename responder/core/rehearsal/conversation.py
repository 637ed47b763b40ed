"""What a conversation comes to, by the same plans as the service's; and one written as a test of a rules file."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from responder.core.contact.echoes import Sent
from responder.core.contact.effects import Mute, Reply, Step, StepKind
from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan, make_plan
from responder.core.outbound.leaving import why_suppressed
from responder.core.outbound.webhook_replies import settled
from responder.core.rules.limits import Limits
from responder.core.rules.rules import Rules
from responder.core.rules.sections import NOTHING
from responder.core.sms.message import Channel, Message, Order
from responder.core.sms.times import iso

NO_RESPONSES: Mapping[str, bytes] = MappingProxyType({})
MASKED = 6  # last digits, so that no number gets into a file that many read
LONGEST_NAME = 50  # characters
PLAIN = re.compile(r"[a-z][a-z0-9_-]*")
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")  # what YAML takes for line breaks, or not at all
ASKED = "question"  # what no test can be given: that we had asked something


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


def as_test(known: Known, text: str, rule: str | None, *, to: str, at: datetime) -> str | None:
    """A text and the rule that spoke, as an entry of ``tests``.

    None where what was known then cannot be written down.
    """
    if not text or rule == ASKED or known.questions:
        return None
    told = " ".join(text.split())
    lines = {
        "name": f"{told[:LONGEST_NAME]} ({at:%Y-%m-%d})",
        "from": masked(known.originator),
        "to": to,
        "text": text,
        "at": iso(at),
        "given": _given(known),
        "expect": {"rule": rule or NOTHING},
    }
    written = [f"{name}: {_flow(value)}" for name, value in lines.items() if value]
    return "\n".join([f"  - {written[0]}", *(f"    {line}" for line in written[1:])]) + "\n"


def masked(number: str) -> str:
    """A number of the same country that is nobody's in particular.

    >>> masked("+393301234567")
    '+393301000000'
    """
    return number[:-MASKED] + "0" * MASKED if len(number) > 2 * MASKED - 2 else number


def _given(known: Known) -> Mapping[str, Any]:
    lists = {one.list: str(one.status) for one in known.subscriptions.values()} if known.subscriptions else {}
    visits = [
        {
            "id": f"a{place}",
            "starts_at": iso(one.starts_at),
            "status": str(one.status),
            **({"asked_at": iso(one.asked_at)} if one.asked_at else {}),
        }
        for place, one in enumerate(known.appointments, start=1)
    ]
    given: dict[str, Any] = {
        "subscriptions": lists,
        "appointments": visits,
        "fields": dict(known.fields),
        "language": known.language,
        "opted_out": "true" if known.opted_out else None,
        "paused_until": iso(known.paused_until),
    }
    return {name: value for name, value in given.items() if value}


def _flow(value: Any) -> str:  # noqa: ANN401  (a text, or what JSON has)
    """A value as YAML: JSON on one line is YAML too, and names need no quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _key(name: str) -> str:
    return name if PLAIN.fullmatch(name) else json.dumps(name)


def talk_as_test(
    said: Sequence[tuple[str, datetime]], rule: str | None, replies: Sequence[str], *, known: Known, to: str
) -> str:
    """A conversation and what its last text came to, as an entry of ``tests``."""
    told = " ".join(said[-1][0].split())
    lines = {
        "name": f"{told[:LONGEST_NAME]} ({said[-1][1]:%Y-%m-%d %H:%M})",
        "from": masked(known.originator),
        "to": to,
        "at": iso(said[0][1]),
        "given": _given(known),
        "messages": [{"text": text, "at": iso(at)} for text, at in said],
        "expect": {"rule": rule or NOTHING, "replies": list(replies)},
    }
    written = [f"{name}: {_flow(value)}" for name, value in lines.items() if value]
    return "\n".join([f"  - {written[0]}", *(f"    {line}" for line in written[1:])]) + "\n"
