"""Subscriptions as an operator changes them: by hand or from a file, with the proof in the ledger, in one transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.known import SubscriptionStatus
from responder.store.base.database import Database
from responder.store.base.revisions import chunks, let_go, move_revisions
from responder.store.base.tables import contacts, subscriptions
from responder.store.consent.erasure import silent_among
from responder.store.consent.ledger import EventRow, append, event_row
from responder.store.consent.stopping import Stop, latest, stop
from responder.store.queue.announcing import announce_consent

SUBSCRIBER_LOCK = 0x5E5B0D05  # PostgreSQL advisory lock: two imports at once take turns


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What an operator wants of one number and list; ``evidence`` says where the consent comes from."""

    originator: str
    list: str
    status: SubscriptionStatus = SubscriptionStatus.SUBSCRIBED
    since: datetime | None = None
    language: str | None = None
    evidence: str = ""


class Outcome(StrEnum):
    """What became of one wish."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"


KINDS = {
    SubscriptionStatus.SUBSCRIBED: "opt_in",
    SubscriptionStatus.PENDING: "opt_in_asked",
    SubscriptionStatus.UNSUBSCRIBED: "opt_out",
}
MOVING = (Outcome.NEW, Outcome.CHANGED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of all wishes; ``left_out`` has the places of those that would have brought back someone who opted out."""

    counts: Mapping[Outcome, int]
    left_out: Sequence[int] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Standing:
    """Who stands where: subscriptions by number and list, which of them START would bring back, and the numbers that want no texts at all."""

    status: Mapping[tuple[str, str], SubscriptionStatus]
    taken: Collection[tuple[str, str]]
    opted_out: frozenset[str]

    def outcome(self, wanted: Wanted) -> Outcome:
        place = wanted.originator, wanted.list
        before = self.status.get(place)
        if before is wanted.status and place not in self.taken:
            return Outcome.UNCHANGED
        if wanted.status is not SubscriptionStatus.UNSUBSCRIBED and self._has_left(wanted.originator, before):
            return Outcome.LEFT_OUT
        return Outcome.NEW if before is None else Outcome.CHANGED

    def _has_left(self, originator: str, before: SubscriptionStatus | None) -> bool:
        return originator in self.opted_out or before is SubscriptionStatus.UNSUBSCRIBED


async def put_subscribers(
    database: Database,
    secret: bytes,
    wanted: Sequence[Wanted],
    *,
    operator: str,
    now: datetime,
    dry_run: bool = False,
    advance: Callable[[int], None] = lambda _count: None,
    tell: Collection[str] = (),
) -> Outcomes:
    """Make the subscriptions what an operator wants, all or none, but bring nobody back who opted out; ``tell`` webhooks. Raises StorageError."""
    async with database.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SUBSCRIBER_LOCK})
        outcomes = await _outcomes(connection, secret, wanted)
        changes = _changing(wanted, outcomes)
        if not dry_run:
            await move_revisions(connection, database.insert, {one.originator for one in changes})
            outcomes = await _outcomes(connection, secret, wanted, before=outcomes)
            changes, before = _changing(wanted, outcomes), changes
            await let_go(connection, {one.originator for one in before} - {one.originator for one in changes})
            await _put(connection, database.insert, changes, now, advance)
            events = await append(connection, (_event(one, operator, now) for one in changes), secret)
            await announce_consent(connection, events, tell, now)
    advance(len(wanted) - (0 if dry_run else len(changes)))
    left_out = [place for place, outcome in enumerate(outcomes) if outcome is Outcome.LEFT_OUT]
    return Outcomes(counts=Counter(outcomes), left_out=left_out)


