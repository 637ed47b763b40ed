"""Imports of many lines: staged in short transactions, accepted in one, then carried out in chunks.

Once accepted, an import is carried out to its end: by the command that brought it, the next import, or a worker.
So it is all or nothing, although no lock is held for longer than a chunk takes. Meanwhile, readers see some lines
done and others to come, as if each chunk were a small import of its own.
What is changed by hand meanwhile is newer than the import, and its line is dropped.
"""

import abc
import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Imports(abc.ABC):
    """Carries out the imports of a kind."""

    database: Database
    clock: Clock
    kind: ClassVar[Kind]

    @abc.abstractmethod
    async def apply(self, connection: AsyncConnection, one: Row[Any], rows: Sequence[Row[Any]]) -> Sequence[str]:
        """Carry out some lines of an import in the caller's transaction, and give the outcome of each."""

    async def import_lines(
        self, lines: Sequence[Mapping[str, Any]], *, operator: str = "", advance: Callable[[int], None]
    ) -> Imported:
        """Carry out an import of many lines, all or none; ``advance`` hears how many are done."""
        mine = await self._accept(lines, operator)
        try:
            await self.carry_out(lambda seq, count: advance(count) if seq == mine else None)
        except StorageError as error:
            raise StorageError(
                f"{error} (the import is accepted: a worker or the next import carries out the rest)"
            ) from None
        imported = await self._read_imported(mine)
        await self._forget(mine)
        return imported

    async def _accept(self, lines: Sequence[Mapping[str, Any]], operator: str) -> int:
        """Keep the lines of an import and accept them, all or none; gives the import's number."""
        async with self.database.write() as connection:
            row = {"kind": self.kind.name, "operator": operator, "touched_at": self.clock()}
            seq: int = (await connection.execute(insert(imports).values(row).returning(imports.c.seq))).scalar_one()
        for start in range(0, len(lines), LIGHT):
            async with self.database.write() as connection:
                await connection.execute(self._touch(seq))
                some = enumerate(lines[start : start + LIGHT], start=start + 1)
                rows = [{"import_seq": seq, "place": place, **line} for place, line in some]
                await execute_many(connection, _keep(self.kind), rows)
            await asyncio.sleep(PAUSE_S)
        async with self.database.write() as connection:
            await self.database.turn(connection, self.kind.lock)
            kept = select(func.count()).select_from(self.kind.staged).where(self.kind.staged.c.import_seq == seq)
            if (await connection.execute(kept)).scalar_one() != len(lines):
                raise StorageError(
                    "lines of the import were removed before it was accepted, nothing was changed: try again"
                )
            await connection.execute(self._touch(seq).values(accepted_at=self.clock()))
        return seq

    async def carry_out(self, advance: Callable[[int, int], None] = lambda _seq, _lines: None) -> None:
        """Carry out what was accepted, the oldest first.

        ``advance`` hears which import got on, and by how many lines.
        """
        while done := await self._carry_out_some():
            advance(*done)
            await asyncio.sleep(PAUSE_S)

    async def _carry_out_some(self) -> tuple[int, int] | None:
        oldest = select(imports).where(imports.c.kind == self.kind.name, *_UNDONE)
        oldest = oldest.order_by(imports.c.accepted_at, imports.c.seq).limit(1)
        if await self.database.row(oldest) is None:
            return None
        async with self.database.write() as connection:
            await self.database.turn(connection, self.kind.lock)
            if (one := (await connection.execute(oldest)).first()) is None:
                return None
            rows = (await connection.execute(_next(self.kind, one))).all()
            progress = {"place": rows[-1].place} if rows else {}
            done = {"done_at": self.clock()} if len(rows) < CHUNK else {}
            await connection.execute(self._touch(one.seq).values(**progress, **done))
            outcomes = await self.apply(connection, one, rows) if rows else ()
            became = [
                {"of_import": one.seq, "of_place": row.place, "became": outcome}
                for row, outcome in zip(rows, outcomes, strict=True)
            ]
            await execute_many(connection, _became(self.kind), became)
        return one.seq, len(rows)

    def _touch(self, seq: int) -> Update:
        return update(imports).where(imports.c.seq == seq).values(touched_at=self.clock())

    async def _read_imported(self, seq: int) -> Imported:
        staged = self.kind.staged.c
        done = select(staged.place, staged.outcome).where(staged.import_seq == seq, staged.outcome.is_not(None))
        rows = await self.database.rows(done.order_by(staged.place))
        places: dict[str, list[int]] = {}
        for row in rows:
            places.setdefault(row.outcome, []).append(row.place - 1)
        return Imported(counts=Counter(row.outcome for row in rows), places=places)

    async def _forget(self, seq: int) -> None:
        staged = self.kind.staged
        mine = staged.c.import_seq == seq
        while True:
            async with self.database.write() as connection:
                if self.database.is_sqlite:
                    await connection.exec_driver_sql("PRAGMA secure_delete=ON")  # numbers that may be erased one day
                places = select(staged.c.place).where(mine).order_by(staged.c.place).limit(LIGHT)
                last = (await connection.execute(select(func.max(places.subquery().c.place)))).scalar()
                if last is None:
                    await connection.execute(delete(imports).where(imports.c.seq == seq))
                    return
                await connection.execute(delete(staged).where(mine, staged.c.place <= last))
            await asyncio.sleep(PAUSE_S)

    async def tidy(self) -> int:
        """Finish what nobody is at any more, remove what is done with, and give how many lines were carried out."""
        done: list[int] = []
        left = imports.c.touched_at < self.clock() - LEFT_ALONE
        if await self._seqs(left, *_UNDONE):
            await self.carry_out(lambda _seq, lines: done.append(lines))
        never = (imports.c.accepted_at.is_(None)) & (imports.c.touched_at < self.clock() - NEVER_ACCEPTED)
        for seq in await self._seqs((left & imports.c.done_at.is_not(None)) | never):
            await self._forget(seq)
        return sum(done)

    async def _seqs(self, *conditions: ColumnElement[bool]) -> Sequence[int]:
        query = select(imports.c.seq).where(imports.c.kind == self.kind.name, *conditions)
        async with self.database.read() as connection:
            return (await connection.execute(query)).scalars().all()


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


async def overtake(connection: AsyncConnection, kind: Kind, lines: Iterable[ColumnElement[bool]]) -> None:
    """Drop lines of accepted imports, since what is done now is newer; the caller has the turn."""
    undone = select(imports.c.seq).where(imports.c.kind == kind.name, *_UNDONE)
    if seqs := (await connection.execute(undone)).scalars().all():
        for some in lines:
            of = (kind.staged.c.import_seq.in_(seqs)) & kind.staged.c.outcome.is_(None)
            await connection.execute(delete(kind.staged).where(of, some))
