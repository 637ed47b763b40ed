"""The evidence of consent as the ledger has it: what an operator gave, or what the number wrote and when."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row

from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.records import SubscriberRecord
from responder.core.sms.timestamps import iso
from responder.store.base.database import Database
from responder.store.base.revisions import chunks
from responder.store.base.tables import consent_events
from responder.store.consent.subscribers import KINDS

Place = tuple[str, str | None, str]
"""A number, a list (none for all texts) and a kind of event."""


async def read_evidence(database: Database, subscribers: Sequence[SubscriberRecord]) -> list[str]:
    """The evidence for the status of each subscriber; empty where the ledger has none of it."""
    last: dict[Place, str] = {}
    async with database.read() as connection:
        for some in chunks(sorted({one.originator for one in subscribers})):
            rows = (await connection.execute(_events(some))).all()
            last |= {(row.originator, row.list, row.event): _written(row) for row in rows}
    return [_of(one, last) for one in subscribers]


def _events(originators: Collection[str]) -> Any:  # noqa: ANN401  (a query of some columns)
    events = consent_events.c
    columns = (events.originator, events.list, events.event, events.at, events.text, events.reason)
    query = select(*columns).where(events.originator.in_(originators), events.event.in_(list(KINDS.values())))
    return query.order_by(events.seq)


def _of(subscriber: SubscriberRecord, last: Mapping[Place, str]) -> str:
    """What was said of the list itself, or else of all texts: a STOP takes its number off every list."""
    kind = KINDS[SubscriptionStatus(subscriber.status)]
    of_list = last.get((subscriber.originator, subscriber.list, kind))
    return of_list or last.get((subscriber.originator, None, kind), "")


def _written(row: Row[Any]) -> str:
    if row.reason:
        return str(row.reason)
    return f"text {row.text!r} of {iso(row.at)}" if row.text else f"text of {iso(row.at)}"
