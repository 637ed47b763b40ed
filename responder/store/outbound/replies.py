"""Outbound steps: claimed with the opt-out checked, and recorded with their fate."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, bindparam, func, select, true, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import VALID_FOR, Purpose, Step, StepKind, StepStatus
from responder.core.outbound.retry import LEASE
from responder.core.outbound.suppression import SHADOWED
from responder.store.base.database import Database
from responder.store.base.tables import GIVEN_UP, ORDINARY, REMINDING, UNDONE, URGENT, steps
from responder.store.consent.blocked_by_gateway import opt_out_upstream
from responder.store.consent.ledger import append
from responder.store.outbound.daily_budget import SPENT, Budget, over_budget
from responder.store.outbound.endpoints import switch_on
from responder.store.outbound.gateway_hold import PROBE_AT, end_hold, hold, places
from responder.store.outbound.last_look import looked_at_again
from responder.store.queue.announcing import announce_consent, announce_deliveries
from responder.store.queue.quiet_and_late import STRICT, put_off, still_valid
from responder.store.queue.suppressing import give_back, settle_suppressed

AGAIN: dict[str, Any] = {"status": StepStatus.QUEUED, "attempts": 0, "lease_owner": None, "lease_until": None}
OF_CLAIM: list[Column[Any]] = [
    steps.c.seq, steps.c.key, steps.c.message_key, steps.c.kind, steps.c.originator, steps.c.recipient, steps.c.sender,
    steps.c.content, steps.c.purpose, steps.c.segments, steps.c.expires_at, steps.c.attempts, steps.c.created_at, steps.c.submitted_at,
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A step that is ours to carry out; ``attempts`` counts this one, ``created_at`` is when it was queued.

    A probe is the one reply that tries whether the gateway still refuses us. For a call that ``awaits``, a reply waits for its answer.
    """

    step: Step
    attempts: int
    created_at: datetime
    is_probe: bool = False
    awaits: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """How an attempt went; it may begin a hold on all replies, and then does not count, or end one, or tell that the number is blocked."""

    key: str
    status: StepStatus
    next_attempt_at: datetime | None = None
    error: str | None = None
    gateway_id: str | None = None
    billed_segments: int | None = None
    begins_hold: bool = False
    ends_hold: bool = False
    is_blocked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pretence:
    """What steps are marked as when nothing goes out."""

    status: StepStatus
    reason: str | None = None


SIMULATED = Pretence(status=StepStatus.SIMULATED)
IN_SHADOW = Pretence(status=StepStatus.SUPPRESSED, reason=SHADOWED)


