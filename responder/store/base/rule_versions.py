"""Every version of the rules that was in force, under its hash and with its times."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from responder.core.operations.records import Source, Version, read_sources, written_sources
from responder.store.base.database import Database
from responder.store.base.records import from_row
from responder.store.base.tables import rule_versions


class RuleVersions:
    """The versions of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert

    async def keep(self, version_hash: str, sources: Sequence[Source], now: datetime) -> None:
        """Say that a version comes into force."""
        row = {"hash": version_hash, "sources": written_sources(sources), "first_in_force_at": now, "in_force_at": now}
        statement = self._insert(rule_versions).values(row)
        statement = statement.on_conflict_do_update(index_elements=["hash"], set_={"in_force_at": now})
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def find(self, version_hash: str) -> Version | None:
        """The version with this hash; None if it never was in force."""
        query = select(rule_versions).where(rule_versions.c.hash == version_hash)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return from_row(Version, row, sources=read_sources(row.sources)) if row else None

    async def newest(self) -> Version | None:
        """The version that came into force last; None if none ever did."""
        newest = (
            select(rule_versions)
            .order_by(rule_versions.c.in_force_at.desc(), rule_versions.c.first_in_force_at.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(newest)).first()
        return from_row(Version, row, sources=read_sources(row.sources)) if row else None
