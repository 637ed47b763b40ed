"""Outbound steps: claimed with the opt-out checked, recorded with their fate, and found again when a worker was killed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.effects import Purpose, Step, StepKind, StepStatus
from responder.core.retry import LEASE
from responder.core.suppression import why_suppressed
from responder.store.database import Database
from responder.store.erasure import erased_among
from responder.store.holds import end_hold, hold, places
from responder.store.tables import contacts, steps

KILLED = "the worker was killed while it was sending"
LIMBO = {StepKind.WEBHOOK: StepStatus.QUEUED, StepKind.REPLY: StepStatus.UNCERTAIN}
"""What becomes of a step whose worker was killed: a webhook is called again, a text is never sent twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A step that is ours to carry out; ``attempts`` counts this one, ``created_at`` is when it was queued.

    A probe is the one reply that tries whether the gateway still refuses us.
    """

    step: Step
    attempts: int
    created_at: datetime
    is_probe: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """How an attempt went; it may begin a hold on all replies, and then does not count, or end one."""

    key: str
    status: StepStatus
    next_attempt_at: datetime | None = None
    error: str | None = None
    gateway_id: str | None = None
    begins_hold: bool = False
    ends_hold: bool = False


class SqlSteps:
    """The outbound steps in SQL."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    async def claim(self, kind: StepKind, owner: str, now: datetime, limit: int, *, simulate: bool = False) -> list[Claimed]:
        """Due steps, oldest first, which nobody else will carry out while the lease lasts; a text to someone opted out is suppressed.

        With ``simulate`` the steps are marked as simulated at once, since nothing goes out. Raises StorageError.
        """
        async with self._database.write() as connection:
            is_free = kind is StepKind.WEBHOOK or simulate
            free, is_probe = (limit, False) if is_free else await places(connection, now, limit)
            due = await self._due(connection, kind, now, free)
            stopped = await self._suppressed(connection, due, now) if kind is StepKind.REPLY else {}
            fates = [Fate(key=key, status=StepStatus.SUPPRESSED, error=reason) for key, reason in stopped.items()]
            await _record(connection, fates, now)
            taken = [row for row in due if row.key not in stopped]
            lease: dict[str, Any] = {"status": StepStatus.SENDING, "lease_owner": owner, "lease_until": now + LEASE, "submitted_at": now}
            if simulate:
                lease = {"status": StepStatus.SIMULATED, "next_attempt_at": None}
            if taken:
                mine = steps.c.seq.in_([row.seq for row in taken])
                await connection.execute(update(steps).where(mine).values(**lease, attempts=steps.c.attempts + 1, updated_at=now))
        return [Claimed(step=step_from(row), attempts=row.attempts + 1, created_at=row.created_at, is_probe=is_probe) for row in taken]

    async def _due(self, connection: AsyncConnection, kind: StepKind, now: datetime, limit: int) -> Sequence[Row[Any]]:
        waiting = (steps.c.kind == kind) & (steps.c.status == StepStatus.QUEUED) & (steps.c.next_attempt_at <= now)
        query = select(steps).where(waiting).order_by(steps.c.purpose == Purpose.REMINDER, steps.c.next_attempt_at, steps.c.seq).limit(limit)
        if not self._database.is_sqlite:
            query = query.with_for_update(skip_locked=True)
        return (await connection.execute(query)).all()

    async def _suppressed(self, connection: AsyncConnection, due: Sequence[Row[Any]], now: datetime) -> dict[str, str]:
        """The keys of texts that may not go out, with the reason; contacts stay locked, so that an opt-out comes before or after."""
        originators = sorted({row.originator for row in due})
        query = select(contacts.c.originator, contacts.c.opted_out, contacts.c.consent_at).where(contacts.c.originator.in_(originators))
        if not self._database.is_sqlite:
            query = query.order_by(contacts.c.originator).with_for_update()
        known = (await connection.execute(query)).all()
        opted_out = await erased_among(connection, self._secret, originators) - {row.originator for row in known if row.consent_at}
        opted_out |= {row.originator for row in known if row.opted_out}
        reasons = {row.key: why_suppressed(Purpose(row.purpose), row.expires_at, now, opted_out=row.originator in opted_out) for row in due}
        return {key: reason for key, reason in reasons.items() if reason}

    async def record(self, fates: Iterable[Fate], owner: str, now: datetime) -> None:
        """Record how attempts went, unless somebody else has the step by now. Raises StorageError."""
        async with self._database.write() as connection:
            recorded = list(fates)
            await _record(connection, recorded, now, owner)
            for fate in recorded:
                if fate.begins_hold:
                    await hold(connection, fate.error or "", now, is_sqlite=self._database.is_sqlite)
                elif fate.ends_hold:
                    await end_hold(connection, now)

    async def unclaim(self, owner: str, now: datetime) -> None:
        """Queue again what was claimed and certainly not begun; the attempt does not count."""
        async with self._database.write() as connection:
            mine = (steps.c.status == StepStatus.SENDING) & (steps.c.lease_owner == owner)
            values = {
                "status": StepStatus.QUEUED,
                "attempts": steps.c.attempts - 1,
                "lease_owner": None,
                "lease_until": None,
                "updated_at": now,
            }
            await connection.execute(update(steps).where(mine).values(values))

    async def settle_abandoned(self, now: datetime) -> int:
        """Decide the fate of steps whose worker was killed, and tell how many there were."""
        found = 0
        async with self._database.write() as connection:
            for kind, status in LIMBO.items():
                abandoned = (steps.c.kind == kind) & (steps.c.status == StepStatus.SENDING) & (steps.c.lease_until < now)
                values = {
                    "status": status,
                    "last_error": KILLED,
                    "next_attempt_at": now if status is StepStatus.QUEUED else None,
                    "updated_at": now,
                }
                found += (await connection.execute(update(steps).where(abandoned).values(values))).rowcount
        return found

    async def has_abandoned(self, now: datetime) -> bool:
        """Whether a worker was killed while it was sending."""
        abandoned = select(steps.c.seq).where(steps.c.status == StepStatus.SENDING, steps.c.lease_until < now).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(abandoned)).first() is not None

    async def due_kinds(self, now: datetime) -> frozenset[StepKind]:
        """Which kinds of steps are due and unclaimed."""
        waiting = (steps.c.status == StepStatus.QUEUED) & (steps.c.next_attempt_at <= now)
        async with self._database.read() as connection:
            return frozenset(StepKind(kind) for kind in (await connection.execute(select(steps.c.kind).where(waiting).distinct())).scalars())

    async def retry(self, key: str, now: datetime) -> StepStatus | None:
        """Queue a step again that was given up or is uncertain, and tell what it was; None if there is no such step to retry."""
        again = [StepStatus.DEAD, StepStatus.UNCERTAIN, StepStatus.FAILED]
        async with self._database.write() as connection:
            row = (await connection.execute(select(steps.c.status).where(steps.c.key == key, steps.c.status.in_(again)))).first()
            if row:
                values = {"status": StepStatus.QUEUED, "attempts": 0, "next_attempt_at": now, "lease_owner": None, "updated_at": now}
                await connection.execute(update(steps).where(steps.c.key == key).values(values))
        return StepStatus(row.status) if row else None

    async def dead_webhooks(self) -> list[str]:
        """The keys of the webhook calls that were given up."""
        dead = (steps.c.status == StepStatus.DEAD) & (steps.c.kind == StepKind.WEBHOOK)
        async with self._database.read() as connection:
            return list((await connection.execute(select(steps.c.key).where(dead).order_by(steps.c.seq))).scalars())

    async def counts(self) -> dict[StepStatus, int]:
        """How many steps there are of each status."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(steps.c.status, func.count()).group_by(steps.c.status))).all()
        return {StepStatus(status): count for status, count in rows}


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


async def _record(connection: AsyncConnection, fates: Iterable[Fate], now: datetime, owner: str | None = None) -> None:
    rows = [
        {
            "of_key": fate.key,
            "owner": owner,
            "new_status": fate.status,
            "new_next_attempt_at": fate.next_attempt_at,
            "new_last_error": fate.error,
            "new_gateway_id": fate.gateway_id,
            "new_updated_at": now,
            "uncounted": int(fate.begins_hold),
        }
        for fate in fates
    ]
    if rows:
        await connection.execute(_RECORD if owner is None else _RECORD.where(steps.c.lease_owner == bindparam("owner")), rows)


_RECORD = (
    update(steps)
    .where(steps.c.key == bindparam("of_key"))
    .values(
        lease_owner=None,
        lease_until=None,
        attempts=steps.c.attempts - bindparam("uncounted"),
        **{name: bindparam(f"new_{name}") for name in ("status", "next_attempt_at", "last_error", "gateway_id", "updated_at")},
    )
)