class SqlSteps:
    """The outbound steps in SQL; ``api`` is the gateway's that replies are handed to."""

    def __init__(self, database: Database, secret: bytes, api: str | None = None) -> None:
        self._api = api
        self._database = database
        self._secret = secret

    async def claim(
        self,
        kind: StepKind,
        owner: str,
        now: datetime,
        limit: int,
        *,
        budget: Budget | None = None,
        pretend: Pretence | None = None,
        tell: Collection[str] = (),
        quiet_until: datetime | None = None,
    ) -> list[Claimed]:
        """Due steps, oldest first, which nobody else will carry out while the lease lasts; a text to someone opted out is suppressed.

        With ``pretend`` the steps are marked so at once, since nothing goes out; ``budget`` is what may be spent. In quiet hours, which end
        at ``quiet_until``, what is no answer at once waits for their end. Raises StorageError.
        """
        async with self._database.write() as connection:
            is_free = kind is StepKind.WEBHOOK or pretend is not None
            free, is_probe = (limit, False) if is_free else await places(connection, now, limit)
            is_night = quiet_until is not None and kind is StepKind.REPLY
            if quiet_until and is_night:
                await put_off(connection, now, quiet_until)
            due = await self._due(connection, kind, now, free, is_probe=is_probe, is_night=is_night)
            due, stopped = (
                await looked_at_again(connection, self._database, self._secret, due, now)
                if kind is StepKind.REPLY
                else (due, {})
            )
            if budget and not pretend and kind is StepKind.REPLY:
                left = [row for row in due if row.key not in stopped]
                stopped |= dict.fromkeys(await over_budget(connection, self._database, budget, left), SPENT)
            fates = [Fate(key=key, status=StepStatus.SUPPRESSED, error=reason) for key, reason in stopped.items()]
            await record_fates(connection, fates, now)
            await settle_suppressed(connection, [row for row in due if row.key in stopped], stopped, now)
            await announce_deliveries(connection, list(stopped), tell, now)
            taken = [row for row in due if row.key not in stopped]
            lease: dict[str, Any] = {"status": StepStatus.SENDING, "lease_owner": owner, "lease_until": now + LEASE}
            lease |= {"submitted_at": now, "api": self._api}
            if pretend:
                lease = {"status": pretend.status, "last_error": pretend.reason, "next_attempt_at": None}
            if taken:
                mine = steps.c.seq.in_([row.seq for row in taken])
                await connection.execute(
                    update(steps).where(mine).values(**lease, attempts=steps.c.attempts + 1, updated_at=now)
                )
        return [
            Claimed(step=step_from(row), attempts=row.attempts + 1, created_at=row.created_at, is_probe=is_probe)
            for row in taken
        ]

    async def _due(
        self, connection: AsyncConnection, kind: StepKind, now: datetime, limit: int, *, is_probe: bool, is_night: bool
    ) -> Sequence[Row[Any]]:
        """Due steps, the confirmations of opt-outs first, since they are of no use when they are late; a probe has to be one that is sent."""
        if kind is StepKind.WEBHOOK:
            return await self._oldest(connection, is_due(kind, now), limit)
        waiting = (steps.c.status == StepStatus.QUEUED) & (steps.c.next_attempt_at <= now)
        waiting &= still_valid(now) if is_probe else true()
        waiting &= ~steps.c.keeps_quiet if is_night else true()  # somebody had it locked when it was to be put off
        due: list[Row[Any]] = []
        for part in (URGENT, ORDINARY, REMINDING):  # an index for each, so that no more are read than are taken
            if len(due) < limit:
                others = steps.c.seq.not_in([row.seq for row in due])
                due += await self._oldest(connection, and_(part, waiting, others), limit - len(due))
        return due

    async def _oldest(self, connection: AsyncConnection, where: ColumnElement[bool], limit: int) -> Sequence[Row[Any]]:
        query = select(*OF_CLAIM).where(where).order_by(steps.c.next_attempt_at, steps.c.seq).limit(limit)
        if not self._database.is_sqlite:
            query = query.with_for_update(skip_locked=True)
        return (await connection.execute(query)).all()

    async def record(
        self,
        fates: Sequence[Fate],
        owner: str,
        now: datetime,
        tell: Collection[str] = (),
        tell_of_consent: Collection[str] = (),
    ) -> None:
        """Record how attempts went, unless somebody else has the step by now, and tell webhooks of replies and of opt-outs. Raises StorageError."""
        blocked = {fate.key: fate.error or "" for fate in fates if fate.is_blocked}
        async with self._database.write() as connection:
            events = await opt_out_upstream(connection, self._database, blocked, now) if blocked else []
            await record_fates(connection, fates, now, owner)
            if dead := [fate.key for fate in fates if fate.status is StepStatus.DEAD]:
                await give_back(connection, dead)
            for fate in fates:
                if fate.begins_hold:
                    await hold(connection, fate.error or "", now, self._database.insert)
                elif fate.ends_hold:
                    await end_hold(connection, now)
            await announce_deliveries(connection, [fate.key for fate in fates], tell, now)
            await announce_consent(connection, await append(connection, events, self._secret), tell_of_consent, now)

    async def count_due(self, kind: StepKind, now: datetime, limit: int) -> int:
        """How many steps of a kind are due and may be claimed, up to a limit: while there is a hold, one at its times. Raises StorageError."""
        some = due(kind, now).limit(limit).subquery()
        async with self._database.read() as connection:
            waiting, probe_at = (await connection.execute(select(func.count(), PROBE_AT).select_from(some))).one()
        is_held = kind is StepKind.REPLY and probe_at is not None
        free = int(probe_at <= now) if is_held else limit
        return min(int(waiting), free)

    async def retry(self, key: str, now: datetime) -> StepStatus | None:
        """Queue a step again that was given up or is uncertain, and tell what it was; None if there is no such step with a text to retry.

        A reply that a person asks for is of use again, but for those that have a time of their own.
        """
        again = [StepStatus.DEAD, StepStatus.UNCERTAIN, StepStatus.FAILED]
        async with self._database.write() as connection:
            query = select(steps).where(steps.c.key == key, steps.c.status.in_(again), steps.c.content != "")
            row = (await connection.execute(query if self._database.is_sqlite else query.with_for_update())).first()
            if row:
                values = AGAIN | {"next_attempt_at": now, "updated_at": now}
                if row.expires_at and row.purpose not in STRICT:
                    values["expires_at"] = max(row.expires_at, now + VALID_FOR)
                await connection.execute(update(steps).where(steps.c.key == key).values(values))
                if row.kind == StepKind.WEBHOOK:
                    await switch_on(connection, [row.recipient])
        return StepStatus(row.status) if row else None

    async def count_given_up(self, since: datetime) -> int:
        """How many steps were given up since a moment, beside calls of alerts, of which no alert tells."""
        given_up = (steps.c.updated_at >= since) & (steps.c.message_key != "")
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).where(GIVEN_UP, given_up))).scalar_one()

    async def counts(self) -> dict[StepStatus, int]:
        """How many steps there are of each status."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(steps.c.status, func.count()).group_by(steps.c.status))).all()
        return {StepStatus(status): count for status, count in rows}


def due(kind: StepKind, now: datetime) -> Select[tuple[int]]:
    """What is due, in an order that its index has: of some rows in any order PostgreSQL would rather read the table until it meets them."""
    return select(steps.c.seq).where(is_due(kind, now)).order_by(steps.c.next_attempt_at)


def is_due(kind: StepKind, now: datetime) -> ColumnElement[bool]:
    """Whether a step waits, and for nothing more; SQLite finds it by the index of what is undone only where that is asked in its words."""
    return and_(UNDONE, steps.c.kind == kind, steps.c.status == StepStatus.QUEUED, steps.c.next_attempt_at <= now)


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
    """Record how attempts went, in the caller's transaction; with an owner, only of steps that it still holds."""
    rows = [
        {
            "of_key": fate.key,
            "owner": owner,
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
    if rows:
        await connection.execute(
            _RECORD if owner is None else _RECORD.where(steps.c.lease_owner == bindparam("owner")), rows
        )


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
