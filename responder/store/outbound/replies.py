"""Outbound steps: claimed once they have passed the gates, and recorded with their fate."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import VALID_FOR, StepKind, StepStatus
from responder.core.outbound.retry import LEASE
from responder.core.outbound.suppression import SHADOWED
from responder.store.base.bulk import among
from responder.store.base.database import Database
from responder.store.base.locking import Check, unchecked
from responder.store.base.tables import GIVEN_UP, ORDINARY, REMINDING, UNDONE, URGENT, steps
from responder.store.consent.ledger import append
from responder.store.consent.stopping import opt_out_upstream
from responder.store.outbound.daily_budget import Budget
from responder.store.outbound.endpoints import switch_on
from responder.store.outbound.fates import OF_CLAIM, Claimed, Fate, record_fates, step_from
from responder.store.outbound.gates import Claim, Room, room_for, stopped_among
from responder.store.outbound.gateway_hold import PROBE_AT, begin_hold, end_hold
from responder.store.queue.announcing import announce_consent, announce_deliveries
from responder.store.queue.quiet_and_late import STRICT
from responder.store.queue.suppressing import give_back, settle_suppressed

AGAIN: dict[str, Any] = {"status": StepStatus.QUEUED, "attempts": 0, "lease_owner": None, "lease_until": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pretence:
    """What steps are marked as when nothing goes out."""

    status: StepStatus
    reason: str | None = None


SIMULATED = Pretence(status=StepStatus.SIMULATED)
IN_SHADOW = Pretence(status=StepStatus.SUPPRESSED, reason=SHADOWED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Passing:
    """What was due and passed the gates; whether there may be more, and whether anything became of it."""

    room: Room
    taken: Sequence[Row[Any]]
    is_full: bool
    has_moved: bool


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
        tell: Collection[str] = (),
        quiet_until: datetime | None = None,
    ) -> list[Claimed]:
        """Due steps, oldest first, that are ours while the lease lasts; texts that a gate stops are suppressed.

        ``budget`` is what may be spent, and ``quiet_until`` the end of the quiet hours that it is in.
        """
        lease = {"status": StepStatus.SENDING, "lease_owner": owner, "lease_until": now + LEASE}
        async with self._database.write() as connection:
            ask = self._asking(connection, now, budget=budget, quiet_until=quiet_until)
            passing = await self._pass_gates(ask, kind, limit, tell)
            await _take(ask, passing.taken, lease | {"submitted_at": now, "api": self._api})
        is_probe = passing.room.is_probe
        return [
            Claimed(step=step_from(row), attempts=row.attempts + 1, created_at=row.created_at, is_probe=is_probe)
            for row in passing.taken
        ]

    async def pretend(
        self,
        kind: StepKind,
        pretence: Pretence,
        now: datetime,
        limit: int,
        *,
        tell: Collection[str] = (),
        quiet_until: datetime | None = None,
    ) -> bool:
        """Mark due steps at once, since nothing goes out, and tell whether more may be due."""
        mark = {"status": pretence.status, "last_error": pretence.reason, "next_attempt_at": None}
        async with self._database.write() as connection:
            ask = self._asking(connection, now, is_pretence=True, quiet_until=quiet_until)
            passing = await self._pass_gates(ask, kind, limit, tell)
            await _take(ask, passing.taken, mark)
            if kind is StepKind.REPLY:
                marked = dict.fromkeys((row.key for row in passing.taken), pretence.status)
                await announce_deliveries(connection, marked, tell, now)
        return passing.is_full and passing.has_moved

    def _asking(self, connection: AsyncConnection, now: datetime, **others: Any) -> Claim:  # noqa: ANN401
        return Claim(connection=connection, database=self._database, secret=self._secret, now=now, **others)

    async def _pass_gates(self, ask: Claim, kind: StepKind, limit: int, tell: Collection[str]) -> Passing:
        """Read what is due, and suppress what a gate stops for good."""
        room = await room_for(ask, limit) if kind is StepKind.REPLY else Room(limit=limit)
        due = await self._due(ask.connection, kind, ask.now, room)
        stopped = await stopped_among(ask, due) if kind is StepKind.REPLY else {}
        for_good = {key: reason for key, reason in stopped.items() if reason}
        await _suppress(ask.connection, due, for_good, ask.now, tell)
        taken = [row for row in due if row.key not in stopped]
        return Passing(room=room, taken=taken, is_full=len(due) == limit, has_moved=bool(taken or for_good))

    async def _due(self, connection: AsyncConnection, kind: StepKind, now: datetime, room: Room) -> Sequence[Row[Any]]:
        """Due steps, the confirmations of opt-outs first, since they are of no use when they are late."""
        if kind is StepKind.WEBHOOK:
            return await self._oldest(connection, is_due(kind, now), room.limit)
        waiting = (steps.c.status == StepStatus.QUEUED) & (steps.c.next_attempt_at <= now) & room.which
        due: list[Row[Any]] = []
        for part in (URGENT, ORDINARY, REMINDING):  # an index for each, so that no more are read than are taken
            if len(due) < room.limit:
                others = steps.c.seq.not_in([row.seq for row in due])
                due += await self._oldest(connection, and_(part, waiting, others), room.limit - len(due))
        return due

    async def _oldest(self, connection: AsyncConnection, where: ColumnElement[bool], limit: int) -> Sequence[Row[Any]]:
        query = select(*OF_CLAIM).where(where).order_by(steps.c.next_attempt_at, steps.c.seq).limit(limit)
        return (await connection.execute(query.with_for_update(skip_locked=True))).all()

    async def record(
        self,
        fates: Sequence[Fate],
        owner: str,
        now: datetime,
        tell: Collection[str] = (),
        tell_of_consent: Collection[str] = (),
    ) -> None:
        """Record how attempts went, unless somebody else has the step by now, and tell webhooks."""
        blocked = {fate.key: fate.error or "" for fate in fates if fate.is_blocked}
        async with self._database.write() as connection:
            events = await opt_out_upstream(connection, self._database, blocked, now) if blocked else []
            await record_fates(connection, fates, now, owner)
            if dead := [fate.key for fate in fates if fate.status is StepStatus.DEAD]:
                await give_back(connection, dead)
            for fate in fates:
                if fate.begins_hold:
                    await begin_hold(connection, fate.error or "", now, self._database.insert)
                elif fate.ends_hold:
                    await end_hold(connection, now)
            await announce_deliveries(connection, {fate.key: fate.status for fate in fates}, tell, now)
            await announce_consent(connection, await append(connection, events, self._secret), tell_of_consent, now)

    async def count_due(self, kind: StepKind, now: datetime, limit: int) -> int:
        """How many steps of a kind may be claimed, up to a limit. During a hold, it is one now and then."""
        some = due(kind, now).limit(limit).subquery()
        async with self._database.read() as connection:
            waiting, probe_at = (await connection.execute(select(func.count(), PROBE_AT).select_from(some))).one()
        is_held = kind is StepKind.REPLY and probe_at is not None
        free = int(probe_at <= now) if is_held else limit
        return min(int(waiting), free)

    async def retry(
        self, key: str, now: datetime, *, operator: str | None = None, check: Check = unchecked
    ) -> StepStatus | None:
        """Queue a step again that was given up or is uncertain. Gives its status before; None if there is none such.

        A reply that a person asks for is of use again, but for those that have a time of their own.
        """
        again = [StepStatus.DEAD, StepStatus.UNCERTAIN, StepStatus.FAILED]
        async with self._database.write() as connection:
            row = (await connection.execute(select(steps).where(steps.c.key == key).with_for_update())).first()
            await check(connection)
            if row is None or row.status not in again or not row.content:
                return None
            values = AGAIN | {"next_attempt_at": now, "updated_at": now, "retried_by": operator}
            if row.expires_at and row.purpose not in STRICT:
                values["expires_at"] = max(row.expires_at, now + VALID_FOR)
            await connection.execute(update(steps).where(steps.c.key == key).values(values))
            if row.kind == StepKind.WEBHOOK:
                await switch_on(connection, [row.recipient])
        return StepStatus(row.status)

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


async def _take(ask: Claim, taken: Sequence[Row[Any]], values: Mapping[str, Any]) -> None:
    """Write this about the steps, and count the attempt."""
    if taken:
        mine = among(steps.c.seq, [row.seq for row in taken])
        counted = {"attempts": steps.c.attempts + 1, "updated_at": ask.now}
        await ask.connection.execute(update(steps).where(mine).values(dict(values) | counted))


async def _suppress(
    connection: AsyncConnection,
    due: Sequence[Row[Any]],
    reasons: Mapping[str, str],
    now: datetime,
    tell: Collection[str],
) -> None:
    """Mark the texts that a gate has stopped for good, give back what they used, and tell webhooks."""
    fates = [Fate(key=key, status=StepStatus.SUPPRESSED, error=reason) for key, reason in reasons.items()]
    await record_fates(connection, fates, now)
    await settle_suppressed(connection, [row for row in due if row.key in reasons], reasons, now)
    await announce_deliveries(connection, dict.fromkeys(reasons, StepStatus.SUPPRESSED), tell, now)


def due(kind: StepKind, now: datetime) -> Select[tuple[int]]:
    """What is due, in the order of its index.

    Asked for some rows in any order, PostgreSQL would rather read the table until it meets them.
    """
    return select(steps.c.seq).where(is_due(kind, now)).order_by(steps.c.next_attempt_at)


def is_due(kind: StepKind, now: datetime) -> ColumnElement[bool]:
    """Whether a step waits, and for nothing more; ``UNDONE`` lets SQLite use the index of what is undone."""
    return and_(UNDONE, steps.c.kind == kind, steps.c.status == StepStatus.QUEUED, steps.c.next_attempt_at <= now)
