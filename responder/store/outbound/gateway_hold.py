"""What holds all texts back: a gateway that refuses us, and the budget of a day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, delete, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.core.contact.reasons import because
from responder.store.base.database import Database
from responder.store.base.locking import in_order
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import holds, spend, steps

PROBE_EVERY = timedelta(minutes=1)
REPLIES = "replies"  # the name of the row: webhooks have endpoints of their own
_PROBE = kept(select(holds.c.probe_at))
SPENT = because("not_sent", reason=because("day_used_up"))
_SPEND = (
    update(spend)
    .where(spend.c.day == bindparam("of_day"), spend.c.texts <= bindparam("most", type_=Integer))
    .values(texts=spend.c.texts + bindparam("count", type_=Integer))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Since when nothing is sent, and why."""

    since: datetime
    reason: str


async def read_hold(database: Database) -> Hold | None:
    """The hold that is on; None if replies are sent."""
    async with database.read() as connection:
        row = (await connection.execute(select(holds))).first()
    return Hold(since=row.since, reason=row.reason) if row else None


async def lift_hold(database: Database, now: datetime) -> None:
    """Send again: a process that starts has settings that were not tried yet."""
    async with database.write() as connection:
        await end_hold(connection, now)


async def end_hold(connection: AsyncConnection, now: datetime) -> None:
    """Send again, also those that were refused, in a transaction of somebody else's."""
    reasons = list((await connection.execute(delete(holds).returning(holds.c.reason))).scalars())
    if reasons:
        refused = (
            (steps.c.kind == StepKind.REPLY) & (steps.c.status == StepStatus.QUEUED) & steps.c.last_error.in_(reasons)
        )
        await connection.execute(
            update(steps).where(in_order(steps.c.key, refused, skip_locked=True)).values(next_attempt_at=now)
        )


async def begin_hold(connection: AsyncConnection, reason: str, now: datetime, insert: Callable[..., Any]) -> None:
    """Send nothing more; a hold that is on already keeps its beginning."""
    statement = insert(holds).values(name=REPLIES, since=now, reason=reason, probe_at=now + PROBE_EVERY)
    new = {"reason": statement.excluded.reason, "probe_at": statement.excluded.probe_at}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=new))


async def places(connection: AsyncConnection, now: datetime, limit: int) -> tuple[int, bool]:
    """How many replies may be claimed, and whether they are a probe. During a hold, it is one now and then."""
    if (await connection.execute(_PROBE)).first() is None:
        return limit, False
    due = update(holds).where(holds.c.probe_at <= now).values(probe_at=now + PROBE_EVERY)
    return min(limit, (await connection.execute(due)).rowcount), True


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How many texts all numbers together may get in a day, which has a name such as 2026-11-23."""

    day: str
    limit: int


async def over_budget(
    connection: AsyncConnection, database: Database, budget: Budget, rows: Sequence[Row[Any]]
) -> set[str]:
    """The keys of the texts that the budget has no room for; the others are counted, each once.

    The confirmation of an opt-out always has room.
    """
    new = [row for row in rows if row.submitted_at is None]
    if not new:
        return set()
    all_of_them = {"of_day": budget.day, "count": len(new), "most": budget.limit - len(new)}
    if (await connection.execute(_SPEND, all_of_them)).rowcount:
        return set()
    insert = database.insert
    await connection.execute(insert(spend).values(day=budget.day, texts=0).on_conflict_do_nothing())
    today = select(spend.c.texts).where(spend.c.day == budget.day)
    spent = (await connection.execute(today.with_for_update())).scalar_one()
    over: set[str] = set()
    for row in new:
        if spent < budget.limit or row.purpose == Purpose.CONFIRMATION:
            spent += 1
        else:
            over.add(row.key)
    await connection.execute(update(spend).where(spend.c.day == budget.day).values(texts=spent))
    return over


async def spent_on(database: Database, day: str) -> int:
    """How many texts went out on a day."""
    async with database.read() as connection:
        return (await connection.execute(select(spend.c.texts).where(spend.c.day == day))).scalar_one_or_none() or 0
