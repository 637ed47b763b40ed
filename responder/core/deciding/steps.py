"""Drafts become steps, with the keys that they leave under."""

from collections.abc import Iterable, Iterator

from responder.core.contact.effects import Awaited, Purpose, Reply, Step, StepKind, WebhookCall
from responder.core.contact.known import Known
from responder.core.deciding.drafts import Draft, end_of_use
from responder.core.outbound.events import Happened, webhook_payload
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message


def steps_of(drafts: Iterable[Draft], after: Known, no_reply: str | None, *, is_superseded: bool) -> Iterator[Step]:
    """The steps of drafts, numbered from 1; no replies if there is a reason against any."""
    for number, (wanted, decision, situation) in enumerate(drafts, start=1):
        if isinstance(wanted, WebhookCall):
            payload = webhook_payload(
                wanted, decision.name, decision.match, situation, after, is_superseded=is_superseded
            )
            awaited = wanted.awaited if no_reply is None else None
            yield _call(situation.message, number, wanted.to, payload, awaited, wanted.uses)
        elif no_reply is None and wanted.held_back is None:
            yield _text(situation.message, number, wanted)


def announcements(taken: int, happened: Iterable[Happened], message: Message, rules: Rules) -> Iterator[Step]:
    """The calls to webhooks that ask for these events, numbered after the drafts."""
    if not rules.events_told:
        return
    calls = ((name, one) for one in happened for name in sorted(rules.webhooks_for(one.event)))
    for number, (name, one) in enumerate(calls, start=taken + 1):
        yield _call(message, number, name, one.as_json(message.received_at))


def _call(
    message: Message, number: int, to: str, payload: str, awaited: Awaited | None = None, uses: tuple[str, ...] = ()
) -> Step:
    return Step(
        key=f"{message.key}-{number}",
        message_key=message.key,
        kind=StepKind.WEBHOOK,
        originator=message.originator,
        to=to,
        sender=message.destination,
        content=payload,
        purpose=Purpose.ANSWER,
        segments=0,
        expires_at=None,
        awaited=awaited,
        arrived_at=message.received_at,
        uses=uses,
    )


def _text(message: Message, number: int, reply: Reply) -> Step:
    return Step(
        key=reply.asks or f"{message.key}-{number}",
        message_key=message.key,
        kind=StepKind.REPLY,
        originator=message.originator,
        to=message.originator,
        sender=message.destination,
        content=reply.text,
        purpose=reply.purpose,
        segments=reply.segments,
        expires_at=end_of_use(reply, message.received_at),
        leaves_at=reply.leaves_at,
        arrived_at=message.received_at,
        uses=reply.uses,
    )
