"""What is due, in the order in which it leaves."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Integer, Select, and_, bindparam, func, select, union_all
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import ORDINARY, REMINDING, UNDONE, URGENT, steps
from responder.store.outbound.fates import OF_CLAIM
from responder.store.outbound.gates import ANY, Room

NOW, MOST = bindparam("now", type_=steps.c.next_attempt_at.type), bindparam("most", type_=Integer)
TURN = (steps.c.next_attempt_at, steps.c.seq)


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
