"""Steps that are claimed, and the fates of their attempts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, bindparam, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, Step, StepKind, StepStatus
from responder.store.base.bulk import execute_many
from responder.store.base.tables import steps

OF_CLAIM: list[Column[Any]] = [
    steps.c.seq, steps.c.key, steps.c.message_key, steps.c.kind, steps.c.originator, steps.c.recipient, steps.c.sender,
    steps.c.content, steps.c.purpose, steps.c.segments, steps.c.expires_at, steps.c.attempts, steps.c.created_at,
    steps.c.submitted_at,
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A step that is ours to carry out; ``attempts`` counts this one, ``created_at`` is when it was queued.

    A probe is the one reply that tries whether the gateway still refuses us.
    A reply waits for the answer to a call that ``awaits``.
    """

    step: Step
    attempts: int
    created_at: datetime
    is_probe: bool = False
    awaits: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """How an attempt went.

    One that begins a hold on all replies is not counted; another may end the hold, or say that the number is blocked.
    ``owner`` is whose lease it was made under, where fates of several are recorded together.
    """

    key: str
    status: StepStatus
    owner: str | None = None
    next_attempt_at: datetime | None = None
    error: str | None = None
    gateway_id: str | None = None
    billed_segments: int | None = None
    begins_hold: bool = False
    ends_hold: bool = False
    is_blocked: bool = False


def step_from(row: Row[Any]) -> Step:
    """A step from its row."""
    return Step(
        key=row.key,
        message_key=row.message_key,
        kind=StepKind(row.kind),
        originator=row.originator,
        to=row.recipient,
        sender=row.sender,
        content=row.content,
        purpose=Purpose(row.purpose),
        segments=row.segments,
        expires_at=row.expires_at,
    )


async def record_fates(
    connection: AsyncConnection, fates: Iterable[Fate], now: datetime, owner: str | None = None
) -> None:
    """Record how attempts went; with an owner, only of steps that it still holds."""
    rows = [
        {
            "of_key": fate.key,
            "owner": fate.owner or owner,
            "new_status": fate.status,
            "new_next_attempt_at": fate.next_attempt_at,
            "new_last_error": fate.error,
            "new_gateway_id": fate.gateway_id,
            "new_billed_segments": fate.billed_segments,
            "new_updated_at": now,
            "uncounted": int(fate.begins_hold),
        }
        for fate in fates
    ]
    rows.sort(key=lambda row: str(row["of_key"]))
    await execute_many(connection, _RECORD if owner is None else _RECORD_OWN, rows)


OF_FATE = ("status", "next_attempt_at", "last_error", "gateway_id", "billed_segments")
_RECORD = (
    update(steps)
    .where(steps.c.key == bindparam("of_key"))
    .values(
        lease_owner=None,
        lease_until=None,
        attempts=steps.c.attempts - bindparam("uncounted"),
        **{name: bindparam(f"new_{name}") for name in (*OF_FATE, "updated_at")},
    )
)
_RECORD_OWN = _RECORD.where(steps.c.lease_owner == bindparam("owner"))
