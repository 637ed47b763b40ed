"""What belongs to the installation as a whole: its secret, the ledger's head, and who works on it."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.ledger import Head
from responder.core.sms.message import message_key
from responder.errors import ConfigurationError, StorageError
from responder.store.base.database import Database
from responder.store.base.tables import installation, workers
from responder.store.consent.ledger import HEAD, read_head, written_head

SECRET = "secret"  # noqa: S105  (the name of the row)
MARK = "secret_mark"
CHECKED = "checked_at"
EPOCH = "console_epoch"
FORGOTTEN_AFTER = timedelta(hours=1)  # a worker that has not been seen for so long is no longer listed


class Installation:
    """The installation that a database belongs to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert

    async def secret(self, configured: bytes | None) -> bytes:
        """The secret of the installation: the configured one, else the one made at the first start and kept.

        The ledger's head is sealed with it, so both are made together, with a mark by which another secret is told.
        Raises ConfigurationError if it is not the one that the database was made with, and StorageError.
        """
        async with self._database.write() as connection:
            kept = self._insert(installation).on_conflict_do_nothing()
            # before the secret: whoever sees it sees that as well
            has_head = await self._value(connection, HEAD) is not None
            made = await self._value(connection, SECRET)
            if made is None and configured is None and not has_head:
                await connection.execute(kept, [{"name": SECRET, "value": secrets.token_hex(32)}])
                made = await self._value(connection, SECRET)
            secret = configured or (made or "").encode()
            await connection.execute(kept, [{"name": HEAD, "value": written_head(Head(), secret)}])
            if not await self._fits(connection, secret):
                raise ConfigurationError(_misfit(is_set=configured is not None, is_kept=made is not None))
            await connection.execute(kept, [{"name": MARK, "value": mark_of(secret)}])
        return secret

    async def require_fit(self, secret: bytes) -> None:
        """Raise ConfigurationError if the database has become one of another secret, as a restored one may be."""
        async with self._database.read() as connection:
            if await self._value(connection, MARK) not in (None, mark_of(secret)):
                raise ConfigurationError(
                    _misfit(is_set=True, is_kept=await self._value(connection, SECRET) is not None)
                )

    async def _fits(self, connection: AsyncConnection, secret: bytes) -> bool:
        """Whether the database was made with the secret, by its mark or else the ledger's head."""
        mark = await self._value(connection, MARK)
        if mark is not None:
            return secrets.compare_digest(mark, mark_of(secret))
        try:
            read_head(await self._value(connection, HEAD) or "", secret)
        except StorageError:
            return False
        return True

    async def _value(self, connection: AsyncConnection, name: str) -> str | None:
        query = select(installation.c.value).where(installation.c.name == name)
        return (await connection.execute(query)).scalar_one_or_none()

    async def check(self, now: datetime) -> None:
        """Commit something that was not there, since only that shows that messages can be."""
        await self._put(CHECKED, now.isoformat())

    async def epoch(self) -> str:
        """The epoch of visits to the console; empty until a first one was begun."""
        async with self._database.read() as connection:
            return await self._value(connection, EPOCH) or ""

    async def begin_epoch(self) -> None:
        """Begin a new epoch of visits, so that all older ones end."""
        await self._put(EPOCH, secrets.token_hex(8))

    async def _put(self, name: str, value: str) -> None:
        put = self._insert(installation).values(name=name, value=value)
        async with self._database.write() as connection:
            await connection.execute(put.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    async def report_worker(
        self,
        name: str,
        rules_hash: str,
        now: datetime,
        *,
        has_redis: bool,
        rules_are_ok: bool = True,
        version: str | None = None,
    ) -> None:
        """Note that a worker is alive, of which version it is, whether it can be woken, and by which rules it works."""
        row = {
            "name": name,
            "seen_at": now,
            "has_redis": has_redis,
            "rules_hash": rules_hash,
            "rules_are_ok": rules_are_ok,
            "version": version,
        }
        statement = self._insert(workers).values(row)
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
            await connection.execute(delete(workers).where(workers.c.seen_at < now - FORGOTTEN_AFTER))

    async def forget_worker(self, name: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(workers).where(workers.c.name == name))

    async def live_workers(self, since: datetime) -> list[Row[Any]]:
        """The workers that have been seen lately: name, seen_at, has_redis, rules_hash, rules_are_ok, version."""
        query = select(workers).where(workers.c.seen_at >= since).order_by(workers.c.name)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).all())


def mark_of(secret: bytes) -> str:
    """What tells one secret from another without telling it."""
    return message_key(secret, MARK)


def _misfit(*, is_set: bool, is_kept: bool) -> str:
    """What is wrong where the secret and the database do not belong together, and what to do."""
    if not is_set:
        return "RESPONDER_SECRET is not set, and the database was made with one: set it to the same value as then"
    if is_kept:
        return (
            "RESPONDER_SECRET is not the secret of the database, which was made without one and keeps its own: "
            "remove RESPONDER_SECRET"
        )
    return "RESPONDER_SECRET is not the secret that the database was made with: set it to that one again"
