"""What a person does about a hand-off: closes it, decides that it was a STOP, or writes back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, TextClause, Update, and_, func, insert, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import CloseDoubts, Purpose, Step, StepKind
from responder.core.contact.reasons import because
from responder.core.deciding.plan import Plan
from responder.core.operations.front_desk import Closed
from responder.core.outbound.events import handoff_closed
from responder.core.outbound.leaving import why_suppressed
from responder.core.sms.message import Order
from responder.core.sms.text import size
from responder.core.sms.times import iso
from responder.errors import ResponderError
from responder.store.base.database import Database
from responder.store.base.events import note_subject
from responder.store.base.locking import Check, move_revisions, unchecked
from responder.store.base.tables import OPEN_HANDOFF, PAST, WAITING, contacts, handoffs, messages, steps
from responder.store.consent.ledger import EventRow, append, event_row
from responder.store.consent.stopping import Stop, silent_among, stop
from responder.store.queue.entering import announce, announce_consent, step_rows

TWICE_WITHIN = timedelta(minutes=2)  # the same text to the same hand-off is one that was typed twice
MESSAGE = ("key", "seq", "order_at", "gateway", "destination", "text", "folded", "rule", "rules_hash")
CLEARED = "a later text was clear"  # why a doubt is over


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """How a person closes a hand-off; with ``opts_out`` they decide that its message was a STOP."""

    operator: str
    note: str = ""
    opts_out: bool = False
    notify: Collection[str] = ()


async def close(
    database: Database,
    secret: bytes,
    key: str,
    closing: Closing,
    *,
    now: datetime,
    notify: Collection[str] = (),
    check: Check = unchecked,
) -> Closed:
    """Close a hand-off, with what it means for consent, and tell webhooks; ResponderError says why that cannot be."""
    async with database.write() as connection:
        row = await _taken(connection, database, key)
        await check(connection)
        if row.closed_at:
            closed_at = iso(row.closed_at.replace(microsecond=0))
            raise _refusal(key, because("closed_before", who=row.closed_by or "somebody", at=closed_at))
        proof: dict[str, Any] = {"operator": closing.operator, "reason": closing.note or None, "message_key": key}
        events = await _opt_out(connection, row, proof, now) if closing.opts_out else []
        if row.holds_marketing:
            events.append(event_row(event="review_closed", at=now, originator=row.originator, **proof))
        closed = {"closed_at": now, "closed_by": closing.operator[:200], "note": closing.note or None}
        await connection.execute(update(handoffs).where(handoffs.c.message_key == key).values(closed))
        open_ = select(func.count(), func.count().filter(handoffs.c.holds_marketing)).where(
            OPEN_HANDOFF, handoffs.c.originator == row.originator
        )
        others, reviews = (await connection.execute(open_)).one()
        is_opted_out = (
            await connection.execute(select(contacts.c.opted_out).where(contacts.c.originator == row.originator))
        ).scalar_one()
        await announce_consent(connection, await append(connection, events, secret), notify, now)
        data = {"key": key, "reason": row.reason, "by": closing.operator, "note": closing.note or None}
        told = handoff_closed({**data, "originator": row.originator, "opted_out": closing.opts_out})
        await announce(connection, [(row.originator, told)], closing.notify, now)
    return Closed(ended_review=row.holds_marketing, is_opted_out=is_opted_out, others=others, reviews=reviews)


async def take(database: Database, key: str, operator: str, now: datetime, *, takes_over: bool) -> None:
    """Note who deals with an open hand-off; whoever has it keeps it unless somebody takes it over."""
    free = OPEN_HANDOFF if takes_over else and_(OPEN_HANDOFF, handoffs.c.in_hand_by.is_(None))
    async with database.write() as connection:
        await connection.execute(_in_hand(handoffs.c.message_key == key, free, operator, now))


async def let_go(database: Database, key: str, operator: str) -> None:
    """Note that somebody deals with a hand-off no more."""
    theirs = (handoffs.c.message_key == key) & (handoffs.c.in_hand_by == operator[:200])
    async with database.write() as connection:
        await connection.execute(update(handoffs).where(theirs).values(in_hand_by=None, in_hand_since=None))


def _in_hand(
    whose: ColumnElement[bool], free: ColumnElement[bool] | TextClause, operator: str, now: datetime
) -> Update:
    return update(handoffs).where(whose, free).values(in_hand_by=operator[:200], in_hand_since=now)


async def close_doubts(connection: AsyncConnection, plans: Sequence[Plan], now: datetime) -> None:
    """Close the hand-offs that doubted whether a number wants texts, where a later text of it is clear."""
    for place, plan in enumerate(plans):
        if any(isinstance(effect, CloseDoubts) for effect in plan.effects):
            later = [other.message.key for other in plans[place:]]
            doubts = OPEN_HANDOFF & handoffs.c.holds_marketing & (handoffs.c.originator == plan.message.originator)
            closed = {"closed_at": now, "closed_by": "", "note": CLEARED}
            await connection.execute(
                update(handoffs).where(doubts, handoffs.c.message_key.not_in(later)).values(closed)
            )


async def _taken(connection: AsyncConnection, database: Database, key: str) -> Row[Any]:
    await move_revisions(connection, database.insert, [(await _handoff(connection, key)).originator])
    return await _handoff(connection, key)


async def _handoff(connection: AsyncConnection, key: str) -> Row[Any]:
    query = select(handoffs, *(messages.c[name] for name in MESSAGE)).outerjoin(
        messages, messages.c.key == handoffs.c.message_key
    )
    row = (await connection.execute(query.where(handoffs.c.message_key == key))).first()
    if row is None:
        raise _refusal(key, because("handoff_gone"))
    return row


async def _opt_out(
    connection: AsyncConnection, row: Row[Any], proof: Mapping[str, Any], now: datetime
) -> list[EventRow]:
    """Opt the number out by the word that its message was; a newer START of its own stands."""
    if row.seq is None:
        raise _refusal(row.message_key, because("no_text_no_opt_out"))
    contact = (await connection.execute(select(contacts).where(contacts.c.originator == row.originator))).one()
    order = Order(row.order_at, row.seq)
    if contact.opted_out:
        return []
    if contact.consent_at and Order(contact.consent_at, contact.consent_seq or 0) > order:
        raise _refusal(row.message_key, because("started_since"))
    said = {name: getattr(row, name) for name in ("gateway", "destination", "folded", "rule", "rules_hash")} | {
        "text": row.text or None
    }
    return await stop(connection, row.originator, Stop(by_hand_at=now, proof={**proof, **said}, order=order), now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A person's own text for a hand-off."""

    operator: str
    text: str


