"""A new database on a PostgreSQL of this machine, and what its server's processes cost."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from benchmarks.machine import cpu_s
from benchmarks.running import BenchmarkError

NEEDED = "give the address of a PostgreSQL on this machine with --postgresql, since its CPU is measured"


@dataclass(kw_only=True)
class Server:
    """A database of our own; the CPU is that of the processes which serve it, not of the writers that all share."""

    url: str
    _name: str
    _seen: dict[int, float] = field(default_factory=dict)

    def cpu_s(self) -> float:
        """The CPU of all its processes until now; those that have ended count as they were seen last."""
        pids = self.rows("SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", self._name)
        for (pid,) in pids:
            with suppress(OSError):
                self._seen[pid] = cpu_s(pid)
        return sum(self._seen.values())

    def rows(self, query: str, *values: object) -> list[Any]:
        """What a query gives."""
        return list(asyncio.run(_rows(self.url, query, *values)))

    def count(self, query: str) -> int:
        """What a query counts."""
        return int(self.rows(query)[0][0])


@contextmanager
def new_database(server_url: str | None) -> Iterator[Server]:
    """A database that is gone afterwards. BenchmarkError without a server."""
    if server_url is None:
        raise BenchmarkError(NEEDED)
    name = f"benchmark_{secrets.token_hex(6)}"
    asyncio.run(_rows(server_url, f"CREATE DATABASE {name}"))
    try:
        yield Server(url=f"{server_url.rpartition('/')[0]}/{name}", _name=name)
    finally:
        asyncio.run(_rows(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _rows(url: str, query: str, *values: object) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()
