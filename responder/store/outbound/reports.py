"""Delivery reports, and how replies fare by them: what became of those handed over, and how long they took."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.reasons import because
from responder.core.outbound.fates import Report, status_after, together
from responder.store.base.database import Database
from responder.store.base.records import as_row, from_row
from responder.store.base.tables import SUBMITTED, reports, steps
from responder.store.queue.entering import announce_deliveries, read_hearers

# how long a report that came before the send's answer may wait for it; calls take 15 s
STRAYS_FOR = timedelta(minutes=10)
STRAYS_AT_ONCE = 1000
BOUNDS_S = (2, 5, 10, 30, 60, 300, 900, 3600)
TAKEN = (StepStatus.SENT, StepStatus.DELIVERED, StepStatus.FAILED)  # by the gateway, as far as we know


class SqlReports:
    """The delivery reports in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        dialect_insert = database.insert
        self._insert = dialect_insert(reports).on_conflict_do_nothing().returning(reports.c.key)

    async def add(self, received: Sequence[Report], now: datetime) -> list[tuple[str, StepStatus]]:
        """Commit reports, each once, with what they say of replies; gives the replies that changed, with their fate.

        All of it or nothing is done.
        """
        # one order for all: no deadlocks
        by_key = {report.key: report for report in sorted(received, key=lambda report: report.key)}
        if not by_key:
            return []
        async with self._database.write() as connection:
            rows = [_row(key, report) for key, report in by_key.items()]
            new = {row.key for row in (await connection.execute(self._insert, rows)).all()}
            return await self._settle(connection, {key: report for key, report in by_key.items() if key in new}, now)

    async def match_strays(self, now: datetime) -> list[tuple[str, StepStatus]]:
        """Settle the reports that came before we knew of what; the keys of the replies that changed."""
        stray = (reports.c.step_key.is_(None)) & (reports.c.received_at >= now - STRAYS_FOR)
        query = select(reports).where(stray).order_by(reports.c.seq.desc()).limit(STRAYS_AT_ONCE)
        async with self._database.read() as connection:
            waiting = {row.key: _report(row) for row in (await connection.execute(query)).all()}
            if not waiting or not await self._owners(connection, waiting.values(), lock=False):
                return []
        async with self._database.write() as connection:
            return await self._settle(connection, waiting, now)

    async def _settle(
        self, connection: AsyncConnection, new: Mapping[str, Report], now: datetime
    ) -> list[tuple[str, StepStatus]]:
        owners = await self._owners(connection, new.values(), lock=not self._database.is_sqlite)
        by_step: dict[str, list[str]] = defaultdict(list)
        for key, report in new.items():
            if owner := next((owners[each] for each in report.ids if each in owners), None):
                by_step[owner.key].append(key)
        changed: list[tuple[str, StepStatus]] = []
        for step in sorted({row.key: row for row in owners.values()}.values(), key=lambda row: row.seq):
            if about := by_step.get(step.key):
                await connection.execute(update(reports).where(reports.c.key.in_(about)).values(step_key=step.key))
                changed += await _change(connection, step, [new[key] for key in about], now)
        await announce_deliveries(connection, dict(changed), await read_hearers(connection) if changed else (), now)
        return changed

    async def _owners(
        self, connection: AsyncConnection, new: Iterable[Report], *, lock: bool
    ) -> Mapping[str, Row[Any]]:
        """The replies that reports are about, by each id of theirs. Our own id counts for more than the gateway's."""
        ids = sorted({each for report in new for each in report.ids})
        query = select(steps).where(
            steps.c.kind == StepKind.REPLY, or_(steps.c.key.in_(ids), steps.c.gateway_id.in_(ids))
        )
        query = query.order_by(steps.c.key)
        found = (await connection.execute(query.with_for_update() if lock else query)).all()
        rows = sorted(found, key=lambda row: int(row.seq))
        owners: dict[str, Row[Any]] = {}
        for row in rows:
            owners[row.gateway_id or row.key] = row
        owners.update((row.key, row) for row in rows)
        return owners


