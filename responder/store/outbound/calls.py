"""Webhook calls: claimed for each endpoint by itself, and recorded together with how the endpoint fares."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, bindparam, exists, select, text, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.outbound.fates import LEASE, Endpoint
from responder.core.rules.limits import Limits
from responder.store.base.database import Database
from responder.store.base.locking import in_order
from responder.store.base.tables import CALLS, awaited, steps
from responder.store.outbound.claims import OF_CLAIM, Claimed, Fate, record_fates, step_from
from responder.store.outbound.holds import note_failure, note_success, switch_on, tell_disabled
from responder.store.outbound.replies import AGAIN
from responder.store.outbound.webhook_replies import begin_waiting, settle

UNNAMED_AT_ONCE = 10
DEAD_LETTERS = (steps.c.kind == StepKind.WEBHOOK) & (steps.c.status == StepStatus.DEAD)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """How a call went: its fate, whether the endpoint took it, and what it asked for.

    ``took_it`` is None where the endpoint was never asked. ``said`` is what it answered, where a reply waits for that
    and it came in time. ``address`` is that of the URL.
    """

    fate: Fate
    took_it: bool | None = None
    asked_to_wait_s: float | None = None
    is_gone: bool = False
    address: str = ""
    said: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A call that was made, by whom, and to which endpoint."""

    claimed: Claimed
    answered: Answered
    owner: str
    endpoint: Endpoint


async def claim_calls(
    database: Database, owner: str, now: datetime, places: Mapping[str, int], named: Collection[str]
) -> list[Claimed]:
    """Due calls, so many for each endpoint, which nobody else will make while the lease lasts.

    Those for endpoints that are not among the ``named`` are claimed too, since somebody has to say that they are gone.
    """
    called, due = (
        (_CALLED_SQLITE, _DUE) if database.is_sqlite else (_CALLED, _DUE.with_for_update(of=steps, skip_locked=True))
    )
    async with database.write() as connection:
        rows: list[Row[Any]] = []
        for name in (await connection.execute(called)).scalars():
            if (count := places.get(name, 0) if name in named else UNNAMED_AT_ONCE) > 0:
                rows += (await connection.execute(due, {"name": name, "now": now, "most": count})).all()
        if rows:
            lease = {"status": StepStatus.SENDING, "lease_owner": owner, "lease_until": now + LEASE, "updated_at": now}
            mine = steps.c.seq.in_([row.seq for row in rows])
            await connection.execute(update(steps).where(mine).values(**lease, attempts=steps.c.attempts + 1))
        awaiting = [row.key for row in rows if row.awaits]
        waiting = await begin_waiting(connection, awaiting, now) if awaiting else ()
    return [
        Claimed(step=step_from(row), attempts=row.attempts + 1, created_at=row.created_at, awaits=row.key in waiting)
        for row in rows
    ]


async def record_calls(database: Database, made: Sequence[Made], limits: Limits, now: datetime) -> list[Endpoint]:
    """Record how calls went, all or none, with replies that waited; gives the endpoints switched off."""
    off: list[Endpoint | None] = []
    async with database.write() as connection:
        if said := {one.claimed.step.key: one.answered.said for one in made if one.claimed.awaits}:
            await settle(connection, database, said, limits, now)
        await _record_fates(connection, made, now)
        took, failed = _fared(made)
        if not failed:
            await note_success(connection, took)
        for name in sorted({*took, *(one.endpoint.name for one in failed)}) if failed else ():
            await note_success(connection, took & {name})
            off += [await _note_failure(connection, database, one, now) for one in failed if one.endpoint.name == name]
    return [endpoint for endpoint in off if endpoint]


async def _note_failure(connection: AsyncConnection, database: Database, one: Made, now: datetime) -> Endpoint | None:
    """Note a failure, and give its endpoint if it is switched off by it."""
    asked, is_gone = one.answered.asked_to_wait_s, one.answered.is_gone
    before, after = await note_failure(connection, database, one.endpoint, now, asked_to_wait_s=asked, is_gone=is_gone)
    if not after.disabled_at or before.disabled_at:
        return None
    if one.claimed.step.message_key:  # the call of an alert stands beside no message
        # nobody's, if it was erased during the call
        whose = select(steps.c.originator).where(steps.c.key == one.claimed.step.key)
        await tell_disabled(connection, after, (await connection.execute(whose)).scalar() or "", now)
    return after


async def _record_fates(connection: AsyncConnection, made: Collection[Made], now: datetime) -> None:
    by_owner: dict[str, list[Fate]] = {}
    for one in made:
        by_owner.setdefault(one.owner, []).append(one.answered.fate)
    if len(by_owner) > 1:
        theirs = steps.c.key.in_([one.claimed.step.key for one in made])
        await connection.execute(select(steps.c.key).where(theirs).order_by(steps.c.key).with_for_update())
    for owner, fates in by_owner.items():
        await record_fates(connection, fates, now, owner)


def _fared(made: Iterable[Made]) -> tuple[set[str], Sequence[Made]]:
    """The endpoints that took a call, and the failures that still count after that."""
    took: set[str] = set()
    failed: list[Made] = []
    for one in made:
        if one.answered.took_it:
            took.add(one.endpoint.name)
            failed = [other for other in failed if other.endpoint.name != one.endpoint.name or other.answered.is_gone]
        elif one.answered.took_it is False:
            failed.append(one)
    return took, sorted(failed, key=lambda one: one.endpoint.name)


async def retry_calls(
    database: Database,
    now: datetime,
    *,
    to: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    operator: str | None = None,
) -> int:
    """Queue again, with the same ids, the calls that were given up, and give how many.

    All of them, those to an endpoint, or those queued in a time. Those whose bodies are gone stay. Their endpoints are
    switched on.
    """
    chosen: list[ColumnElement[bool]] = [DEAD_LETTERS, steps.c.content != ""]
    chosen += [steps.c.recipient == to] if to else []
    chosen += [steps.c.created_at >= since] if since else []
    chosen += [steps.c.created_at <= until] if until else []
    async with database.write() as connection:
        values = AGAIN | {"next_attempt_at": now, "updated_at": now, "retried_by": operator}
        again = update(steps).where(in_order(steps.c.key, *chosen)).values(values).returning(steps.c.recipient)
        names = list((await connection.execute(again)).scalars())
        await switch_on(connection, {*names, *([to] if to else [])})
        return len(names)


def _called(hint: str) -> TextClause:
    """The endpoints that calls wait for, by one look into an index for each."""
    first = f"SELECT min(recipient) FROM steps {hint} WHERE {CALLS}"  # noqa: S608  (our own words)
    following = f"{first} AND recipient > called.name"
    every = f"{first} UNION ALL SELECT ({following}) FROM called WHERE name IS NOT NULL"  # noqa: S608
    names = "SELECT name FROM called WHERE name IS NOT NULL"
    return text(f"WITH RECURSIVE called (name) AS ({every}) {names}")


_CALLED = _called("")
_CALLED_SQLITE = _called("INDEXED BY ix_steps_calls")  # or else it reads all calls, by another index
_DUE: Select[Any] = (
    select(*OF_CLAIM, exists().where(awaited.c.step_key == steps.c.key).label("awaits"))
    .where(
        CALLS,
        steps.c.recipient == bindparam("name"),
        steps.c.status == StepStatus.QUEUED,
        steps.c.next_attempt_at <= bindparam("now"),
    )
    .order_by(steps.c.next_attempt_at, steps.c.seq)
    .limit(bindparam("most"))
)
