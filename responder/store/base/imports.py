"""Imports of many lines: staged in short transactions, accepted in one, then carried out in chunks.

Once accepted, an import is carried out to its end: by the command that brought it, the next import, or a worker.
So it is all or nothing, although no lock is held for longer than a chunk takes. Meanwhile, readers see some lines
done and others to come, as if each chunk were a small import of its own.
What is changed by hand meanwhile is newer than the import, and its line is dropped.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Insert, Select, Table, Update, bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.errors import StorageError
from responder.store.base.bulk import execute_many
from responder.store.base.database import Database
from responder.store.base.tables import imports

CHUNK = 500  # lines that are carried out in one transaction
LIGHT = 2500  # lines that are kept or removed in one
AT_ONCE = 1000  # lines that are carried out in a single transaction, without being kept first
PAUSE_S = 0.005  # between two chunks, so that whoever waits for the lock gets it: SQLite has no queue
LEFT_ALONE = timedelta(seconds=30)  # after which nobody is taken to be at an import any more
NEVER_ACCEPTED = timedelta(hours=1)
_UNDONE = (imports.c.accepted_at.is_not(None), imports.c.done_at.is_(None))

Clock = Callable[[], datetime]
Apply = Callable[[AsyncConnection, Row[Any], Sequence[Row[Any]]], Awaitable[Sequence[str]]]
"""Carries out some lines of an import in the caller's transaction, and gives the outcome of each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What is imported: the table that stages its lines, and the lock of all who change it."""

    name: str
    staged: Table
    lock: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of an import's lines: the count of each outcome, and the places of its lines."""

    counts: Mapping[str, int]
    places: Mapping[str, Sequence[int]]


async def import_lines(
    database: Database,
    kind: Kind,
    apply: Apply,
    clock: Clock,
    lines: Sequence[Mapping[str, Any]],
    *,
    operator: str = "",
    advance: Callable[[int], None] = lambda _lines: None,
) -> Imported:
    """Carry out an import of many lines, all or none; ``advance`` hears how many are done."""
    mine = await _accept(database, kind, lines, clock, operator)
    try:
        await carry_out(database, kind, apply, clock, lambda seq, count: advance(count) if seq == mine else None)
    except StorageError as error:
        raise StorageError(
            f"{error} (the import is accepted: a worker or the next import carries out the rest)"
        ) from None
    imported = await _read_imported(database, kind, mine)
    await _forget(database, kind, mine)
    return imported


async def _accept(
    database: Database, kind: Kind, lines: Sequence[Mapping[str, Any]], clock: Clock, operator: str
) -> int:
    """Keep the lines of an import and accept them, all or none; gives the import's number."""
    async with database.write() as connection:
        row = {"kind": kind.name, "operator": operator, "touched_at": clock()}
        seq: int = (await connection.execute(insert(imports).values(row).returning(imports.c.seq))).scalar_one()
    for start in range(0, len(lines), LIGHT):
        async with database.write() as connection:
            await connection.execute(_touch(seq, clock))
            some = enumerate(lines[start : start + LIGHT], start=start + 1)
            rows = [{"import_seq": seq, "place": place, **line} for place, line in some]
            await execute_many(connection, _keep(kind), rows)
        await asyncio.sleep(PAUSE_S)
    async with database.write() as connection:
        await database.turn(connection, kind.lock)
        kept = select(func.count()).select_from(kind.staged).where(kind.staged.c.import_seq == seq)
        if (await connection.execute(kept)).scalar_one() != len(lines):
            raise StorageError(
                "lines of the import were removed before it was accepted, nothing was changed: try again"
            )
        await connection.execute(_touch(seq, clock).values(accepted_at=clock()))
    return seq


async def carry_out(
    database: Database,
    kind: Kind,
    apply: Apply,
    clock: Clock,
    advance: Callable[[int, int], None] = lambda _seq, _lines: None,
) -> None:
    """Carry out what was accepted, the oldest first. ``advance`` hears which import got on, and by how many lines."""
    while done := await _carry_out_some(database, kind, apply, clock):
        advance(*done)
        await asyncio.sleep(PAUSE_S)


