"""Consent in the hands of people: an opt-out taken back, and subscribers from a file, finished even after a kill."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.standing import Outcome, Outcomes, SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.errors import ResponderError
from responder.store.base.database import Database
from responder.store.base.imports import AT_ONCE, Imports
from responder.store.base.locking import move_revisions
from responder.store.base.records import as_row, from_row
from responder.store.base.tables import consent_events, contacts, staged_subscribers, subscriptions
from responder.store.consent.ledger import OPERATOR, append, event_row
from responder.store.consent.stopping import REFUSAL, latest
from responder.store.consent.subscribers import SUBSCRIBERS, Means, carry_out_some, put_subscribers
from responder.store.queue.entering import announce_consent

CORRECTED = "corrected"
GRADED_STEPS = ("3", "9")  # of the opt-out reference, section 5.2: a phrase, and what may be a stop
FINAL = "only its own START brings it back"


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberImports(Imports):
    """Carries out imports of subscribers; ``notify`` names webhooks."""

    kind = SUBSCRIBERS
    secret: bytes = field(repr=False)
    notify: Collection[str] = ()

    async def put(
        self, requests: Sequence[SubscriberChange], operator: str, advance: Callable[[int], None] = lambda _count: None
    ) -> Outcomes:
        """Make the subscriptions what an operator wants, all or none, but bring nobody back who opted out."""
        await self.carry_out()
        if len(requests) <= AT_ONCE:
            means: dict[str, Any] = {
                "operator": operator,
                "now": self.clock(),
                "notify": self.notify,
                "advance": advance,
            }
            return await put_subscribers(self.database, self.secret, requests, **means)
        lines = [as_row(one, staged_subscribers) for one in requests]
        done = await self.import_lines(lines, operator=operator, advance=advance)
        counts = {Outcome(outcome): count for outcome, count in done.counts.items()}
        return Outcomes(counts=counts, left_out=done.places.get(Outcome.LEFT_OUT, ()))

    async def apply(self, connection: AsyncConnection, one: Row[Any], rows: Sequence[Row[Any]]) -> Sequence[str]:
        """A subscription counts from the moment at which the import was accepted, if its line does not say."""
        means = Means(secret=self.secret, operator=one.operator, notify=self.notify)
        requests = [from_row(SubscriberChange, row, since=row.since or one.accepted_at) for row in rows]
        return await carry_out_some(
            self.database, connection, requests, means, self.clock(), accepted_at=one.accepted_at
        )


async def correct(
    database: Database,
    secret: bytes,
    originator: str,
    *,
    reason: str,
    operator: str,
    now: datetime,
    notify: Collection[str] = (),
) -> Sequence[str]:
    """Let a number be texted again, and on the lists that it left by a slip of ours; gives those lists.

    ResponderError says why that cannot be.
    """
    async with database.write() as connection:
        await move_revisions(connection, database.insert, [originator])
        events = await _since_last_opt_in(connection, originator)
        slips = await _slips(connection, originator)
        if why := _why_not(originator, events, slips):
            raise ResponderError(f"{originator}: {why}")
        state = {"opted_out": False, "by_hand_at": latest(contacts.c.by_hand_at, now)}
        await connection.execute(update(contacts).where(contacts.c.originator == originator).values(state))
        lists = await _rejoin(connection, originator, slips, now)
        said = events[-1].message_key if events else None
        proof: dict[str, Any] = {"operator": operator, "reason": reason, "message_key": said}
        corrected = (*((None,) if events else ()), *lists)
        rows = [event_row(event=CORRECTED, at=now, originator=originator, list=name, **proof) for name in corrected]
        await announce_consent(connection, await append(connection, rows, secret), notify, now)
    return lists


async def _since_last_opt_in(connection: AsyncConnection, originator: str) -> Sequence[Row[Any]]:
    """The opt-outs of everything that stand, in their order; none where texts may go to the number."""
    opted_out = select(contacts.c.opted_out).where(contacts.c.originator == originator)
    if not (await connection.execute(opted_out)).scalar_one():
        return []
    query = select(consent_events).where(consent_events.c.originator == originator, consent_events.c.list.is_(None))
    found: list[Row[Any]] = []
    for row in (await connection.execute(query.order_by(consent_events.c.seq))).all():
        if row.event in ("opt_in", CORRECTED):
            found.clear()
        elif row.event == "opt_out":
            found.append(row)
    return found


async def _slips(connection: AsyncConnection, originator: str) -> frozenset[str]:
    """The lists that a person of ours or an import took the number off, and that it has said nothing about since."""
    query = select(consent_events.c.list, consent_events.c.event, consent_events.c.channel)
    query = query.where(consent_events.c.originator == originator, consent_events.c.list.is_not(None))
    was_on: set[str] = set()
    slips: set[str] = set()
    for row in (await connection.execute(query.order_by(consent_events.c.seq))).all():
        if row.event in ("opt_in", CORRECTED):
            was_on.add(row.list)
            slips.discard(row.list)
        elif row.event == "opt_out" and row.channel == OPERATOR:
            slips |= {row.list} & was_on
        elif row.event == "opt_out":
            was_on.discard(row.list)
            slips.discard(row.list)
    return frozenset(slips)


def _why_not(originator: str, events: Sequence[Row[Any]], slips: Collection[str]) -> str | None:
    """Why an opt-out is final; None if it may be taken back."""
    if not events and not slips:
        return "it has not opted out, and nobody took it off a list that it was on, so there is nothing to take back"
    if originator.startswith("+1"):
        return f"opt-outs of +1 numbers are never taken back by hand, {FINAL}"
    for event in events:
        if event.channel == REFUSAL:
            return f"the gateway blocks it, {FINAL}"
        if event.channel != OPERATOR and str(event.step) not in GRADED_STEPS:
            return f"it said so in a word of its own ({event.word or 'STOP'}), {FINAL}"
    return None


async def _rejoin(connection: AsyncConnection, originator: str, slips: Collection[str], now: datetime) -> list[str]:
    """Put a number back on the lists that the opt-out took or a slip did, and give their names."""
    is_slip = subscriptions.c.list.in_(slips) & (subscriptions.c.status == SubscriptionStatus.UNSUBSCRIBED)
    taken = (
        (subscriptions.c.originator == originator)
        & (subscriptions.c.taken_by_stop | is_slip)
        & (subscriptions.c.ends_at.is_(None) | (subscriptions.c.ends_at > now))
    )
    names = list((await connection.execute(select(subscriptions.c.list).where(taken))).scalars())
    back = {"status": SubscriptionStatus.SUBSCRIBED, "since": now, "taken_by_stop": False, "by_hand_at": now}
    await connection.execute(update(subscriptions).where(taken).values(back))
    return sorted(names)
