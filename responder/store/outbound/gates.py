"""The gates that a text must pass before it leaves, in the transaction that claims it.

So whatever happened since the text was queued counts.

A new limit is a function here, or in a file of its own, and its name in ``GATES``.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, select, true, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.core.outbound.leaving import TOO_LATE, why_suppressed
from responder.store.appointments.rows import stale_among, with_unhandled
from responder.store.base.database import Database
from responder.store.base.locking import free_contacts, in_order
from responder.store.base.tables import QUIET, UNDONE, steps
from responder.store.consent.stopping import silent_among
from responder.store.handoffs.handoffs import in_doubt
from responder.store.outbound.holds import SPENT, Budget, over_budget, places
from responder.store.queue.ending import ended_among, last_stop
from responder.store.queue.suppressing import suppress

DROPPED_TOGETHER = 500  # rows in one transaction, so that nobody waits long for the lock
WAITING = and_(UNDONE, steps.c.kind == StepKind.REPLY, steps.c.status == StepStatus.QUEUED)
STRICT = frozenset({Purpose.CONFIRMATION, Purpose.REMINDER})  # which nobody can want later than they are valid
READ_FIRST = timedelta(seconds=2)  # that a reminder waits for what its number has written to be handled
ANY = true()
NOT_NOW = ""
"""The reason of a gate that leaves a text in the queue."""

Texts = Sequence[Row[Any]]
Reasons = Mapping[str, str]
"""Why texts may not go out, by their keys; ``NOT_NOW`` where they stay in the queue."""


def still_valid(now: datetime) -> ColumnElement[bool]:
    return steps.c.expires_at.is_(None) | (steps.c.expires_at >= now)


async def put_off(connection: AsyncConnection, now: datetime, until: datetime) -> None:
    """Let what is no answer at once wait for the end of quiet hours."""
    at_night = in_order(steps.c.key, QUIET, steps.c.next_attempt_at <= now, skip_locked=True)
    await connection.execute(update(steps).where(at_night).values(next_attempt_at=until))


async def drop_late(database: Database, now: datetime) -> int:
    """Drop the waiting replies that are of no more use, and give how many."""
    found = 0
    while True:
        late = (
            select(steps.c.seq, steps.c.originator)
            .where(WAITING, steps.c.expires_at < now)
            .order_by(steps.c.seq)
            .limit(DROPPED_TOGETHER)
        )
        async with database.write() as connection:
            rows = (await connection.execute(late.with_for_update(skip_locked=True))).all()
            ours = await free_contacts(connection, {row.originator for row in rows}, lock=not database.is_sqlite)
            numbers = [row.seq for row in rows if row.originator in ours]
            await suppress(connection, dict.fromkeys(numbers, TOO_LATE), now)
        found += len(numbers)
        if len(rows) < DROPPED_TOGETHER or not numbers:
            return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a claim of texts is made with; ``people`` are the contacts that are ours until the commit.

    Where it ``is_pretence``, nothing goes out: the gateway cannot refuse it, and nothing is spent.
    """

    connection: AsyncConnection
    database: Database
    secret: bytes = field(repr=False)
    now: datetime
    budget: Budget | None = None
    quiet_until: datetime | None = None
    is_pretence: bool = False
    people: Mapping[str, Row[Any] | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How many texts may be read, and which. A probe is the one that tries whether the gateway still refuses us."""

    limit: int
    is_probe: bool = False
    which: ColumnElement[bool] = ANY


async def hold(claim: Claim, room: Room) -> Room:
    """While the gateway refuses us, one text now and then, of use if it is sent."""
    if claim.is_pretence:
        return room
    limit, is_probe = await places(claim.connection, claim.now, room.limit)
    return Room(limit=limit, is_probe=True, which=room.which & still_valid(claim.now)) if is_probe else room


async def quiet_hours(claim: Claim, room: Room) -> Room:
    """In quiet hours, only what is an answer at once; all else waits for their end."""
    if claim.quiet_until is None:
        return room
    await put_off(claim.connection, claim.now, claim.quiet_until)
    return replace(room, which=room.which & ~steps.c.keeps_quiet)  # somebody may have one locked as it was put off


async def busy_contact(claim: Claim, texts: Texts) -> Reasons:
    """Texts whose contact somebody else has locked are left to the next claim."""
    return {row.key: NOT_NOW for row in texts if row.originator not in claim.people}


async def unread_text(claim: Claim, texts: Texts) -> Reasons:
    """A reminder waits until what its number has written is handled."""
    reminders = [row for row in texts if row.purpose == Purpose.REMINDER]
    if not reminders:
        return {}
    writing = await with_unhandled(claim.database, claim.connection, sorted({row.originator for row in reminders}))
    early = [row for row in reminders if row.originator in writing]
    if early:
        later = update(steps).where(steps.c.seq.in_([row.seq for row in early]))
        await claim.connection.execute(later.values(next_attempt_at=claim.now + READ_FIRST))
    return {row.key: NOT_NOW for row in early}


async def opt_out(claim: Claim, texts: Texts) -> Reasons:
    """Nobody who said STOP is texted, and what waited when they said so has ended."""
    contacts = [contact for contact in claim.people.values() if contact]
    silent = await silent_among(claim.connection, claim.secret, sorted(claim.people), contacts)
    stops = {contact.originator: stop for contact in contacts if (stop := last_stop(contact))}
    ended = await ended_among(claim.connection, texts, stops)
    return _reasons(
        (
            row,
            why_suppressed(
                Purpose(row.purpose), None, claim.now, opted_out=row.originator in silent, is_ended=row.key in ended
            ),
        )
        for row in texts
        if row.originator in silent or row.key in ended
    )


async def doubt(claim: Claim, texts: Texts) -> Reasons:
    """Somebody who may have meant STOP gets no offers until a person has decided."""
    since = await in_doubt(claim.connection, sorted(claim.people))
    doubtful = (row for row in texts if row.originator in since and row.created_at <= since[row.originator])
    return _reasons(
        (row, why_suppressed(Purpose(row.purpose), None, claim.now, opted_out=False, in_doubt=True)) for row in doubtful
    )


async def too_late(claim: Claim, texts: Texts) -> Reasons:
    """What is of no more use is dropped."""
    return _reasons(
        (row, why_suppressed(Purpose(row.purpose), row.expires_at, claim.now, opted_out=False)) for row in texts
    )


async def other_appointment(claim: Claim, texts: Texts) -> Reasons:
    """A reminder has to fit its appointment as that stands."""
    reminders = {row.message_key: row for row in texts if row.purpose == Purpose.REMINDER}
    stale = await stale_among(claim.connection, list(reminders), claim.now)
    return {reminders[key].key: reason for key, reason in stale.items()}


async def daily_budget(claim: Claim, texts: Texts) -> Reasons:
    """All numbers together get so many texts in a day. What passes here is counted, so this is the last gate."""
    if claim.budget is None or claim.is_pretence:
        return {}
    return dict.fromkeys(await over_budget(claim.connection, claim.database, claim.budget, texts), SPENT)


def _reasons(found: Iterable[tuple[Row[Any], str | None]]) -> Reasons:
    return {row.key: reason for row, reason in found if reason}


BEFORE: tuple[Callable[[Claim, Room], Awaitable[Room]], ...] = (hold, quiet_hours)
"""What limits which texts are read at all."""
GATES: tuple[Callable[[Claim, Texts], Awaitable[Reasons]], ...] = (
    busy_contact,
    unread_text,
    opt_out,
    doubt,
    too_late,
    other_appointment,
    daily_budget,
)
"""What each text passes in turn; the first that stops it says why."""


async def room_for(claim: Claim, limit: int) -> Room:
    """How many texts may be read, and which."""
    room = Room(limit=limit)
    for narrow in BEFORE:
        room = await narrow(claim, room)
    return room


async def stopped_among(claim: Claim, texts: Texts) -> Reasons:
    """Why some of the texts do not go out, by their keys. The contacts of the others are ours until the commit."""
    if not texts:
        return {}
    people = await free_contacts(claim.connection, {row.originator for row in texts}, lock=not claim.database.is_sqlite)
    claim = replace(claim, people=people)
    stopped: dict[str, str] = {}
    for gate in GATES:
        if left := [row for row in texts if row.key not in stopped]:
            stopped |= await gate(claim, left)
    return stopped
