"""Replies that will not leave: what they used up and asked is undone."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, and_, bindparam, delete, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, StepStatus
from responder.core.contact.known import SubscriptionStatus, first_asked_at
from responder.core.contact.question import Happening, QuestionKind, QuestionStatus, after_happening
from responder.core.contact.reasons import because
from responder.store.base.history import add_events, event, last_numbers
from responder.store.base.tables import appointments, contacts, questions, reminders, steps, subscriptions, uses
from responder.store.queue.entering import announce_deliveries, read_hearers

REMINDER = "reminder"
DROPPED = "dropped"
COUNT = update(appointments).where(appointments.c.id == bindparam("of_id")).values(version=appointments.c.version + 1)
MOVE = (
    update(contacts).where(contacts.c.originator == bindparam("of_originator")).values(revision=contacts.c.revision + 1)
)


async def suppress(connection: AsyncConnection, reasons: Mapping[int, str], now: datetime) -> None:
    """Let these replies, by their numbers, not leave, and tell webhooks."""
    suppressed: list[Row[Any]] = []
    for reason in sorted(set(reasons.values())):
        numbers = [number for number, why in reasons.items() if why == reason]
        values = {"status": StepStatus.SUPPRESSED, "last_error": reason, "next_attempt_at": None, "updated_at": now}
        gone = update(steps).where(steps.c.seq.in_(numbers)).values(values)
        suppressed += (
            await connection.execute(
                gone.returning(steps.c.key, steps.c.message_key, steps.c.purpose, steps.c.last_error)
            )
        ).all()
    if suppressed:
        await settle_suppressed(connection, suppressed, {row.key: row.last_error for row in suppressed}, now)
        changed = dict.fromkeys((row.key for row in suppressed), StepStatus.SUPPRESSED)
        await announce_deliveries(connection, changed, await read_hearers(connection), now)


async def settle_suppressed(
    connection: AsyncConnection, rows: Sequence[Row[Any]], reasons: Mapping[str, str], now: datetime
) -> None:
    """Undo what was written down as if these replies would leave; ``reasons`` are by their keys."""
    if not rows:
        return
    await never_asked(connection, [row.key for row in rows], now)
    await give_back(connection, [row.key for row in rows])
    await drop_reminders(
        connection, {row.message_key: reasons[row.key] for row in rows if row.purpose == Purpose.REMINDER}, now
    )


async def give_back(connection: AsyncConnection, keys: Collection[str]) -> None:
    """Let what these replies used up be used again, since they never left."""
    theirs = select(steps.c.originator).where(steps.c.key.in_(keys))
    await connection.execute(delete(uses).where(uses.c.originator.in_(theirs), uses.c.step_key.in_(keys)))


async def drop_reminders(connection: AsyncConnection, reasons: Mapping[str, str], now: datetime) -> None:
    """Give reminders up, by their keys, and write down why."""
    if not reasons:
        return
    columns: list[Column[Any]] = [reminders.c.key, reminders.c.appointment_id, reminders.c.originator, reminders.c.name]
    rows = (await connection.execute(select(*columns).where(reminders.c.key.in_(reasons)))).all()
    if not rows:
        return
    for row in rows:
        values = {"status": DROPPED, "done_at": now, "reason": reasons[row.key]}
        await connection.execute(update(reminders).where(reminders.c.key == row.key).values(values))
    versions = select(appointments.c.id, appointments.c.version).where(
        appointments.c.id.in_({row.appointment_id for row in rows})
    )
    standing = {row.id: row.version for row in (await connection.execute(versions)).all()}
    numbers = Counter(
        standing
        | await last_numbers(connection, [row.appointment_id for row in rows if row.appointment_id not in standing])
    )
    lines = []
    for row in rows:
        numbers[row.appointment_id] += 1
        lines.append(dropped(row, numbers[row.appointment_id], reasons[row.key], now))
    await add_events(connection, lines)
    await connection.execute(COUNT, [{"of_id": row.appointment_id} for row in rows])
    await connection.execute(
        MOVE, [{"of_originator": originator} for originator in sorted({row.originator for row in rows})]
    )


def dropped(row: Row[Any], number: int, reason: str, now: datetime) -> dict[str, Any]:
    """The line of the history about a reminder that does not leave."""
    return event(
        (row.appointment_id, number),
        now,
        "reminder dropped",
        REMINDER,
        detail=because("reminder_dropped", before=row.name, reason=reason),
    )


OF_REMINDER = "-1"  # what the key of a reminder's step ends with


async def never_asked(connection: AsyncConnection, keys: Collection[str], now: datetime) -> None:
    """End the questions of texts that do not leave; ``keys`` are those of their steps."""
    if keys:
        await _end_questions(connection, keys, now)
        await _forget_reminders(
            connection, [key.removesuffix(OF_REMINDER) for key in keys if key.endswith(OF_REMINDER)]
        )


async def _end_questions(connection: AsyncConnection, keys: Collection[str], now: datetime) -> None:
    ended = {"status": after_happening(QuestionStatus.OPEN, Happening.MOVE), "closed_at": now}
    of_texts = (questions.c.key.in_(keys)) & (questions.c.status == QuestionStatus.OPEN)
    gone = (
        update(questions)
        .where(of_texts)
        .values(ended)
        .returning(questions.c.kind, questions.c.originator, questions.c.choices)
    )
    for row in (await connection.execute(gone)).all():
        if row.kind == QuestionKind.OPT_IN:
            waits = and_(
                subscriptions.c.originator == row.originator, subscriptions.c.status == SubscriptionStatus.PENDING
            )
            lists = [name for name, _ in json.loads(row.choices)]
            await connection.execute(
                update(subscriptions).where(waits, subscriptions.c.list.in_(lists)).values(ends_at=now)
            )


async def _forget_reminders(connection: AsyncConnection, keys: Collection[str]) -> None:
    """Let appointments stand as if these reminders had not asked about them, where nothing has since.

    One that a text has answered stays open: an answer to the contrary goes to a person.
    """
    asked = appointments.join(reminders, reminders.c.appointment_id == appointments.c.id)
    is_last = appointments.c.last_asked_at == reminders.c.done_at
    unanswered = appointments.c.order_at.is_(None) | (appointments.c.updated_at < appointments.c.asked_at)
    query = (
        select(appointments.c.id, appointments.c.asked_at, reminders.c.done_at)
        .select_from(asked)
        .where(reminders.c.key.in_(keys), is_last, unanswered)
    )
    for row in (await connection.execute(query)).all():
        before = {"asked_at": first_asked_at(row.asked_at, row.done_at), "last_asked_at": None, "asked_from": ""}
        await connection.execute(update(appointments).where(appointments.c.id == row.id).values(before))
