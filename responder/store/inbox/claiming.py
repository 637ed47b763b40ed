"""Claiming the oldest messages, a share from each phone, however many wait."""

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, case, func, or_, select, text, true, update
from sqlalchemy.engine import Row

from responder.core.sms.message import Channel, Message, Order
from responder.errors import ResponderError
from responder.store.base.bulk import among_listed, each_of
from responder.store.base.locking import in_order
from responder.store.base.sqlite.in_place import ask, expect, kept
from responder.store.base.tables import IN_LINE, WAITING, messages
from responder.store.base.tables.columns import Moment

NEVER = datetime.max.replace(tzinfo=UTC)
PORTIONS = 10  # of a claim, one for each originator as long as others wait
MOST_OF_ONE = 4  # the part of a claim, also if nobody else waits: whoever comes meanwhile waits until that is handled
FARTHEST_LOOK = (
    8000  # messages that a claim looks at from the front; behind them it waits for those who have these in hand
)
COLUMNS: list[Column[Any]] = [
    messages.c.seq, messages.c.key, messages.c.channel, messages.c.gateway, messages.c.originator,
    messages.c.destination,
    messages.c.text, messages.c.sent_at, messages.c.received_at, messages.c.order_at,
]  # fmt: skip
OF_CLAIM = (*COLUMNS, messages.c.attempts, messages.c.lease_until)

