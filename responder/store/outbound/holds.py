"""What holds sending back: webhooks that were given up, a gateway that refuses us, and the budget of a day."""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, and_, bindparam, delete, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.core.contact.reasons import because
from responder.core.outbound.fates import Endpoint
from responder.core.rules.sections import Event
from responder.store.base.database import Database
from responder.store.base.events import note_event
from responder.store.base.locking import in_order
from responder.store.base.records import from_row
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import CALLS, endpoints, handoffs, holds, spend, steps

HEALTHY = {"failures": 0, "failing_since": None, "open_until": None}
PROBE_EVERY = timedelta(minutes=1)
REPLIES = "replies"  # the name of the row: webhooks have endpoints of their own
_PROBE = kept(select(holds.c.probe_at))
SPENT = because("not_sent", reason=because("day_used_up"))
_SPEND = (
    update(spend)
    .where(spend.c.day == bindparam("of_day"), spend.c.texts <= bindparam("most", type_=Integer))
    .values(texts=spend.c.texts + bindparam("count", type_=Integer))
)


async def read_endpoints(database: Database) -> dict[str, Endpoint]:
    """The endpoints that have ever failed, by their names."""
    return {
        row.name: from_row(Endpoint, row) for row in await database.rows(select(endpoints).order_by(endpoints.c.name))
    }


async def note_success(connection: AsyncConnection, names: Collection[str]) -> None:
    """Note that endpoints took a call: their failures are forgotten."""
    if names:
        failing = endpoints.c.name.in_(sorted(names)) & (endpoints.c.failures > 0)
        await connection.execute(update(endpoints).where(in_order(endpoints.c.name, failing)).values(HEALTHY))


async def note_failure(
    connection: AsyncConnection,
    database: Database,
    endpoint: Endpoint,
    now: datetime,
    *,
    asked_to_wait_s: float | None,
    is_gone: bool,
) -> tuple[Endpoint, Endpoint]:
    """Note that an endpoint did not take a call, and tell its state before and after."""
    fresh = Endpoint(name=endpoint.name, address=endpoint.address)
    await connection.execute(database.insert(endpoints).values(asdict(fresh)).on_conflict_do_nothing())
    query = select(endpoints).where(endpoints.c.name == endpoint.name)
    stored = from_row(Endpoint, (await connection.execute(query.with_for_update())).one())
    before = stored if stored.address == endpoint.address else fresh
    after = before.after_failure(now, asked_to_wait_s=asked_to_wait_s, is_gone=is_gone)
    await connection.execute(update(endpoints).where(endpoints.c.name == endpoint.name).values(asdict(after)))
    return before, after


async def tell_disabled(connection: AsyncConnection, endpoint: Endpoint, originator: str, now: datetime) -> None:
    """Hand an endpoint that was given up to a person, with the number of its last call.

    It has a key of its own: it is about no text, and the message may have been handed over for another reason.
    """
    reason = because("webhook_switched_off", webhook=endpoint.name, reason=endpoint.reason)
    row = {"message_key": secrets.token_hex(16), "originator": originator, "reason": reason, "opened_at": now}
    await connection.execute(insert(handoffs).values(row))
    note_event(connection, Event.HANDOFF_OPENED, now, message_key=str(row["message_key"]))


async def bury_calls(database: Database, disabled: Collection[Endpoint], now: datetime) -> int:
    """Make dead letters of what waits for endpoints that were given up, and tell how many there were."""
    found = 0
    by_name = {endpoint.name: endpoint for endpoint in disabled}
    for_them = (
        select(steps.c.recipient)
        .where(CALLS, steps.c.status == StepStatus.QUEUED, steps.c.recipient.in_(by_name))
        .distinct()
    )
    async with database.read() as connection:  # days may pass without a call, so that looking must lock nothing
        names = sorted((await connection.execute(for_them)).scalars())
    if not names:
        return 0
    async with database.write() as connection:
        for endpoint in map(by_name.__getitem__, names):
            waiting = and_(CALLS, steps.c.status == StepStatus.QUEUED, steps.c.recipient == endpoint.name)
            remedy = because("webhook_retry", webhook=endpoint.name)
            error = because("webhook_off", reason=endpoint.reason, remedy=remedy)
            values = {"status": StepStatus.DEAD, "next_attempt_at": None, "last_error": error, "updated_at": now}
            found += (
                await connection.execute(update(steps).where(in_order(steps.c.key, waiting)).values(values))
            ).rowcount
    return found


async def switch_on(connection: AsyncConnection, names: Collection[str]) -> None:
    """Forget all that is known of endpoints, since a person says that they work again."""
    await connection.execute(delete(endpoints).where(endpoints.c.name.in_(names)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Since when nothing is sent, and why."""

    since: datetime
    reason: str


async def read_hold(database: Database) -> Hold | None:
    """The hold that is on; None if replies are sent."""
    row = await database.row(select(holds))
    return Hold(since=row.since, reason=row.reason) if row else None


async def lift_hold(database: Database, now: datetime) -> None:
    """Send again: a process that starts has settings that were not tried yet."""
    async with database.write() as connection:
        await end_hold(connection, now)


async def end_hold(connection: AsyncConnection, now: datetime) -> None:
    """Send again, also those that were refused, in a transaction of somebody else's."""
    reasons = list((await connection.execute(delete(holds).returning(holds.c.reason))).scalars())
    if reasons:
        refused = (
            (steps.c.kind == StepKind.REPLY) & (steps.c.status == StepStatus.QUEUED) & steps.c.last_error.in_(reasons)
        )
        await connection.execute(
            update(steps).where(in_order(steps.c.key, refused, skip_locked=True)).values(next_attempt_at=now)
        )


async def begin_hold(connection: AsyncConnection, reason: str, now: datetime, insert: Callable[..., Any]) -> None:
    """Send nothing more; a hold that is on already keeps its beginning."""
    statement = insert(holds).values(name=REPLIES, since=now, reason=reason, probe_at=now + PROBE_EVERY)
    new = {"reason": statement.excluded.reason, "probe_at": statement.excluded.probe_at}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=new))


async def places(connection: AsyncConnection, now: datetime, limit: int) -> tuple[int, bool]:
    """How many replies may be claimed, and whether they are a probe. During a hold, it is one now and then."""
    if (await connection.execute(_PROBE)).first() is None:
        return limit, False
    due = update(holds).where(holds.c.probe_at <= now).values(probe_at=now + PROBE_EVERY)
    return min(limit, (await connection.execute(due)).rowcount), True


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How many texts all numbers together may get in a day, which has a name such as 2026-11-23."""

    day: str
    limit: int


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
    return await database.value(select(spend.c.texts).where(spend.c.day == day)) or 0
