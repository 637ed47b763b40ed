"""What was never sent was never asked: a question ends whose text is dropped while it waits to leave, and so does the wait for its answer."""

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.reminders import CLOCKS
from responder.core.contact.known import SubscriptionStatus
from responder.core.contact.question import Happening, QuestionKind, QuestionStatus, after_happening
from responder.store.base.tables import appointments, questions, reminders, subscriptions

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
    """Let appointments stand as if these reminders had not asked about them, where nothing has since."""
    asked = appointments.join(reminders, reminders.c.appointment_id == appointments.c.id)
    is_last = appointments.c.last_asked_at == reminders.c.done_at
    query = (
        select(appointments.c.id, appointments.c.asked_at, reminders.c.done_at)
        .select_from(asked)
        .where(reminders.c.key.in_(keys), is_last)
    )
    for row in (await connection.execute(query)).all():
        asked_at = None if row.asked_at == row.done_at - CLOCKS else row.asked_at
        before = {"asked_at": asked_at, "last_asked_at": None, "asked_from": ""}
        await connection.execute(update(appointments).where(appointments.c.id == row.id).values(before))
