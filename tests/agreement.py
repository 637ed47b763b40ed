"""One conversation twice: as ``responder test`` rehearses it, and as the service has it, on a real store with a worker and a gateway."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, select

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.known import LATE, Known
from responder.core.rehearsal.conversation import converse
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message, Order
from responder.store.base.tables import appointments, awaited, contacts, handoffs, messages, steps, subscriptions
from responder.store.inbox.contacts import read_known
from responder.store.outbound.claims import Fate
from responder.store.outbound.webhook_replies import settle
from responder.wiring import Store
from tests.builders import inbound
from tests.conftest import StandingClock
from tests.worker.conftest import Work

OWNER = "the gateway"


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Texts of one phone, what is known of it before them, and what webhooks answer."""

    name: str
    rules: Rules
    known: Known
    messages: tuple[Message, ...]
    responses: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came of one text: who spoke, what went out, and how things stand then."""

    text: str
    rule: str | None
    is_superseded: bool
    replies: tuple[str, ...]
    opted_out: bool
    lists: Mapping[str, str]
    appointments: Mapping[str, str]
    fields: Mapping[str, str]
    language: str | None


def rehearsed(conversation: Conversation) -> Iterator[Answered]:
    """What the rehearsal says of each text."""
    exchanges = converse(conversation.messages, conversation.rules, conversation.known, conversation.responses)
    for exchange in exchanges:
        plan = exchange.plan
        yield _answered(plan.message, plan.rule, plan.is_superseded, exchange.replies, exchange.after)


async def served(conversation: Conversation, store: Store) -> list[Answered]:
    """What the service does for each text."""
    clock = StandingClock()
    work = Work(store=store, clock=clock, rules=conversation.rules)
    await _put(store, conversation.known)
    found = []
    for message in conversation.messages:
        clock.now = message.received_at
        where: dict[str, Any] = {"destination": message.destination, "key": message.key}
        await work.handle(inbound(message.text, message.originator, received=message.received_at, **where))
        texts = await _deliver(store, message, conversation, clock.now)
        after = (await read_known(store.database, store.secret, [message.originator], clock.now))[message.originator]
        replies = [
            text for text, waits in texts if not (waits and after.opted_out)
        ]  # what waits for its time is not sent then
        async with store.database.read() as connection:
            row = (await connection.execute(select(messages).where(messages.c.key == message.key))).one()
        found.append(_answered(message, row.rule, row.is_superseded, replies, after))
    return found


def _answered(
    message: Message, rule: str | None, is_superseded: bool, replies: Sequence[str], after: Known
) -> Answered:
    after = after.at(message.received_at)
    return Answered(
        text=message.text,
        rule=rule,
        is_superseded=is_superseded,
        replies=tuple(replies),
        opted_out=after.opted_out,
        lists={name: str(one.status) for name, one in after.subscriptions.items()},
        appointments={one.id: str(one.status) for one in after.appointments if not _is_over(one.starts_at, message)},
        fields=dict(after.fields),
        language=after.language,
    )


def _is_over(starts_at: datetime, message: Message) -> bool:
    """Whether the store no longer tells of an appointment, since no answer to it can come."""
    return starts_at <= message.received_at - LATE


async def _deliver(store: Store, message: Message, conversation: Conversation, now: datetime) -> list[tuple[str, bool]]:
    """Send what is due, and let webhooks answer; the texts that the message led to, and whether each waits for its time."""
    await _send(store, now)
    async with store.database.write() as connection:
        calls = (
            select(awaited.c.step_key, steps.c.recipient)
            .join(steps, steps.c.key == awaited.c.step_key)
            .order_by(steps.c.seq)
        )
        said = {
            row.step_key: conversation.responses.get(row.recipient) for row in (await connection.execute(calls)).all()
        }
        await settle(connection, store.database, said, conversation.rules.limits, now)
    await _send(store, now)
    wanted = (
        (steps.c.message_key == message.key)
        & (steps.c.kind == StepKind.REPLY)
        & (steps.c.status != StepStatus.SUPPRESSED)
    )
    async with store.database.read() as connection:
        rows = (await connection.execute(select(steps).where(wanted).order_by(steps.c.seq))).all()
    return [(row.content, row.status == StepStatus.QUEUED) for row in rows]


async def _send(store: Store, now: datetime) -> None:
    claimed = await store.steps.claim(StepKind.REPLY, OWNER, now, 100)
    await store.steps.record([Fate(key=one.step.key, status=StepStatus.SENT) for one in claimed], OWNER, now)


async def _put(store: Store, known: Known) -> None:
    """Keep what a conversation begins with."""
    order = known.consent_order
    contact: dict[str, Any] = {
        "originator": known.originator,
        "revision": 1,
        "language": known.language,
        "fields": json.dumps(dict(known.fields)),
        "opted_out": known.opted_out,
        "consent_at": order.at if order else None,
        "consent_seq": order.seq if order else None,
    }
    async with store.database.write() as connection:
        await connection.execute(insert(contacts).values(**contact))
        for subscription in known.subscriptions.values():
            row = _of(subscription, subscriptions, subscription.order) | {"originator": known.originator}
            await connection.execute(insert(subscriptions).values(**row))
        for appointment in known.appointments:
            await connection.execute(insert(appointments).values(**_of(appointment, appointments, appointment.order)))
        if known.paused_until:
            paused = {
                "message_key": "f" * 32,
                "originator": known.originator,
                "reason": "given",
                "pauses_until": known.paused_until,
            }
            await connection.execute(insert(handoffs).values(**paused, opened_at=known.paused_until))


def _of(value: object, table: Table, order: Order | None) -> dict[str, Any]:
    """The columns of a table that a value has fields for, and its place among words."""
    fields = {column.name: getattr(value, column.name) for column in table.c if hasattr(value, column.name)}
    return fields | {"order_at": order.at if order else None, "order_seq": order.seq if order else None}