async def answer(
    database: Database, secret: bytes, key: str, written: Answer, now: datetime, check: Check = unchecked
) -> tuple[str, bool]:
    """Queue a person's text to the number of a hand-off; gives its key and whether it is new.

    The same text twice in a short while is one. ResponderError says why it cannot go out.
    """
    async with database.write() as connection:
        row = await _taken(connection, database, key)
        await check(connection)
        if row.key is None:
            raise _refusal(key, because("about_no_text"))
        return await _queue(connection, secret, row, written, now, "of_handoff")


async def write_to(
    database: Database, secret: bytes, originator: str, written: Answer, now: datetime
) -> tuple[str, bool]:
    """The same to a number without a hand-off, from the number of ours that it has texted last."""
    texts = or_(*(and_(messages.c.originator == originator, part) for part in (WAITING, PAST)))
    last = select(messages.c.key.label("message_key"), messages.c.originator, messages.c.destination).where(texts)
    async with database.write() as connection:
        await move_revisions(connection, database.insert, [originator])
        row = (await connection.execute(last.order_by(messages.c.seq.desc()).limit(1))).first()
        if row is None:
            raise ResponderError(because("never_texted"))
        return await _queue(connection, secret, row, written, now, "of_message")


async def _queue(
    connection: AsyncConnection, secret: bytes, row: Row[*tuple[Any, ...]], written: Answer, now: datetime, place: str
) -> tuple[str, bool]:
    """Queue a person's text beside a message of the number, unless it was queued a moment ago."""
    theirs = (steps.c.message_key == row.message_key) & (steps.c.purpose == Purpose.PERSON)
    query = select(steps.c.key, steps.c.content, steps.c.created_at).where(theirs)
    written_before = (await connection.execute(query)).all()
    for before in written_before:
        if before.content == written.text and before.created_at > now - TWICE_WITHIN:
            note_subject(connection, before.key, is_new=False)
            return before.key, False
    if why := await _why_not(connection, secret, row.originator, now):
        raise ResponderError(because(place, key=row.message_key, reason=why))
    step = _step(f"{row.message_key}-h{len(written_before) + 1}", row, written.text)
    note_subject(connection, step.key, is_new=True)
    named = {"operator": written.operator[:200]}
    await connection.execute(insert(steps), [line | named for line in step_rows([step], now)])
    whose = handoffs.c.originator == row.originator
    await connection.execute(_in_hand(whose, OPEN_HANDOFF, written.operator, now))
    return step.key, True


async def _why_not(connection: AsyncConnection, secret: bytes, originator: str, now: datetime) -> str | None:
    """Why no text may go to the number. It is asked again in the transaction that claims the text."""
    known = (await connection.execute(select(contacts).where(contacts.c.originator == originator))).all()
    silent = await silent_among(connection, secret, [originator], known)
    reason = why_suppressed(Purpose.PERSON, None, now, opted_out=originator in silent)
    return because("before_start", reason=reason) if reason else None


def _refusal(key: str, reason: str) -> ResponderError:
    return ResponderError(because("of_handoff", key=key, reason=reason))


def _step(key: str, row: Row[Any], text: str) -> Step:
    return Step(
        key=key,
        message_key=row.message_key,
        kind=StepKind.REPLY,
        originator=row.originator,
        to=row.originator,
        sender=row.destination,
        content=text,
        purpose=Purpose.PERSON,
        segments=size(text).segments,
    )
