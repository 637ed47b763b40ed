"""Claims on steps: what is due, in the order in which it leaves, and the fates of the attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, Step, StepKind, StepStatus
from responder.store.base.bulk import execute_many
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import ORDINARY, REMINDING, UNDONE, URGENT, steps
from responder.store.outbound.gates import ANY, Room

OF_CLAIM: list[Column[Any]] = [
    steps.c.seq, steps.c.key, steps.c.message_key, steps.c.kind, steps.c.originator, steps.c.recipient, steps.c.sender,
    steps.c.content, steps.c.purpose, steps.c.segments, steps.c.expires_at, steps.c.attempts, steps.c.created_at,
    steps.c.submitted_at,
]  # fmt: skip
NOW, MOST = bindparam("now", type_=steps.c.next_attempt_at.type), bindparam("most", type_=Integer)
TURN = (steps.c.next_attempt_at, steps.c.seq)


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


def due(kind: StepKind, now: datetime | ColumnElement[datetime]) -> Select[tuple[int]]:
    """What is due, in the order of its index.

    Asked for some rows in any order, PostgreSQL would rather read the table until it meets them.
    """
    return select(steps.c.seq).where(is_due(kind, now)).order_by(steps.c.next_attempt_at)


def is_due(kind: StepKind, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a step waits, and for nothing more; ``UNDONE`` lets SQLite use the index of what is undone."""
    return and_(UNDONE, steps.c.kind == kind, steps.c.status == StepStatus.QUEUED, steps.c.next_attempt_at <= now)


async def first_texts(connection: AsyncConnection, now: datetime, room: Room) -> Sequence[Row[Any]]:
    """Due texts, as many as there is room for and one: first confirmations of opt-outs, of no use when late."""
    query = _texts() if room.which is ANY else _texts_of(room.which)
    return (await connection.execute(query, {"now": now, "most": room.limit + 1})).all() if room.limit else ()


async def first_calls(connection: AsyncConnection, now: datetime, room: Room) -> Sequence[Row[Any]]:
    """Due calls of webhooks, as many as there is room for and one, the oldest first."""
    query = select(*OF_CLAIM).where(is_due(StepKind.WEBHOOK, now)).order_by(*TURN).limit(room.limit + 1)
    return (await connection.execute(query.with_for_update(skip_locked=True))).all()


async def count_texts(connection: AsyncConnection, now: datetime, most: int) -> int:
    """How many texts are due, up to a limit."""
    return int((await connection.execute(_count(), {"now": now, "most": most})).scalar_one())


@cache
def _count() -> Select[Any]:
    some = due(StepKind.REPLY, NOW).limit(MOST).subquery()
    return kept(select(func.count()).select_from(some))


@cache
def _texts() -> CompoundSelect[Any]:
    return kept(_texts_of(ANY))


def _texts_of(which: ColumnElement[bool]) -> CompoundSelect[Any]:
    """The texts, each part by an index of its own, so that no more are read than are taken."""
    waiting = (steps.c.status == StepStatus.QUEUED) & (steps.c.next_attempt_at <= NOW) & which
    parts = (
        select(*OF_CLAIM).where(part, waiting).order_by(*TURN).limit(MOST).with_for_update(skip_locked=True)
        for part in (URGENT, and_(ORDINARY, steps.c.purpose != Purpose.CONFIRMATION), REMINDING)
    )
    return union_all(*(select(part.subquery()) for part in parts)).limit(MOST)
