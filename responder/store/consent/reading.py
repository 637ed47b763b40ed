"""Reading consent: the ledger, verified or listed, and how many numbers stand where."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, String, bindparam, distinct, func, select, type_coerce
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.ledger import Chain, Fault, Head
from responder.core.consent.standing import ConsentCounts
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.pages import EVERY_EVENT, ConsentFilter
from responder.core.operations.records import ConsentRecord
from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.base.records import Listing
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
from responder.store.consent.ledger import HEAD, read_head

PAGE = 2_000  # events that are read at a time
ALL = Head()
FIRST = -(2**62)  # before whatever somebody may have put in front
WHOLE_SECOND = ".000000Z"
NO_LINK = "it has not the hash that the ledger ended with there: it was changed since, or that was another ledger"
MOST_FAULTS = 100  # told; whoever changed more will be found by these


_TIMES = ("at", "recorded_at")
_NAMES = tuple(column.name for column in consent_events.c)
_OF_POSTGRESQL = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'  # a time as it is hashed


def _next_events(*, is_sqlite: bool) -> Select[*tuple[Any, ...]]:
    """Some events, with their times as texts: the database writes them faster than we could."""

    def told(column: Column[Any]) -> ColumnElement[Any]:
        if column.name not in _TIMES:
            return column
        if is_sqlite:  # where they are texts already, whatever somebody put there
            return func.replace(type_coerce(column, String), " ", "T") + "Z"
        return func.to_char(func.timezone("UTC", column), _OF_POSTGRESQL, type_=String)

    query = select(*(told(column).label(column.name) for column in consent_events.c))
    return query.where(consent_events.c.seq > bindparam("after")).order_by(consent_events.c.seq).limit(PAGE)


_NEXT = {is_sqlite: _next_events(is_sqlite=is_sqlite) for is_sqlite in (True, False)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How many events were read, where they are not as they were written, and where the ledger ends."""

    events: int
    faults: tuple[Fault, ...]
    head: Head


async def verify(database: Database, secret: bytes, begin: Head = ALL) -> Verdict:
    """Whether any event was changed, removed, put in or cut off: of all, or from one on where the ledger ended once.

    Raises StorageError if the database cannot be read.
    """
    faults: list[Fault] = []
    async with database.read() as connection:
        head = select(installation.c.value).where(installation.c.name == HEAD)
        sealed = (await connection.execute(head)).scalar_one_or_none()
        chain = await _chain_to(connection, begin)
        if chain is None:
            return Verdict(events=0, faults=(Fault(seq=begin.count, what=NO_LINK),), head=begin)
        events, place = 0, chain.head.count or FIRST
        following = _NEXT[database.is_sqlite]
        while rows := (await connection.execute(following, {"after": place})).all():
            for row in rows:
                faults.extend(chain.follow(_told(row)))
            events, place = events + len(rows), chain.head.count
            if len(faults) >= MOST_FAULTS:
                return Verdict(events=events, faults=tuple(faults[:MOST_FAULTS]), head=chain.head)
    faults.extend(_faults_of_the_end(chain, sealed, secret))
    return Verdict(events=events, faults=tuple(faults), head=chain.head)


async def _chain_to(connection: AsyncConnection, begin: Head) -> Chain | None:
    """The chain up to just before the event where it is to begin; None if no event has this hash there."""
    if not begin.count:
        return Chain(begin)
    link = select(consent_events.c.hash, consent_events.c.previous_hash).where(consent_events.c.seq == begin.count)
    row = (await connection.execute(link)).first()
    return Chain(Head(count=begin.count - 1, hash=row.previous_hash)) if row and row.hash == begin.hash else None


def _told(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """An event as it was hashed: a whole second has no fraction."""
    event = dict(zip(_NAMES, row, strict=True))
    for name in _TIMES:
        if (at := event[name]) is not None:
            event[name] = at.replace(WHOLE_SECOND, "Z", 1)
    return event


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
