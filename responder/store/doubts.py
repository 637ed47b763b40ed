"""Whoever may want no more texts, until a person has decided."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.store.tables import HOLDING, handoffs


def open_doubts() -> Select[Any]:
    """The originators who may want no more texts, and since when."""
    return (
        select(handoffs.c.originator, func.max(handoffs.c.opened_at).label("since"))
        .where(HOLDING)
        .group_by(handoffs.c.originator)
    )


async def in_doubt(connection: AsyncConnection, originators: Collection[str]) -> dict[str, datetime]:
    """Which of the originators have an open hand-off that holds marketing back, and since when."""
    query = open_doubts().where(handoffs.c.originator.in_(originators))
    return {row.originator: row.since for row in (await connection.execute(query)).all()}
