"""What a backup notes of a database, and what is held back in one that was restored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, column, delete, func, inspect, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.reasons import because
from responder.store.base.database import Database
from responder.store.base.tables import (
    LEASED,
    PLANNED,
    UNDONE,
    WAITING,
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
        names = await connection.run_sync(_tables)
        counts = {}
        for name in names:
            query = select(func.count()).select_from(table(name))
            counts[name] = (await connection.execute(query)).scalar_one()
        return counts


async def ledger_hash(database: Database) -> str:
    """The hash of the last event of the consent ledger; empty if there is none."""
    events = table("consent_events", column("seq"), column("hash"))
    last = select(events.c.hash).order_by(events.c.seq.desc()).limit(1)
    async with database.read() as connection:
        return (await connection.execute(last)).scalar_one_or_none() or ""


async def note_backup(database: Database, at: datetime) -> None:
    """Keep when the last backup was made."""
    statement = database.insert(installation).values(name=BACKED_UP, value=at.isoformat())
    async with database.write() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
        )


async def last_backup(database: Database) -> datetime | None:
    """When the last backup was made by us; None if there never was one."""
    kept = select(installation.c.value).where(installation.c.name == BACKED_UP)
    async with database.read() as connection:
        value = (await connection.execute(kept)).scalar_one_or_none()
    return datetime.fromisoformat(value) if value else None


async def in_use_since(database: Database) -> datetime | None:
    """When rules were first in force; None if they never were."""
    async with database.read() as connection:
        first = select(func.min(rule_versions.c.first_in_force_at))
        found: datetime | None = (await connection.execute(first)).scalar_one_or_none()
    return found


async def clock_of(database: Database) -> datetime | None:
    """The clock of the machine that a PostgreSQL runs on; SQLite has none of its own."""
    if database.is_sqlite:
        return None
    async with database.read() as connection:
        found: datetime = (await connection.execute(select(func.clock_timestamp(type_=Moment())))).scalar_one()
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


def _tables(connection: Connection) -> list[str]:
    return sorted(inspect(connection).get_table_names())
