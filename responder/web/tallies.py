"""What /metrics counts up in the database: looked at twice a minute at the most, however often somebody asks."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.core.alerts import AlertKind
from responder.core.counts import ConsentCounts
from responder.core.credit import Credit
from responder.core.ports import Clock
from responder.errors import ResponderError
from responder.store.alerts import kinds_of, read_open
from responder.store.counting import count_consent
from responder.store.credits import read_credits
from responder.store.database import Database
from responder.store.deliveries import Deliveries, read_deliveries

DAY = timedelta(days=1)
GOOD_FOR = timedelta(seconds=30)
CHECK_S = 5.0  # longer than this is as good as down


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The counts of one moment."""

    at: datetime
    deliveries: Mapping[str, Deliveries]
    credits: Sequence[Credit]
    alerts: Mapping[AlertKind, int]
    consent: ConsentCounts


class Tallies:
    """Counts up."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last: Tally | None = None

    async def tally(self) -> Tally | None:
        """The counts; None while the database does not answer."""
        now = self._clock()
        if self._last is None or now - self._last.at >= GOOD_FOR:
            try:
                async with asyncio.timeout(CHECK_S):
                    self._last = await self._count(now)
            except (ResponderError, TimeoutError):
                self._last = None
        return self._last

    async def _count(self, now: datetime) -> Tally:
        return Tally(
            at=now,
            deliveries=await read_deliveries(self._database, now - DAY),
            credits=await read_credits(self._database),
            alerts=kinds_of(await read_open(self._database)),
            consent=await count_consent(self._database),
        )
