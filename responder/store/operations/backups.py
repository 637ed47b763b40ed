"""Databases from another time: what a backup notes, what is held back after it, and what a clock ahead put off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Table, bindparam, column, delete, func, inspect, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.reasons import because
from responder.core.outbound.fates import LONGEST_PAUSE
from responder.store.base.database import Database
from responder.store.base.locking import Condition, in_order
from responder.store.base.tables import (
    IN_LINE,
    LEASED,
    PLANNED,
    UNDONE,
    WAITING,
    endpoints,
    holds,
    installation,
    messages,
    reminders,
    rule_versions,
    steps,
    workers,
)
from responder.store.base.tables.columns import Moment
from responder.store.queue.suppressing import drop_reminders

BACKED_UP = "backed_up_at"
CUT_SHORT = because("backup_cut_short")
HELD = because("backup_held")
LONGEST_LEASE = timedelta(minutes=1)
CLOCKS = timedelta(seconds=5)  # by which the clocks of two of our machines may differ
TOGETHER = 500  # rows in one transaction, so that nobody waits long for the lock
_PUT_OFF = update(steps).where(steps.c.key == bindparam("of_key")).values(next_attempt_at=bindparam("new_next"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What a restored database holds that was on its way when the backup was made."""

    cut_short: int
    held: int
    leaving: int
    calls: int
    reminders: int
    unhandled: int


async def count_rows(database: Database) -> dict[str, int]:
    """The rows of every table, by its name; the tables are those of the database, whatever its version."""
    async with database.read() as connection:
        names = await connection.run_sync(lambda sync: sorted(inspect(sync).get_table_names()))
        counts = {}
        for name in names:
            query = select(func.count()).select_from(table(name))
            counts[name] = (await connection.execute(query)).scalar_one()
        return counts


async def ledger_hash(database: Database) -> str:
    """The hash of the last event of the consent ledger; empty if there is none."""
    events = table("consent_events", column("seq"), column("hash"))
    last = select(events.c.hash).order_by(events.c.seq.desc()).limit(1)
    return await database.value(last) or ""


async def note_backup(database: Database, at: datetime) -> None:
    statement = database.insert(installation).values(name=BACKED_UP, value=at.isoformat())
    async with database.write() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": at.isoformat()})
        )


async def last_backup(database: Database) -> datetime | None:
    """When the last backup was made by us; None if there never was one."""
    kept = select(installation.c.value).where(installation.c.name == BACKED_UP)
    value = await database.value(kept)
    return datetime.fromisoformat(value) if value else None


async def in_use_since(database: Database) -> datetime | None:
    """When rules were first in force; None if they never were."""
    found: datetime | None = await database.value(select(func.min(rule_versions.c.first_in_force_at)))
    return found


async def clock_of(database: Database) -> datetime | None:
    """The clock of the machine that a PostgreSQL runs on; SQLite has none of its own."""
    if database.is_sqlite:
        return None
    found: datetime = await database.value(select(func.clock_timestamp(type_=Moment())))
    return found


async def settle_restored(database: Database, now: datetime, *, sends_queued: bool) -> Restored:
    """Make a restored database fit to run: no text leaves that may have left since, unless ``sends_queued``.

    What was being sent is uncertain. Webhooks are called again, with the same ids.
    """
    async with database.write() as connection:
        await connection.execute(delete(workers))
        cut_short = await _end(connection, StepKind.REPLY, StepStatus.SENDING, StepStatus.UNCERTAIN, CUT_SHORT, now)
        await _end(connection, StepKind.WEBHOOK, StepStatus.SENDING, StepStatus.QUEUED, CUT_SHORT, now)
        queued = await _undone(connection, StepKind.REPLY)
        dropped = 0
        if not sends_queued:
            await _end(connection, StepKind.REPLY, StepStatus.QUEUED, StepStatus.UNCERTAIN, HELD, now)
            due = select(reminders.c.key).where(PLANNED, reminders.c.next_at <= now)
            keys = list((await connection.execute(due)).scalars())
            await drop_reminders(connection, dict.fromkeys(keys, HELD), now)
            dropped = len(keys)
        unhandled = select(func.count()).select_from(messages).where(WAITING)
        return Restored(
            cut_short=cut_short,
            held=0 if sends_queued else queued,
            leaving=queued if sends_queued else 0,
            calls=await _undone(connection, StepKind.WEBHOOK),
            reminders=dropped,
            unhandled=(await connection.execute(unhandled)).scalar_one(),
        )


async def _end(
    connection: AsyncConnection, kind: StepKind, was: StepStatus, status: StepStatus, why: str, now: datetime
) -> int:
    """Give steps another status, and count them."""
    values: Mapping[str, object] = {
        "status": status,
        "last_error": why,
        "next_attempt_at": now if status is StepStatus.QUEUED else None,
        "lease_owner": None,
        "lease_until": None,
        "updated_at": now,
    }
    where = LEASED if was is StepStatus.SENDING else UNDONE
    ended = await connection.execute(
        update(steps).where(where, steps.c.kind == kind, steps.c.status == was).values(values)
    )
    return ended.rowcount


async def _undone(connection: AsyncConnection, kind: StepKind) -> int:
    query = select(func.count()).select_from(steps).where(UNDONE, steps.c.kind == kind)
    return (await connection.execute(query)).scalar_one()


async def bring_back(database: Database, now: datetime) -> int:
    """Shorten leases and waits that a clock ahead of ``now`` has written, and give how many steps waited for that."""
    await _shorten(database, messages, messages.c.seq, IN_LINE, now)
    await _shorten(database, steps, steps.c.key, LEASED, now)
    async with database.write() as connection:
        await connection.execute(update(holds).where(holds.c.since > now + CLOCKS).values(since=now, probe_at=now))
        paused = endpoints.c.open_until > now + LONGEST_PAUSE
        await connection.execute(update(endpoints).where(paused).values(open_until=now))
    found = 0
    while some := await _bring_steps_back(database, now):
        found += some
    return found


async def _shorten(
    database: Database, table: Table, by: Column[int] | Column[str], is_leased: Condition, now: datetime
) -> None:
    """Let the leases of workers that died end soon; those of the living still last long enough."""
    ahead = in_order(by, is_leased, table.c.lease_until > now + LONGEST_LEASE, skip_locked=True)
    async with database.write() as connection:
        await connection.execute(update(table).where(ahead).values(lease_until=now + LONGEST_LEASE))


async def _bring_steps_back(database: Database, now: datetime) -> int:
    """Let some steps wait as long as they would have by the clock that put them off."""
    ahead = select(steps.c.key, steps.c.next_attempt_at, steps.c.updated_at).where(
        UNDONE, steps.c.status == StepStatus.QUEUED, steps.c.next_attempt_at > now, steps.c.updated_at > now + CLOCKS
    )
    async with database.write() as connection:
        query = ahead.order_by(steps.c.key).limit(TOGETHER).with_for_update(skip_locked=True)
        rows = (await connection.execute(query)).all()
        if rows:
            due = [
                {"of_key": row.key, "new_next": now + max(row.next_attempt_at - row.updated_at, timedelta())}
                for row in rows
            ]
            await connection.execute(_PUT_OFF.values(updated_at=now), due)
    return len(rows)