_LINE: Select[Any] = kept(
    select(messages.c.seq, messages.c.originator, messages.c.attempts, messages.c.lease_until)
    .where(IN_LINE, messages.c.seq > bindparam("after"))
    .order_by(messages.c.seq)
    .limit(bindparam("most"))
)
_FRONT = select(messages.c.lease_until).where(IN_LINE).order_by(messages.c.seq).limit(bindparam("most")).subquery()
_AT_A_GLANCE = select(
    func.count().label("seen"),
    func.count().filter(_FRONT.c.lease_until > bindparam("others_from", type_=Moment)).label("others"),
    func.count().filter(func.coalesce(_FRONT.c.lease_until < bindparam("now", type_=Moment), true())).label("free"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """Who claims, from when until when; a message that ``alone_after`` workers died of is handled by itself.

    Whoever has a lease that ends after ``others_from`` is at work just now, and few more are left to them.
    """

    owner: str
    now: datetime
    until: datetime
    alone_after: int
    others_from: datetime = NEVER


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """The oldest messages of phones of whom no worker has any, at most a portion of each.

    Where few phones crowd the line, others are not in sight.
    """

    oldest: Sequence[Row[Any]]
    is_crowded: bool
    is_left: bool = False


class LeftToOthersError(ResponderError):
    """What waits is left to a worker that is at work and claims anew when it is done."""


def claim(connection: Connection, lease: Lease, limit: int) -> list[tuple[Message, int]]:
    """Lease the oldest free messages to a worker, each with how many workers died while they had it.

    Raises LeftToOthersError.
    """
    sight = _look(connection, lease, limit)
    if sight.is_left:
        raise LeftToOthersError
    oldest = sight.oldest
    expect(connection, len(oldest))
    suspects = {row.originator for row in oldest if _deaths(row) >= lease.alone_after}
    counts, at_most = Counter(row.originator for row in oldest if row.originator not in suspects), 2 * limit
    if oldest and oldest[0].originator in suspects:
        counts, at_most, lease = Counter([oldest[0].originator]), 1, replace(lease, alone_after=sys.maxsize)
    elif sight.is_crowded:
        counts |= Counter(phone for phone in _phones(connection, limit) if phone not in suspects)
    if not counts:
        return []
    chosen = _theirs(connection, counts, lease, limit)[:at_most]
    taken = _take(connection, [row.seq for row in chosen], lease)
    return [(message_from(row), _deaths(row)) for row in chosen if row.seq in taken]


def is_left(connection: Connection, lease: Lease, limit: int) -> bool:
    """Whether a claim would leave what waits to others, without reading what that is."""
    values = {"most": 2 * limit, "now": lease.now, "others_from": lease.others_from}
    row = connection.execute(_AT_A_GLANCE, values).one()
    return bool(row.others and row.free < limit and row.seen < values["most"])


def _look(connection: Connection, lease: Lease, limit: int) -> Sight:
    """What waits at the front of the line, where what is in hand comes first."""
    held: set[str] = set()
    free: list[Row[Any]] = []
    after, looked_at, most, waiting, enough = 0, 0, limit, 0, (limit + 1) // 2
    while looked_at < FARTHEST_LOOK:
        page = ask(connection, _LINE, {"after": after, "most": most}).all()
        in_hand = [row for row in page if _is_in_hand(row, lease.now)]
        held |= {row.originator for row in in_hand}
        if any(row.lease_until > lease.others_from for row in in_hand):
            enough = limit
        before, theirs = len(free), [row for row in page if row.originator not in held]
        free = _portions((row for row in (*free, *theirs) if row.originator not in held), max(limit // PORTIONS, 1))
        waiting += len(theirs)
        if len(free) >= enough or len(page) < most:  # phones that have more fill it up
            return Sight(oldest=free[:limit], is_crowded=False, is_left=enough == limit and waiting < limit)
        if 2 * (len(free) - before) < len(theirs):
            break
        after, looked_at = page[-1].seq, looked_at + most
        most = looked_at
    return Sight(oldest=free, is_crowded=True)


def _portions(rows: Iterable[Row[Any]], portion: int) -> list[Row[Any]]:
    counts: Counter[str] = Counter()
    kept = []
    for row in rows:
        counts[row.originator] += 1
        if counts[row.originator] <= portion:
            kept.append(row)
    return kept


def _phones(connection: Connection, most: int) -> Collection[str]:
    """Originators of whom anything waits, by number, each found in one step however much that is."""
    return connection.execute(_PHONES, {"most": most}).scalars().all()


def _theirs(connection: Connection, counts: Counter[str], lease: Lease, limit: int) -> list[Row[Any]]:
    """What waits of these originators, oldest first, up to a share each, and up to what workers died of.

    Those with any in hand are left out.
    """
    spare = (limit - counts.total()) // sum(count == max(counts.values()) for count in counts.values())
    most = max(counts.values())
    share = min(most + max(limit // len(counts), spare), max(limit // MOST_OF_ONE, most + 1)) + 1
    query = _THEIRS_SQLITE if connection.dialect.name == "sqlite" else _THEIRS
    rows = ask(connection, query, {"originators": list(counts), "share": share}).all()
    barred = {row.originator for row in rows if _is_in_hand(row, lease.now)}
    theirs = []
    for row in rows:
        if _deaths(row) >= lease.alone_after:
            barred.add(row.originator)
        if row.originator not in barred:
            theirs.append(row)
    return theirs


def _take(connection: Connection, seqs: Sequence[int], lease: Lease) -> Collection[int]:
    leased = {"seqs": seqs, "owner": lease.owner, "until": lease.until, "now": lease.now}
    return frozenset(ask(connection, _TAKE, leased).scalars())


def _is_in_hand(row: Row[Any], now: datetime) -> bool:
    return row.lease_until is not None and row.lease_until >= now


def _deaths(row: Row[Any]) -> int:
    """How many workers died while they had a free message: any lease that it has ran out."""
    return int(row.attempts) + (row.lease_until is not None)


_DEATHS = messages.c.attempts + case((messages.c.lease_until.is_(None), 0), else_=1)
_IS_FREE = or_(messages.c.lease_until.is_(None), messages.c.lease_until < bindparam("now"))
_FREE = in_order(
    messages.c.seq, among_listed(messages.c.seq, "seqs"), messages.c.status == text("'received'"), _IS_FREE
)
_TAKE = kept(
    update(messages)
    .where(_FREE)
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"), attempts=_DEATHS)
    .returning(messages.c.seq)
)


_PHONES = text(f"""
    WITH RECURSIVE phones (originator, number) AS (
        SELECT (SELECT min(originator) FROM messages WHERE {WAITING}), 1
        UNION ALL
        SELECT (SELECT min(originator) FROM messages WHERE {WAITING} AND originator > phones.originator), number + 1
        FROM phones WHERE originator IS NOT NULL AND number < :most
    )
    SELECT originator FROM phones WHERE originator IS NOT NULL
""")  # noqa: S608  (words of our own)


def _theirs_by_lateral() -> Select[Any]:
    phones = each_of("originators", is_sqlite=False)
    of_one = select(*OF_CLAIM).where(WAITING, messages.c.originator == phones.c.value)
    theirs = of_one.order_by(messages.c.seq).limit(bindparam("share")).lateral("theirs")
    return select(theirs).select_from(phones.join(theirs, true())).order_by(theirs.c.seq)


def _theirs_by_number() -> Select[Any]:
    """The same for SQLite, which has no LATERAL."""
    phones, one = each_of("originators", is_sqlite=True), messages.alias("one")
    of_one = select(one.c.seq).where(WAITING, one.c.originator == phones.c.value)
    numbers = of_one.order_by(one.c.seq).limit(bindparam("share")).correlate(phones)
    return select(*OF_CLAIM).select_from(phones.join(messages, messages.c.seq.in_(numbers))).order_by(messages.c.seq)


_THEIRS = _theirs_by_lateral()
_THEIRS_SQLITE = kept(_theirs_by_number())


def message_from(row: Row[Any]) -> Message:
    return Message(
        seq=row.seq,
        key=row.key,
        channel=Channel(row.channel),
        gateway=row.gateway,
        originator=row.originator,
        destination=row.destination,
        text=row.text,
        sent_at=row.sent_at,
        received_at=row.received_at,
        order=Order(row.order_at, row.seq),
    )
