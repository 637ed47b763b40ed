"""How replies fare: what became of those handed to the gateway, and how long they took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select

from responder.core.contact.effects import StepStatus
from responder.store.base.database import Database
from responder.store.base.tables import SUBMITTED, steps

BOUNDS_S = (2, 5, 10, 30, 60, 300, 900, 3600)
TAKEN = (StepStatus.SENT, StepStatus.DELIVERED, StepStatus.FAILED)  # by the gateway, as far as we know


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
