"""Values as rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.echoes import TEXTS_REMEMBERED, Sent
from responder.core.contact.effects import Purpose, Step, StepStatus
from responder.core.operations.records import DeliveryRecord
from responder.core.outbound.suppression import SHADOWED
from responder.store.base.bulk import among_listed
from responder.store.base.records import from_row
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import steps


def delivery_from(row: Row[Any]) -> DeliveryRecord:
    """A delivery from its row."""
    return from_row(DeliveryRecord, row, to=row.recipient, text=row.content)


async def read_sent(
    connection: AsyncConnection, originators: Collection[str], now: datetime, asked_at: datetime | None = None
) -> dict[str, list[Sent]]:
    """The texts that were queued lately for each of the originators, and the reminders since ``asked_at``."""
    sent: dict[str, list[Sent]] = defaultdict(list)
    lately = now - TEXTS_REMEMBERED
    since = asked_at - TEXTS_REMEMBERED if asked_at and asked_at < now else lately
    for row in (await connection.execute(_SENT, {"originators": originators, "since": since, "lately": lately})).all():
        sent[row.originator].append(
            Sent(
                at=row.created_at,
                text=row.content,
                purpose=Purpose(row.purpose),
                answers_at=row.arrived_at,
                waits=row.status == StepStatus.QUEUED,
            )
        )
    return sent


_SENT = kept(
    select(steps.c.originator, steps.c.created_at, steps.c.arrived_at, steps.c.content, steps.c.purpose, steps.c.status)
    .where(
        steps.c.kind == text("'reply'"),
        among_listed(steps.c.originator, "originators"),
        steps.c.created_at > bindparam("since"),
        or_(steps.c.purpose == Purpose.REMINDER, steps.c.created_at > bindparam("lately")),
        or_(steps.c.status != StepStatus.SUPPRESSED, steps.c.last_error == SHADOWED),
    )
    .order_by(steps.c.seq)
)

Rows = list[dict[str, Any]]


def step_rows(queued: Iterable[Step], now: datetime) -> Rows:
    """Steps as rows, queued, and due at once or when they are to leave."""
    return [
        {
            "key": step.key,
            "message_key": step.message_key,
            "kind": step.kind,
            "originator": step.originator,
            "recipient": step.to,
            "sender": step.sender,
            "content": step.content,
            "purpose": step.purpose,
            "segments": step.segments,
            "expires_at": step.expires_at,
            "arrived_at": step.arrived_at,
            "status": StepStatus.QUEUED,
            "attempts": 0,
            "next_attempt_at": _leaves_at(step, now),
            "keeps_quiet": step.leaves_at is not None or step.purpose is Purpose.REMINDER,
            "created_at": now,
            "updated_at": now,
        }
        for step in queued
    ]


def _leaves_at(step: Step, now: datetime) -> datetime:
    """When a step is due; if the clock was set back since its text came, it waits no longer than it would have."""
    if step.leaves_at is None:
        return now
    longest = step.leaves_at - step.arrived_at if step.arrived_at else step.leaves_at - now
    return max(now, min(step.leaves_at, now + longest))
