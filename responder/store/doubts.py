"""Whoever may want no more texts, until a person has decided."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.tables import HOLDING, handoffs


async def in_doubt(connection: AsyncConnection, originators: Collection[str]) -> dict[str, datetime]:
    """Which of the originators have an open hand-off that holds marketing back, and since when."""
    query = select(handoffs.c.originator, func.max(handoffs.c.opened_at).label("since")).where(handoffs.c.originator.in_(originators), HOLDING)
    return {row.originator: row.since for row in (await connection.execute(query.group_by(handoffs.c.originator))).all()}
