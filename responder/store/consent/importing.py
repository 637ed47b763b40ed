"""Subscribers from a file: many are carried out in chunks, and finished even after a kill."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.standing import Outcome, Outcomes, SubscriberChange
from responder.store.base.database import Database
from responder.store.base.imports import AT_ONCE, Clock, carry_out, import_lines, tidy
from responder.store.base.records import as_row, from_row
from responder.store.base.tables import staged_subscribers
from responder.store.consent.subscribers import SUBSCRIBERS, Means, carry_out_some, put_subscribers


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberImports:
    """Carries out imports of subscribers; webhooks ``tell``."""

    database: Database
    secret: bytes = field(repr=False)
    clock: Clock
    tell: Collection[str] = ()

    async def put(
        self, requests: Sequence[SubscriberChange], operator: str, advance: Callable[[int], None] = lambda _count: None
    ) -> Outcomes:
        """Make the subscriptions what an operator wants, all or none, but bring nobody back who opted out."""
        await carry_out(self.database, SUBSCRIBERS, self._apply, self.clock)
        if len(requests) <= AT_ONCE:
            means: dict[str, Any] = {"operator": operator, "now": self.clock(), "tell": self.tell, "advance": advance}
            return await put_subscribers(self.database, self.secret, requests, **means)
        lines = [_line(one) for one in requests]
        done = await import_lines(
            self.database, SUBSCRIBERS, self._apply, self.clock, lines, operator=operator, advance=advance
        )
        counts = {Outcome(outcome): count for outcome, count in done.counts.items()}
        return Outcomes(counts=counts, left_out=done.places.get(Outcome.LEFT_OUT, ()))

    async def tidy(self) -> int:
        """Finish imports that nobody is at any more, and give how many lines that were."""
        return await tidy(self.database, SUBSCRIBERS, self._apply, self.clock)

    async def _apply(self, connection: AsyncConnection, one: Row[Any], rows: Sequence[Row[Any]]) -> Sequence[str]:
        """A subscription counts from the moment at which the import was accepted, if its line does not say."""
        means = Means(secret=self.secret, operator=one.operator, tell=self.tell)
        requests = [_request(row, one) for row in rows]
        return await carry_out_some(
            self.database, connection, requests, means, self.clock(), accepted_at=one.accepted_at
        )


def _line(request: SubscriberChange) -> dict[str, Any]:
    return as_row(request, staged_subscribers)


def _request(row: Row[Any], one: Row[Any]) -> SubscriberChange:
    return from_row(SubscriberChange, row, since=row.since or one.accepted_at)
