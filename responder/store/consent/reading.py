"""Reading consent: the ledger, verified or listed, and how many numbers stand where."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import distinct, func, select

from responder.core.consent.ledger import Chain, Fault
from responder.core.consent.standing import ConsentCounts
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.pages import EVERY_EVENT, ConsentFilter
from responder.core.operations.records import ConsentRecord
from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.base.listing import Listing
from responder.store.base.tables import (
    HOLDING,
    PHRASED,
    SILENT,
    consent_events,
    contacts,
    handoffs,
    installation,
    subscriptions,
)
from responder.store.consent.ledger import HEAD, as_told, read_head

PAGE = 1_000  # events that are read at a time
MOST_FAULTS = 100  # told; whoever changed more will be found by these


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How many events the ledger has, and where it is not as it was written."""

    events: int
    faults: tuple[Fault, ...]


async def verify(database: Database, secret: bytes) -> Verdict:
    """Whether any event was changed, removed, put in or cut off. Raises StorageError if the database cannot be read."""
    chain = Chain()
    faults: list[Fault] = []
    async with database.read() as connection:
        head = select(installation.c.value).where(installation.c.name == HEAD)
        sealed = (await connection.execute(head)).scalar_one_or_none()
        rows = await connection.stream(select(consent_events).order_by(consent_events.c.seq))
        names = tuple(rows.keys())
        async for page in rows.partitions(PAGE):
            for row in page:
                if len(faults) < MOST_FAULTS:
                    faults.extend(chain.follow(as_told(dict(zip(names, row, strict=True)))))
    faults.extend(_faults_of_the_end(chain, sealed, secret))
    return Verdict(events=chain.head.count, faults=tuple(faults))


def _faults_of_the_end(chain: Chain, sealed: str | None, secret: bytes) -> Iterator[Fault]:
    if sealed is None:
        yield Fault(
            seq=chain.head.count, what="the sealed head of the ledger is gone, restore the database from a backup"
        )
        return
    try:
        head = read_head(sealed, secret)
    except StorageError as error:
        yield Fault(seq=chain.head.count, what=str(error))
        return
    yield from chain.end(head)


def list_consent(only: ConsentFilter = EVERY_EVENT) -> Listing[ConsentRecord]:
    """The consent events in their order, those of a list with those for all lists."""
    query = select(consent_events)
    if only.originator is not None:
        query = query.where(consent_events.c.originator == only.originator)
    if only.list is not None:
        query = query.where((consent_events.c.list == only.list) | consent_events.c.list.is_(None))
    if only.as_of is not None:
        query = query.where(consent_events.c.recorded_at <= only.as_of)
    if only.before is not None:
        query = query.where(consent_events.c.recorded_at < only.before)
    if only.by_phrase:
        query = query.where(consent_events.c.event == "opt_out", consent_events.c.list.is_(None), PHRASED)
    seq = consent_events.c.seq
    return Listing(query=query, order=(seq,), read=lambda row: ConsentRecord(event=row._asdict()), name=seq)


SUBSCRIPTIONS = select(subscriptions.c.list, subscriptions.c.status, func.count()).group_by(
    subscriptions.c.list, subscriptions.c.status
)
OPTED_OUT = select(func.count()).select_from(contacts).where(SILENT)
UNDER_REVIEW = select(func.count(distinct(handoffs.c.originator))).where(HOLDING)


async def count_consent(database: Database) -> ConsentCounts:
    """How many numbers stand where, as of one moment."""
    by_list: dict[str, dict[SubscriptionStatus, int]] = defaultdict(dict)
    async with database.read() as connection:
        for name, status, count in (await connection.execute(SUBSCRIPTIONS)).all():
            by_list[name][SubscriptionStatus(status)] = count
        opted_out = (await connection.execute(OPTED_OUT)).scalar_one()
        under_review = (await connection.execute(UNDER_REVIEW)).scalar_one()
    return ConsentCounts(by_list=by_list, opted_out=opted_out, under_review=under_review)
