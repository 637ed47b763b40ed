"""What nobody's rule met, by its folded text, and how often each rule applied."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from responder.core.operations.overview import RuleUse, UnmatchedGroup
from responder.store.base.database import Database
from responder.store.base.tables import UNMATCHED, messages

LOOKED_AT = 100_000  # messages, so that a page about a million costs what one about these costs


async def group_unmatched(database: Database, since: datetime, limit: int) -> Sequence[UnmatchedGroup]:
    """The texts that met no rule since a moment, the most frequent first, among the newest that there are."""
    newest = (
        select(messages.c.seq, messages.c.folded, messages.c.received_at)
        .where(UNMATCHED, messages.c.received_at >= since, messages.c.folded.is_not(None))
        .order_by(messages.c.received_at.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    count = func.count().label("count")
    groups = (
        select(
            newest.c.folded, count, func.max(newest.c.received_at).label("last_at"), func.max(newest.c.seq).label("seq")
        )
        .group_by(newest.c.folded)
        .order_by(count.desc(), newest.c.folded)
        .limit(limit)
    ).subquery()
    query = (
        select(groups, messages.c.text, messages.c.destination, messages.c.key)
        .join(messages, messages.c.seq == groups.c.seq)
        .order_by(groups.c.count.desc(), groups.c.folded)
    )
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [
        UnmatchedGroup(
            folded=row.folded,
            count=row[1],
            last_at=row.last_at,
            text=row.text,
            destination=row.destination,
            key=row.key,
        )
        for row in rows
    ]


async def count_uses(database: Database, since: datetime) -> Sequence[RuleUse]:
    """How often each rule applied since a moment, and when last, among the newest messages."""
    newest = select(messages.c.rule, messages.c.received_at).order_by(messages.c.seq.desc()).limit(LOOKED_AT).subquery()
    query = (
        select(newest.c.rule, func.count().label("hits"), func.max(newest.c.received_at).label("last_at"))
        .where(newest.c.received_at >= since, newest.c.rule.is_not(None))
        .group_by(newest.c.rule)
    )
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [RuleUse(rule=row.rule, count=row.hits, last_at=row.last_at) for row in rows]
