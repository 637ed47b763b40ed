"""How replies fare: what became of those that were handed to the gateway, and how long they took to the phone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from responder.core.effects import StepStatus
from responder.store.database import Database
from responder.store.tables import SUBMITTED, steps

BOUNDS_S = (2, 5, 10, 30, 60, 300, 900, 3600)
TAKEN = (StepStatus.SENT, StepStatus.DELIVERED, StepStatus.FAILED)  # by the gateway, as far as we know


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliveries:
    """Replies by their status; of the delivered ones, how many took no longer than each bound, and how many seconds all took together."""

    by_status: Mapping[StepStatus, int]
    within: Mapping[int, int]
    timed: int
    seconds: float

    @property
    def share_delivered(self) -> float | None:
        """The share of those that the gateway took; None where it took none."""
        taken = sum(self.by_status.get(status, 0) for status in TAKEN)
        return self.by_status.get(StepStatus.DELIVERED, 0) / taken if taken else None


async def read_deliveries(database: Database, since: datetime) -> Deliveries:
    """How the replies fare that were handed over since a moment. Raises StorageError."""
    took_ms = steps.c.delivery_ms
    sums = [func.sum(case((took_ms <= bound_s * 1000, 1), else_=0)) for bound_s in BOUNDS_S]
    figures = (steps.c.status, func.count(), func.count(took_ms), func.coalesce(func.sum(took_ms), 0), *sums)
    query = select(*figures).where(SUBMITTED, steps.c.submitted_at >= since).group_by(steps.c.status)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return Deliveries(
        by_status={StepStatus(row[0]): row[1] for row in rows},
        within={bound_s: sum(row[place] for row in rows) for place, bound_s in enumerate(BOUNDS_S, start=4)},
        timed=sum(row[2] for row in rows),
        seconds=float(sum(row[3] for row in rows)) / 1000,
    )
