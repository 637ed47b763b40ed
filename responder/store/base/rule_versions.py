"""Every version of the rules that was in force, under its hash and with its times."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Insert, select

from responder.core.operations.records import Source, Version, read_sources, written_sources
from responder.store.base.database import Database
from responder.store.base.records import from_row
from responder.store.base.tables import rule_versions

_LAST_FIRST = (rule_versions.c.in_force_at.desc(), rule_versions.c.first_in_force_at.desc())
_NEWEST = select(rule_versions).order_by(*_LAST_FIRST).limit(1)


class RuleVersions:
    """The versions of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert

    async def keep(self, version_hash: str, sources: Sequence[Source], now: datetime) -> None:
        """Say that a version comes into force."""
        async with self._database.write() as connection:
            newest = (await connection.execute(_NEWEST)).first()
            is_back = newest is None or newest.hash != version_hash  # by whom and why is that of another time
            changes = {"in_force_at": now, **({"by": None, "why": None} if is_back else {})}
            await connection.execute(self._put(version_hash, sources, changes))

    async def say_why(self, version_hash: str, sources: Sequence[Source], by: str, why: str, now: datetime) -> None:
        """Say who made a version that comes into force, and why."""
        async with self._database.write() as connection:
            await connection.execute(self._put(version_hash, sources, {"in_force_at": now, "by": by, "why": why}))

    def _put(self, version_hash: str, sources: Sequence[Source], changes: Mapping[str, object]) -> Insert:
        row = {"hash": version_hash, "sources": written_sources(sources), "first_in_force_at": changes["in_force_at"]}
        put = self._insert(rule_versions).values({**row, **changes})
        done: Insert = put.on_conflict_do_update(index_elements=["hash"], set_=changes)
        return done

    async def history(self, limit: int) -> list[Version]:
        """The versions, the one that came into force last before all."""
        query = select(rule_versions).order_by(*_LAST_FIRST).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [from_row(Version, row, sources=read_sources(row.sources)) for row in rows]

    async def find(self, version_hash: str) -> Version | None:
        """The version with this hash; None if it never was in force."""
        query = select(rule_versions).where(rule_versions.c.hash == version_hash)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return from_row(Version, row, sources=read_sources(row.sources)) if row else None

    async def newest(self) -> Version | None:
        """The version that came into force last; None if none ever did."""
        async with self._database.read() as connection:
            row = (await connection.execute(_NEWEST)).first()
        return from_row(Version, row, sources=read_sources(row.sources)) if row else None
