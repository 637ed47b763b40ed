"""Subscribers from a file: many are carried out in chunks, and finished even after a kill."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.standing import Outcome, Outcomes, SubscriberChange
from responder.store.base.imports import AT_ONCE, Imports
from responder.store.base.records import as_row, from_row
from responder.store.base.tables import staged_subscribers
from responder.store.consent.subscribers import SUBSCRIBERS, Means, carry_out_some, put_subscribers


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberImports(Imports):
    """Carries out imports of subscribers; webhooks ``tell``."""

    kind = SUBSCRIBERS
    secret: bytes = field(repr=False)
    tell: Collection[str] = ()

    async def put(
        self, requests: Sequence[SubscriberChange], operator: str, advance: Callable[[int], None] = lambda _count: None
    ) -> Outcomes:
        """Make the subscriptions what an operator wants, all or none, but bring nobody back who opted out."""
        await self.carry_out()
        if len(requests) <= AT_ONCE:
            means: dict[str, Any] = {"operator": operator, "now": self.clock(), "tell": self.tell, "advance": advance}
            return await put_subscribers(self.database, self.secret, requests, **means)
        lines = [as_row(one, staged_subscribers) for one in requests]
        done = await self.import_lines(lines, operator=operator, advance=advance)
        counts = {Outcome(outcome): count for outcome, count in done.counts.items()}
        return Outcomes(counts=counts, left_out=done.places.get(Outcome.LEFT_OUT, ()))

    async def apply(self, connection: AsyncConnection, one: Row[Any], rows: Sequence[Row[Any]]) -> Sequence[str]:
        """A subscription counts from the moment at which the import was accepted, if its line does not say."""
        means = Means(secret=self.secret, operator=one.operator, tell=self.tell)
        requests = [from_row(SubscriberChange, row, since=row.since or one.accepted_at) for row in rows]
        return await carry_out_some(
            self.database, connection, requests, means, self.clock(), accepted_at=one.accepted_at
        )