async def _carry_out_some(database: Database, kind: Kind, apply: Apply, clock: Clock) -> tuple[int, int] | None:
    oldest = select(imports).where(imports.c.kind == kind.name, *_UNDONE).order_by(imports.c.accepted_at, imports.c.seq)
    async with database.read() as connection:
        if (await connection.execute(oldest.limit(1))).first() is None:
            return None
    async with database.write() as connection:
        await database.turn(connection, kind.lock)
        if (one := (await connection.execute(oldest.limit(1))).first()) is None:
            return None
        rows = (await connection.execute(_next(kind, one))).all()
        progress = {"place": rows[-1].place} if rows else {}
        done = {"done_at": clock()} if len(rows) < CHUNK else {}
        await connection.execute(_touch(one.seq, clock).values(**progress, **done))
        outcomes = await apply(connection, one, rows) if rows else ()
        became = [
            {"of_import": one.seq, "of_place": row.place, "became": outcome}
            for row, outcome in zip(rows, outcomes, strict=True)
        ]
        await execute_many(connection, _became(kind), became)
    return one.seq, len(rows)


def _next(kind: Kind, one: Row[Any]) -> Select[*tuple[Any, ...]]:
    staged = kind.staged
    mine = select(staged).where(staged.c.import_seq == one.seq, staged.c.place > one.place)
    return mine.order_by(staged.c.place).limit(CHUNK)


@cache
def _keep(kind: Kind) -> Insert:
    return insert(kind.staged)


@cache
def _became(kind: Kind) -> Update:
    staged = kind.staged
    mine = (staged.c.import_seq == bindparam("of_import")) & (staged.c.place == bindparam("of_place"))
    return update(staged).where(mine).values(outcome=bindparam("became"))


def _touch(seq: int, clock: Clock) -> Update:
    return update(imports).where(imports.c.seq == seq).values(touched_at=clock())


async def _read_imported(database: Database, kind: Kind, seq: int) -> Imported:
    """What became of the lines of an import."""
    staged = kind.staged
    done = select(staged.c.place, staged.c.outcome).where(staged.c.import_seq == seq, staged.c.outcome.is_not(None))
    async with database.read() as connection:
        rows = (await connection.execute(done.order_by(staged.c.place))).all()
    places: dict[str, list[int]] = {}
    for row in rows:
        places.setdefault(row.outcome, []).append(row.place - 1)
    return Imported(counts=Counter(row.outcome for row in rows), places=places)


async def _forget(database: Database, kind: Kind, seq: int) -> None:
    """Remove the kept lines of an import."""
    staged = kind.staged
    mine = staged.c.import_seq == seq
    while True:
        async with database.write() as connection:
            if database.is_sqlite:
                await connection.exec_driver_sql("PRAGMA secure_delete=ON")  # numbers that may be erased one day
            places = select(staged.c.place).where(mine).order_by(staged.c.place).limit(LIGHT)
            last = (await connection.execute(select(func.max(places.subquery().c.place)))).scalar()
            if last is None:
                await connection.execute(delete(imports).where(imports.c.seq == seq))
                return
            await connection.execute(delete(staged).where(mine, staged.c.place <= last))
        await asyncio.sleep(PAUSE_S)


async def tidy(database: Database, kind: Kind, apply: Apply, clock: Clock) -> int:
    """Finish what was left alone, remove what is done with, and give how many lines were carried out."""
    done = 0

    def advance(_seq: int, lines: int) -> None:
        nonlocal done
        done += lines

    left = imports.c.touched_at < clock() - LEFT_ALONE
    if await _seqs(database, kind, left, *_UNDONE):
        await carry_out(database, kind, apply, clock, advance)
    never = (imports.c.accepted_at.is_(None)) & (imports.c.touched_at < clock() - NEVER_ACCEPTED)
    for seq in await _seqs(database, kind, (left & imports.c.done_at.is_not(None)) | never):
        await _forget(database, kind, seq)
    return done


async def _seqs(database: Database, kind: Kind, *conditions: ColumnElement[bool]) -> Sequence[int]:
    async with database.read() as connection:
        return (
            (await connection.execute(select(imports.c.seq).where(imports.c.kind == kind.name, *conditions)))
            .scalars()
            .all()
        )


async def overtake(connection: AsyncConnection, kind: Kind, lines: Iterable[ColumnElement[bool]]) -> None:
    """Drop lines of accepted imports, since what is done now is newer; the caller has the turn."""
    undone = select(imports.c.seq).where(imports.c.kind == kind.name, *_UNDONE)
    if seqs := (await connection.execute(undone)).scalars().all():
        for some in lines:
            of = (kind.staged.c.import_seq.in_(seqs)) & kind.staged.c.outcome.is_(None)
            await connection.execute(delete(kind.staged).where(of, some))
