"""How many texts went out in a day, counted as they are claimed: no two spend the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose
from responder.core.contact.reasons import because
from responder.store.base.database import Database
from responder.store.base.tables import spend

SPENT = because("not_sent", reason=because("day_used_up"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How many texts all numbers together may get in a day, which has a name such as 2026-11-23."""

    day: str
    limit: int


_SPEND = (
    update(spend)
    .where(spend.c.day == bindparam("of_day"), spend.c.texts <= bindparam("most", type_=Integer))
    .values(texts=spend.c.texts + bindparam("count", type_=Integer))
)


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