async def _change(
    connection: AsyncConnection, step: Row[Any], new: Iterable[Report], now: datetime
) -> list[tuple[str, StepStatus]]:
    """Change one reply, whose row is ours until the commit, if the reports change it."""
    earlier = await connection.execute(
        select(reports).where(reports.c.step_key == step.key, reports.c.part.is_not(None))
    )
    decisive = together([*new, *map(_report, earlier.all())])
    before = StepStatus(step.status)
    after = status_after(before, decisive.reported) if decisive else before
    if decisive is None or after is before:
        return []
    values: dict[str, Any] = {
        "status": after,
        "next_attempt_at": None,
        "lease_owner": None,
        "lease_until": None,
        "updated_at": now,
    }
    values["last_error"] = because("gateway_reports", reason=decisive.reason) if after is StepStatus.FAILED else None
    if after is StepStatus.DELIVERED:
        values |= _delivery(decisive, step.submitted_at)
    await connection.execute(update(steps).where(steps.c.seq == step.seq).values(**values))
    return [(step.key, after)]


def _delivery(report: Report, submitted_at: datetime | None) -> dict[str, Any]:
    """When a reply was delivered, and how long that took from its being handed over."""
    delivered_at = _delivered_at(report, submitted_at)
    took = max(delivered_at - submitted_at, timedelta()) if submitted_at else None
    return {"delivered_at": delivered_at, "delivery_ms": None if took is None else took // timedelta(milliseconds=1)}


def _delivered_at(report: Report, submitted_at: datetime | None) -> datetime:
    """The time that the gateway names if our clock can believe it, or else that of the report's arrival."""
    named = report.happened_at
    is_plausible = named is not None and submitted_at is not None and submitted_at <= named <= report.received_at
    return named if named is not None and is_plausible else report.received_at


def _row(key: str, report: Report) -> dict[str, Any]:
    return as_row(report, reports, key=key, ids=json.dumps(report.ids))


def _report(row: Row[Any]) -> Report:
    return from_row(Report, row, ids=tuple(json.loads(row.ids)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliveries:
    """The replies that one API took, by status, and how fast they were delivered.

    ``segments`` are ours, of the replies whose segments the gateway has counted too, and ``billed`` are its own.
    """

    by_status: Mapping[StepStatus, int]
    within: Mapping[int, int]
    timed: int
    seconds: float
    segments: int
    billed: int

    @property
    def share_delivered(self) -> float | None:
        """The share of those that the gateway took; None where it took none."""
        taken = sum(self.by_status.get(status, 0) for status in TAKEN)
        return self.by_status.get(StepStatus.DELIVERED, 0) / taken if taken else None


async def read_deliveries(database: Database, since: datetime) -> Mapping[str, Deliveries]:
    """How the replies fare that were handed over since a moment, by the API that took them."""
    took_ms, billed = steps.c.delivery_ms, steps.c.billed_segments
    counted = case((billed.is_not(None), steps.c.segments), else_=0)
    sums = [func.sum(case((took_ms <= bound_s * 1000, 1), else_=0)) for bound_s in BOUNDS_S]
    totals = (func.coalesce(func.sum(took_ms), 0), func.sum(counted), func.coalesce(func.sum(billed), 0))
    figures = (steps.c.api, steps.c.status, func.count(), func.count(took_ms), *totals, *sums)
    query: Select[Any] = (
        select(*figures)
        .where(SUBMITTED, steps.c.submitted_at >= since)
        .group_by(steps.c.api, steps.c.status)
        .order_by(steps.c.api)
    )
    by_api: dict[str, list[Any]] = {}
    async with database.read() as connection:
        for row in (await connection.execute(query)).all():
            by_api.setdefault(row[0] or "", []).append(row)
    return {api: _deliveries(rows) for api, rows in by_api.items()}


def _deliveries(rows: Sequence[Any]) -> Deliveries:
    return Deliveries(
        by_status={StepStatus(row[1]): row[2] for row in rows},
        within={bound_s: int(sum(row[place] for row in rows)) for place, bound_s in enumerate(BOUNDS_S, start=7)},
        timed=sum(row[3] for row in rows),
        seconds=float(sum(row[4] for row in rows)) / 1000,
        segments=int(sum(row[5] for row in rows)),
        billed=int(sum(row[6] for row in rows)),
    )
