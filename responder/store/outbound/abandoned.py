"""Steps that nobody works on: those due, and those whose worker was killed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, select, update

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.reasons import because
from responder.store.base.database import Database
from responder.store.base.locking import in_order
from responder.store.base.tables import LEASED, steps
from responder.store.outbound.claims import due
from responder.store.outbound.webhook_replies import begin_waiting
from responder.store.queue.entering import announce_deliveries

KILLED = because("worker_killed")
LIMBO = {StepKind.WEBHOOK: StepStatus.QUEUED, StepKind.REPLY: StepStatus.UNCERTAIN}
"""What becomes of a step whose worker was killed: a webhook is called again, a text is never sent twice."""


async def due_kinds(database: Database, now: datetime) -> frozenset[StepKind]:
    async with database.read() as connection:
        first = {kind: await connection.execute(due(kind, now).limit(1)) for kind in StepKind}
    return frozenset(kind for kind, found in first.items() if found.first())


async def has_abandoned(database: Database, now: datetime) -> bool:
    """Whether a worker was killed while it was sending."""
    abandoned = select(steps.c.seq).where(LEASED, steps.c.lease_until < now).order_by(steps.c.lease_until).limit(1)
    return await database.row(abandoned) is not None


async def settle_abandoned(database: Database, now: datetime, notify: Collection[str] = ()) -> int:
    """Decide the fate of steps whose worker was killed, tell webhooks, and give how many."""
    found = 0
    again: list[str] = []
    async with database.write() as connection:
        for kind, status in LIMBO.items():
            abandoned = and_(LEASED, steps.c.kind == kind, steps.c.lease_until < now)
            next_at = now if status is StepStatus.QUEUED else None
            values = {"status": status, "last_error": KILLED, "next_attempt_at": next_at, "updated_at": now}
            theirs = update(steps).where(in_order(steps.c.key, abandoned, skip_locked=True)).values(values)
            keys = list((await connection.execute(theirs.returning(steps.c.key))).scalars())
            if kind is StepKind.REPLY:
                await announce_deliveries(connection, dict.fromkeys(keys, status), notify, now)
            found += len(keys)
            again += keys if status is StepStatus.QUEUED else []
    if again:  # in a transaction of its own, since whoever records a call has what waits for it before the call itself
        async with database.write() as connection:
            await begin_waiting(connection, again, now)
    return found
