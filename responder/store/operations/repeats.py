"""Requests under a key of their sender's, in SQL: which began, which were carried out, and what each was about."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from responder.core.operations.pages import Repeat
from responder.store.base.database import Database
from responder.store.base.tables import repeats

ABANDONED_AFTER = timedelta(minutes=1)  # whoever began and did not end in this time was killed
KEPT_FOR = timedelta(days=7)


async def begin(database: Database, name: str, digest: str, now: datetime) -> Repeat | None:
    """Note that a request begins, and give the one that has this name already; one that was abandoned is taken over."""
    row = {"name": name, "digest": digest, "begun_at": now, "is_done": False, "subject": ""}
    put = database.insert(repeats).values(row).on_conflict_do_nothing().returning(repeats.c.name)
    mine = repeats.c.name == name
    async with database.write() as connection:
        await connection.execute(delete(repeats).where(repeats.c.begun_at < now - KEPT_FOR))
        if (await connection.execute(put)).first() is not None:
            return None
        found = (await connection.execute(select(repeats).where(mine).with_for_update())).one()
        if not found.is_done and found.digest == digest and found.begun_at < now - ABANDONED_AFTER:
            await connection.execute(update(repeats).where(mine).values(begun_at=now))
            return None
    return Repeat(digest=found.digest, is_done=found.is_done, subject=found.subject)


async def end(database: Database, name: str, subject: str) -> None:
    """Note that a request was carried out."""
    async with database.write() as connection:
        await connection.execute(update(repeats).where(repeats.c.name == name).values(is_done=True, subject=subject))


async def drop(database: Database, name: str) -> None:
    """Forget a request."""
    async with database.write() as connection:
        await connection.execute(delete(repeats).where(repeats.c.name == name, repeats.c.is_done.is_(False)))