async def opt_out(
    database: Database,
    secret: bytes,
    originator: str,
    *,
    reason: str,
    operator: str,
    now: datetime,
    tell: Collection[str] = (),
) -> bool:
    """Let a number be texted no more, as its own STOP would, tell webhooks, and say whether that is news. Raises StorageError."""
    async with database.write() as connection:
        await move_revisions(connection, database.insert, [originator])
        done = (
            update(contacts)
            .where(contacts.c.originator == originator)
            .values(by_hand_at=latest(contacts.c.by_hand_at, now))
        )
        if (await connection.execute(done.returning(contacts.c.opted_out))).scalar_one():
            return False
        proof = {"operator": operator, "reason": reason or None}
        events = await append(
            connection, await stop(connection, originator, Stop(by_hand_at=now, proof=proof), now), secret
        )
        await announce_consent(connection, events, tell, now)
    return True


async def _outcomes(
    connection: AsyncConnection, secret: bytes, wanted: Sequence[Wanted], before: Sequence[Outcome] | None = None
) -> list[Outcome]:
    """What would become of each wish; of those that changed nothing ``before``, whose contacts are not ours, nothing does."""
    standing = await _read_standing(connection, secret, wanted)
    if before is None:
        return [standing.outcome(one) for one in wanted]
    return [standing.outcome(one) if was in MOVING else was for one, was in zip(wanted, before, strict=True)]


def _changing(wanted: Sequence[Wanted], outcomes: Sequence[Outcome]) -> list[Wanted]:
    return [one for one, outcome in zip(wanted, outcomes, strict=True) if outcome in MOVING]


async def _read_standing(connection: AsyncConnection, secret: bytes, wanted: Sequence[Wanted]) -> _Standing:
    status: dict[tuple[str, str], SubscriptionStatus] = {}
    taken: set[tuple[str, str]] = set()
    opted_out: set[str] = set()
    for some in chunks(sorted({one.originator for one in wanted})):
        rows = (await connection.execute(select(subscriptions).where(subscriptions.c.originator.in_(some)))).all()
        status |= {(row.originator, row.list): SubscriptionStatus(row.status) for row in rows}
        taken |= {(row.originator, row.list) for row in rows if row.taken_by_stop}
        people = (await connection.execute(select(contacts).where(contacts.c.originator.in_(some)))).all()
        opted_out |= await silent_among(connection, secret, some, people)
    return _Standing(status=status, taken=taken, opted_out=frozenset(opted_out))


async def _put(
    connection: AsyncConnection,
    insert: Callable[..., Any],
    changes: Sequence[Wanted],
    now: datetime,
    advance: Callable[[int], None],
) -> None:
    for some in chunks(changes):
        await _put_rows(connection, insert, some, now)
        await _put_languages(connection, insert, some)
        advance(len(some))


async def _put_rows(
    connection: AsyncConnection, insert: Callable[..., Any], changes: Sequence[Wanted], now: datetime
) -> None:
    statement: Insert = insert(subscriptions)
    new = {name: statement.excluded[name] for name in ("status", "since", "taken_by_stop", "ends_at")}  # type: ignore[attr-defined]  # both dialects have it
    new["by_hand_at"] = latest(subscriptions.c.by_hand_at, statement.excluded.by_hand_at)  # type: ignore[attr-defined]  # both dialects have it
    put = statement.on_conflict_do_update(index_elements=["originator", "list"], set_=new)  # type: ignore[attr-defined]  # both dialects have it
    rows = [
        {
            "originator": one.originator,
            "list": one.list,
            "status": str(one.status),
            "since": one.since or now,
            "by_hand_at": min(one.since or now, now),
            "taken_by_stop": False,
            "ends_at": None,
        }
        for one in changes
    ]
    if rows:
        await connection.execute(put, rows)


async def _put_languages(connection: AsyncConnection, insert: Callable[..., Any], changes: Sequence[Wanted]) -> None:
    rows = [{"originator": one.originator, "revision": 1, "language": one.language} for one in changes if one.language]
    statement = insert(contacts)
    if rows:
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["originator"], set_={"language": statement.excluded.language}
            ),
            rows,
        )


def _event(wanted: Wanted, operator: str, now: datetime) -> EventRow:
    return event_row(
        event=KINDS[wanted.status],
        at=wanted.since or now,
        recorded_at=now,
        originator=wanted.originator,
        list=wanted.list,
        operator=operator,
        reason=wanted.evidence or None,
    )
