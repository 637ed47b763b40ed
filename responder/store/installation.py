"""What belongs to the installation as a whole: its secret, the ledger's head, and who works on it."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.engine import Row

from responder.core.ledger import Head
from responder.store.database import Database
from responder.store.ledger import HEAD, written_head
from responder.store.tables import installation, workers

SECRET = "secret"  # noqa: S105  (the name of the row)
CHECKED = "checked_at"
FORGOTTEN_AFTER = timedelta(hours=1)  # a worker that has not been seen for so long is no longer listed


class Installation:
    """The installation that a database belongs to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert

    async def secret(self, configured: bytes | None) -> bytes:
        """The secret of the installation: the configured one, else the one made at the first start and kept. Raises StorageError.

        The ledger's head is sealed with it, so both are made together.
        """
        async with self._database.write() as connection:
            kept = self._insert(installation).on_conflict_do_nothing()
            if configured is None:
                await connection.execute(kept, [{"name": SECRET, "value": secrets.token_hex(32)}])
            stored = await connection.execute(select(installation.c.value).where(installation.c.name == SECRET))
            secret = configured or str(stored.scalar_one()).encode()
            await connection.execute(kept, [{"name": HEAD, "value": written_head(Head(), secret)}])
        return secret

    async def check(self, now: datetime) -> None:
        """Commit something that was not there, since only that shows that messages can be. Raises StorageError."""
        statement = self._insert(installation).values(name=CHECKED, value=now.isoformat())
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}))

    async def report_worker(self, name: str, rules_hash: str, now: datetime, *, has_redis: bool, rules_are_ok: bool = True) -> None:
        """Say that a worker is alive, whether it can be woken, by which rules it goes, and whether those are the file's."""
        row = {"name": name, "seen_at": now, "has_redis": has_redis, "rules_hash": rules_hash, "rules_are_ok": rules_are_ok}
        statement = self._insert(workers).values(row)
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
            await connection.execute(delete(workers).where(workers.c.seen_at < now - FORGOTTEN_AFTER))

    async def forget_worker(self, name: str) -> None:
        """Say that a worker has ended."""
        async with self._database.write() as connection:
            await connection.execute(delete(workers).where(workers.c.name == name))

    async def live_workers(self, since: datetime) -> list[Row[Any]]:
        """The workers that have been seen lately: name, seen_at, has_redis, rules_hash, rules_are_ok."""
        async with self._database.read() as connection:
            return list((await connection.execute(select(workers).where(workers.c.seen_at >= since).order_by(workers.c.name))).all())
