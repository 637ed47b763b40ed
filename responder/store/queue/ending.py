"""What an opt-out ends: all that waits to leave, except its confirmation and answers to newer reserved words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, bindparam, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import OptOut, Purpose, StepKind, StepStatus
from responder.core.deciding.plan import Plan
from responder.core.outbound.leaving import DESPITE_OPT_OUT, OPTED_OUT, LastStop, Origin, is_ended
from responder.core.sms.message import Order
from responder.store.base.bulk import execute_many
from responder.store.base.tables import REPLIES, UNDONE, contacts, messages, steps
from responder.store.queue.suppressing import suppress

OF_NO_TEXT = frozenset({Purpose.REMINDER, Purpose.PERSON})  # which answer no text, or not by themselves
_NOTE = (
    update(contacts)
    .where(contacts.c.originator == bindparam("of_originator"))
    .values({name: bindparam(f"new_{name}") for name in ("stopped_at", "stop_order_at", "stop_order_seq")})
)


async def end_waiting(connection: AsyncConnection, words: Mapping[str, Order | None], now: datetime) -> None:
    """End what waits for numbers that opted out, by the order of their words if they have any.

    What somebody else has locked is ended when it is claimed, also after a later opt-in.
    """
    rows = [
        {
            "of_originator": originator,
            "new_stopped_at": now,
            "new_stop_order_at": order.at if order else None,
            "new_stop_order_seq": order.seq if order else None,
        }
        for originator, order in sorted(words.items())
    ]
    if not rows:
        return
    await execute_many(connection, _NOTE, rows)
    columns: list[Column[Any]] = [
        steps.c.seq,
        steps.c.key,
        steps.c.originator,
        steps.c.message_key,
        steps.c.purpose,
        steps.c.created_at,
    ]
    waiting = select(*columns).where(
        REPLIES, UNDONE, steps.c.status == StepStatus.QUEUED, steps.c.originator.in_(words)
    )
    found = (await connection.execute(waiting.with_for_update(skip_locked=True))).all()  # SQLite locks nothing
    stops = {
        originator: LastStop(at=now + datetime.resolution, order=order) for originator, order in words.items()
    }  # what is there came before
    ended = await ended_among(connection, found, stops)
    await suppress(connection, {row.seq: OPTED_OUT for row in found if row.key in ended}, now)


async def end_unwanted(connection: AsyncConnection, plans: Sequence[Plan], now: datetime) -> None:
    """Stop texts that an opt-out of the same batch ends, or whose number had opted out.

    They do not leave after a START that comes soon, either.
    """
    if keys := list(_unwanted(plans)):
        numbers = (await connection.execute(select(steps.c.seq).where(steps.c.key.in_(keys)))).scalars()
        await suppress(connection, dict.fromkeys(numbers, OPTED_OUT), now)


def _unwanted(plans: Sequence[Plan]) -> Iterator[str]:
    stopped: set[str] = set()
    for plan in reversed(plans):
        if plan.after.opted_out or plan.message.originator in stopped:
            replies = (step for step in plan.steps if step.kind is StepKind.REPLY)
            yield from (step.key for step in replies if step.purpose not in DESPITE_OPT_OUT)
        if any(isinstance(effect, OptOut) for effect in plan.effects):
            stopped.add(plan.message.originator)


async def ended_among(
    connection: AsyncConnection, rows: Sequence[Row[Any]], stops: Mapping[str, LastStop]
) -> frozenset[str]:
    """The keys of those texts that waited when their numbers opted out."""
    stopped = [row for row in rows if row.originator in stops]
    if not stopped:
        return frozenset()
    origins = await _origins(connection, [row.message_key for row in stopped if row.purpose not in OF_NO_TEXT])
    return frozenset(
        row.key
        for row in stopped
        if is_ended(
            Purpose(row.purpose),
            row.created_at,
            origins.get(row.message_key) if row.purpose not in OF_NO_TEXT else None,
            stops[row.originator],
        )
    )


async def _origins(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, Origin]:
    """The texts with these keys, as far as replies rest on them."""
    if not keys:
        return {}
    query = select(messages.c.key, messages.c.order_at, messages.c.seq, messages.c.received_at, messages.c.handled_at)
    rows = (await connection.execute(query.where(messages.c.key.in_(keys)))).all()
    return {
        row.key: Origin(order=Order(row.order_at, row.seq), received_at=row.received_at, handled_at=row.handled_at)
        for row in rows
    }


def last_stop(contact: Row[Any]) -> LastStop | None:
    """The last opt-out of a contact; None if there was none."""
    if contact.stopped_at is None:
        return None
    order = Order(contact.stop_order_at, contact.stop_order_seq) if contact.stop_order_at else None
    start = (
        Order(contact.consent_at, contact.consent_seq or 0) if contact.consent_at and not contact.opted_out else None
    )
    return LastStop(at=contact.stopped_at, order=order, start=start)
