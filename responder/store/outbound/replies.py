"""Outbound steps: claimed once they have passed the gates, and recorded with their fate."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import VALID_FOR, StepKind, StepStatus
from responder.core.outbound.fates import LEASE
from responder.core.outbound.leaving import SHADOWED
from responder.store.base.bulk import among_listed
from responder.store.base.database import Database
from responder.store.base.locking import Check, unchecked
from responder.store.base.sqlite.in_place import expect, kept
from responder.store.base.tables import GIVEN_UP, TROUBLED, steps
from responder.store.consent.ledger import append
from responder.store.consent.stopping import opt_out_upstream
from responder.store.outbound.claims import (
    Claimed,
    Fate,
    count_texts,
    first_calls,
    first_texts,
    record_fates,
    step_from,
)
from responder.store.outbound.gates import STRICT, Claim, Room, room_for, stopped_among
from responder.store.outbound.holds import Budget, begin_hold, end_hold, switch_on
from responder.store.queue.entering import announce_consent, announce_deliveries
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
    """What was due and passed the gates; whether there is more, unless nothing could be done about these."""

    room: Room
    taken: Sequence[Row[Any]]
    has_more: bool


class Claims(list[Claimed]):
    """What was claimed; ``left`` is how much more is due, as far as it was counted."""

    def __init__(self, claimed: Iterable[Claimed], *, left: int) -> None:
        super().__init__(claimed)
        self.left = left


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
        notify: Collection[str] = (),
        quiet_until: datetime | None = None,
        look_at: int = 0,
    ) -> Claims:
        """Due steps, oldest first, that are ours while the lease lasts; texts that a gate stops are suppressed.

        ``budget`` is what may be spent, and ``quiet_until`` the end of the quiet hours that it is in. Of what is left,
        no more than ``look_at`` is counted.
        """
        lease = {"owner": owner, "until": now + LEASE, "of_api": self._api}
        async with self._database.write(is_small=True) as connection:
            ask = self._asking(connection, now, budget=budget, quiet_until=quiet_until)
            passing = await self._pass_gates(ask, kind, limit, notify)
            if passing.taken:
                await connection.execute(_LEASE, lease | {"seqs": [row.seq for row in passing.taken], "now": now})
            is_probe = passing.room.is_probe
            left = await count_texts(connection, now, look_at) if passing.has_more and not is_probe else 0
        claimed = (
            Claimed(step=step_from(row), attempts=row.attempts + 1, created_at=row.created_at, is_probe=is_probe)
            for row in passing.taken
        )
        return Claims(claimed, left=left)

    async def pretend(
        self,
        kind: StepKind,
        pretence: Pretence,
        now: datetime,
        limit: int,
        *,
        notify: Collection[str] = (),
        quiet_until: datetime | None = None,
    ) -> bool:
        """Mark due steps at once, since nothing goes out, and tell whether more may be due."""
        mark = {"new_status": pretence.status, "new_last_error": pretence.reason, "now": now}
        async with self._database.write(is_small=True) as connection:
            ask = self._asking(connection, now, is_pretence=True, quiet_until=quiet_until)
            passing = await self._pass_gates(ask, kind, limit, notify)
            await connection.execute(_PRETEND, mark | {"seqs": [row.seq for row in passing.taken]})
            if kind is StepKind.REPLY:
                marked = dict.fromkeys((row.key for row in passing.taken), pretence.status)
                await announce_deliveries(connection, marked, notify, now)
        return passing.has_more

    def _asking(self, connection: AsyncConnection, now: datetime, **others: Any) -> Claim:  # noqa: ANN401
        return Claim(connection=connection, database=self._database, secret=self._secret, now=now, **others)

    async def _pass_gates(self, ask: Claim, kind: StepKind, limit: int, notify: Collection[str]) -> Passing:
        """Read what is due, and one more to see whether there is, and suppress what a gate stops for good."""
        is_text = kind is StepKind.REPLY
        room = await room_for(ask, limit) if is_text else Room(limit=limit)
        first = first_texts(ask.connection, ask.now, room) if is_text else first_calls(ask.connection, ask.now, room)
        found = await first
        expect(ask.connection, len(found))
        due = found[: room.limit]
        stopped = await stopped_among(ask, due) if is_text else {}
        for_good = {key: reason for key, reason in stopped.items() if reason}
        await _suppress(ask.connection, due, for_good, ask.now, notify)
        taken = [row for row in due if row.key not in stopped]
        return Passing(room=room, taken=taken, has_more=len(found) > len(due) and bool(taken or for_good))

    async def record(
        self,
        fates: Sequence[Fate],
        owner: str,
        now: datetime,
        notify: Collection[str] = (),
        tell_of_consent: Collection[str] = (),
    ) -> None:
        """Record how attempts went, unless somebody else has the step by now, and tell webhooks."""
        blocked = {fate.key: fate.error or "" for fate in fates if fate.is_blocked}
        async with self._database.write(is_small=True) as connection:
            expect(connection, len(fates))
            events = await opt_out_upstream(connection, self._database, blocked, now) if blocked else []
            await record_fates(connection, fates, now, owner)
            if dead := [fate.key for fate in fates if fate.status is StepStatus.DEAD]:
                await give_back(connection, dead)
            for fate in fates:
                if fate.begins_hold:
                    await begin_hold(connection, fate.error or "", now, self._database.insert)
                elif fate.ends_hold:
                    await end_hold(connection, now)
            await announce_deliveries(connection, {fate.key: fate.status for fate in fates}, notify, now)
            await announce_consent(connection, await append(connection, events, self._secret), tell_of_consent, now)

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
        return int(await self._database.value(select(func.count()).where(GIVEN_UP, given_up)))

    async def count_troubled(self) -> dict[StepStatus, int]:
        """How many steps there are of each status that needs a look."""
        query = select(steps.c.status, func.count()).where(TROUBLED).group_by(steps.c.status)
        return {StepStatus(status): count for status, count in await self._database.rows(query)}


_LEASE = kept(
    update(steps)
    .where(among_listed(steps.c.seq, "seqs"))
    .values(
        status=StepStatus.SENDING,
        attempts=steps.c.attempts + 1,
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
        api=bindparam("of_api"),
        submitted_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
)
_PRETEND = kept(
    update(steps)
    .where(among_listed(steps.c.seq, "seqs"))
    .values(
        status=bindparam("new_status"),
        last_error=bindparam("new_last_error"),
        attempts=steps.c.attempts + 1,
        next_attempt_at=None,
        updated_at=bindparam("now"),
    )
)


async def _suppress(
    connection: AsyncConnection,
    due: Sequence[Row[Any]],
    reasons: Mapping[str, str],
    now: datetime,
    notify: Collection[str],
) -> None:
    """Mark the texts that a gate has stopped for good, give back what they used, and tell webhooks."""
    fates = [Fate(key=key, status=StepStatus.SUPPRESSED, error=reason) for key, reason in reasons.items()]
    await record_fates(connection, fates, now)
    await settle_suppressed(connection, [row for row in due if row.key in reasons], reasons, now)
    await announce_deliveries(connection, dict.fromkeys(reasons, StepStatus.SUPPRESSED), notify, now)
