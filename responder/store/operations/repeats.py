"""Requests under a key of their sender's, in SQL: which began, which were carried out, and what each was about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.operations.pages import Repeat
from responder.errors import ResponderError
from responder.store.base.database import Database
from responder.store.base.events import NEW, subject_of
from responder.store.base.tables import repeats

ABANDONED_AFTER = timedelta(minutes=1)  # whoever began and did not end in this time was killed
KEPT_FOR = timedelta(days=7)


class TakenOver(ResponderError):
    """A request took so long that another one under its key began; this one changes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A request that is ours to carry out, since when we have its key."""

    name: str
    at: datetime

    async def mark(self, connection: AsyncConnection) -> None:
        """Mark the request as carried out, in the transaction that does what it asks. Raises TakenOver."""
        mine = (repeats.c.name == self.name, repeats.c.begun_at == self.at, repeats.c.is_done.is_(False))
        done = update(repeats).where(*mine).values(is_done=True, subject=subject_of(connection))
        if not (await connection.execute(done)).rowcount:
            raise TakenOver("a request with this Idempotency-Key is under way")


async def begin(database: Database, name: str, digest: str, now: datetime) -> Begun | Repeat:
    """Note that a request begins, or give the one that has this name already; one that was abandoned is taken over."""
    row = {"name": name, "digest": digest, "begun_at": now, "is_done": False, "subject": ""}
    put = database.insert(repeats).values(row).on_conflict_do_nothing().returning(repeats.c.name)
    mine = repeats.c.name == name
    begun = Begun(name=name, at=now)
    async with database.write() as connection:
        await connection.execute(delete(repeats).where(repeats.c.begun_at < now - KEPT_FOR))
        if (await connection.execute(put)).first() is not None:
            return begun
        found = (await connection.execute(select(repeats).where(mine).with_for_update())).one()
        if not found.is_done and found.digest == digest and found.begun_at < now - ABANDONED_AFTER:
            await connection.execute(update(repeats).where(mine).values(begun_at=now))
            return begun
    return Repeat(
        digest=found.digest,
        is_done=found.is_done,
        subject=found.subject.removeprefix(NEW),
        is_new=found.subject.startswith(NEW),
    )


async def end(database: Database, begun: Begun) -> None:
    """Note that a request was carried out that had nothing to change."""
    async with database.write() as connection:
        mine = (repeats.c.name == begun.name, repeats.c.begun_at == begun.at)
        await connection.execute(update(repeats).where(*mine).values(is_done=True))


async def drop(database: Database, begun: Begun) -> None:
    """Forget a request that was not carried out."""
    mine = (repeats.c.name == begun.name, repeats.c.begun_at == begun.at, repeats.c.is_done.is_(False))
    async with database.write() as connection:
        await connection.execute(delete(repeats).where(*mine))
