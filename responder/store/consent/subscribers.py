"""Subscriptions as an operator changes them, by hand or from a file, with the proof in the ledger."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.standing import Outcome, Outcomes, SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.store.base.database import Database
from responder.store.base.imports import Kind, overtake
from responder.store.base.locking import Check, chunks, let_go, move_revisions, unchecked
from responder.store.base.records import as_row
from responder.store.base.tables import contacts, staged_subscribers, subscriptions
from responder.store.consent.ledger import EventRow, append, event_row
from responder.store.consent.stopping import latest, silent_among
from responder.store.queue.entering import announce_consent

SUBSCRIBER_LOCK = 0x5E5B0D05  # PostgreSQL advisory lock: two imports at once take turns
SUBSCRIBERS = Kind(name="subscribers", staged=staged_subscribers, lock=SUBSCRIBER_LOCK)


KINDS = {
    SubscriptionStatus.SUBSCRIBED: "opt_in",
    SubscriptionStatus.PENDING: "opt_in_asked",
    SubscriptionStatus.UNSUBSCRIBED: "opt_out",
}
MOVING = (Outcome.NEW, Outcome.CHANGED)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Standing:
    """Who is on which list, by number and list, and the numbers that want no texts at all.

    START would bring back those ``taken``; the ``newer`` ones were joined after the change was asked for.
    """

    status: Mapping[tuple[str, str], SubscriptionStatus]
    since: Mapping[tuple[str, str], datetime]
    taken: Collection[tuple[str, str]]
    newer: Collection[tuple[str, str]]
    opted_out: frozenset[str]

    def outcome(self, request: SubscriberChange) -> Outcome:
        place = request.originator, request.list
        before = self.status.get(place)
        is_as_exported = request.since is not None and request.since == self.since.get(place)
        if before is request.status and (place not in self.taken or is_as_exported):
            return Outcome.UNCHANGED
        if place in self.newer:
            return Outcome.UNCHANGED
        if request.status is not SubscriptionStatus.UNSUBSCRIBED and self._has_left(request.originator, before):
            return Outcome.LEFT_OUT
        return Outcome.NEW if before is None else Outcome.CHANGED

    def _has_left(self, originator: str, before: SubscriptionStatus | None) -> bool:
        return originator in self.opted_out or before is SubscriptionStatus.UNSUBSCRIBED


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """Who changes subscriptions, which webhooks hear of it, and the secret that the ledger is sealed with."""

    secret: bytes = field(repr=False)
    operator: str
    notify: Collection[str] = ()


async def preview_subscribers(database: Database, secret: bytes, requests: Sequence[SubscriberChange]) -> Outcomes:
    async with database.read() as connection:
        return _summary(await _outcomes(connection, secret, requests))


async def put_subscribers(
    database: Database,
    secret: bytes,
    requests: Sequence[SubscriberChange],
    *,
    operator: str,
    now: datetime,
    advance: Callable[[int], None] = lambda _count: None,
    notify: Collection[str] = (),
    check: Check = unchecked,
) -> Outcomes:
    """Make the changes, all or none, but bring nobody back who opted out; ``notify`` names webhooks."""
    means = Means(secret=secret, operator=operator, notify=notify)
    async with database.write() as connection:
        await database.turn(connection, SUBSCRIBER_LOCK)
        places = [(one.originator, one.list) for one in requests]
        staged = tuple_(SUBSCRIBERS.staged.c.originator, SUBSCRIBERS.staged.c.list)
        await overtake(connection, SUBSCRIBERS, (staged.in_(some) for some in chunks(places)))
        return _summary(await carry_out_some(database, connection, requests, means, now, advance, check=check))


async def carry_out_some(
    database: Database,
    connection: AsyncConnection,
    requests: Sequence[SubscriberChange],
    means: Means,
    now: datetime,
    advance: Callable[[int], None] = lambda _count: None,
    *,
    accepted_at: datetime | None = None,
    check: Check = unchecked,
) -> Sequence[Outcome]:
    """Make some of the changes, and give the outcomes; the caller has the turn.

    What was accepted a while ago takes nobody off a list who has joined since.
    """
    outcomes = await _outcomes(connection, means.secret, requests, accepted_at=accepted_at)
    changes = _changing(requests, outcomes)
    await move_revisions(connection, database.insert, {one.originator for one in changes})
    outcomes = await _outcomes(connection, means.secret, requests, before=outcomes, accepted_at=accepted_at)
    await check(connection)
    changes, before = _changing(requests, outcomes), changes
    await let_go(connection, {one.originator for one in before} - {one.originator for one in changes})
    await _put(connection, database.insert, changes, now, advance)
    events = await append(connection, (_event(one, means.operator, now) for one in changes), means.secret)
    await announce_consent(connection, events, means.notify, now)
    advance(len(requests) - len(changes))
    return outcomes


def _summary(outcomes: Sequence[Outcome]) -> Outcomes:
    left_out = [place for place, outcome in enumerate(outcomes) if outcome is Outcome.LEFT_OUT]
    return Outcomes(counts=Counter(outcomes), left_out=left_out)


async def _outcomes(
    connection: AsyncConnection,
    secret: bytes,
    requests: Sequence[SubscriberChange],
    *,
    before: Sequence[Outcome] | None = None,
    accepted_at: datetime | None = None,
) -> list[Outcome]:
    """What becomes of each change. One that came to nothing ``before`` stays so, since its contact is not ours."""
    standing = await _read_standing(connection, secret, requests, accepted_at)
    if before is None:
        return [standing.outcome(one) for one in requests]
    return [standing.outcome(one) if was in MOVING else was for one, was in zip(requests, before, strict=True)]


def _changing(requests: Sequence[SubscriberChange], outcomes: Sequence[Outcome]) -> list[SubscriberChange]:
    return [one for one, outcome in zip(requests, outcomes, strict=True) if outcome in MOVING]


async def _read_standing(
    connection: AsyncConnection, secret: bytes, requests: Sequence[SubscriberChange], accepted_at: datetime | None
) -> _Standing:
    status: dict[tuple[str, str], SubscriptionStatus] = {}
    since: dict[tuple[str, str], datetime] = {}
    taken: set[tuple[str, str]] = set()
    newer: set[tuple[str, str]] = set()
    opted_out: set[str] = set()
    for some in chunks(sorted({one.originator for one in requests})):
        rows = (await connection.execute(select(subscriptions).where(subscriptions.c.originator.in_(some)))).all()
        status |= {(row.originator, row.list): SubscriptionStatus(row.status) for row in rows}
        since |= {(row.originator, row.list): row.since for row in rows}
        taken |= {(row.originator, row.list) for row in rows if row.taken_by_stop}
        newer |= {(row.originator, row.list) for row in rows if _is_newer(row, accepted_at)}
        people = (await connection.execute(select(contacts).where(contacts.c.originator.in_(some)))).all()
        opted_out |= await silent_among(connection, secret, some, people)
    return _Standing(status=status, since=since, taken=taken, newer=newer, opted_out=frozenset(opted_out))


def _is_newer(row: Row[Any], accepted_at: datetime | None) -> bool:
    return accepted_at is not None and row.status == SubscriptionStatus.SUBSCRIBED and row.since > accepted_at


async def _put(
    connection: AsyncConnection,
    insert: Callable[..., Any],
    changes: Sequence[SubscriberChange],
    now: datetime,
    advance: Callable[[int], None],
) -> None:
    for some in chunks(changes):
        await _put_rows(connection, insert, some, now)
        await _put_languages(connection, insert, some)
        advance(len(some))


async def _put_rows(
    connection: AsyncConnection, insert: Callable[..., Any], changes: Sequence[SubscriberChange], now: datetime
) -> None:
    statement = insert(subscriptions)
    new = {name: statement.excluded[name] for name in ("status", "since", "taken_by_stop", "ends_at")}
    new["by_hand_at"] = latest(subscriptions.c.by_hand_at, statement.excluded.by_hand_at)
    put = statement.on_conflict_do_update(index_elements=["originator", "list"], set_=new)
    stays = {"taken_by_stop": False, "ends_at": None}
    times = ({"since": one.since or now, "by_hand_at": min(one.since or now, now)} for one in changes)
    rows = [as_row(one, subscriptions) | its | stays for one, its in zip(changes, times, strict=True)]
    if rows:
        await connection.execute(put, rows)


async def _put_languages(
    connection: AsyncConnection, insert: Callable[..., Any], changes: Sequence[SubscriberChange]
) -> None:
    rows = [{"originator": one.originator, "revision": 1, "language": one.language} for one in changes if one.language]
    statement = insert(contacts)
    if rows:
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["originator"], set_={"language": statement.excluded.language}
            ),
            rows,
        )


def _event(request: SubscriberChange, operator: str, now: datetime) -> EventRow:
    return event_row(
        event=KINDS[request.status],
        at=request.since or now,
        recorded_at=now,
        originator=request.originator,
        list=request.list,
        operator=operator,
        reason=request.evidence or None,
    )
