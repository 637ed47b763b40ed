"""Stored messages in order, and what was known of originators at an earlier moment."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import ASKED_FOR, LATE, Appointment, Known, Subscription, SubscriptionStatus
from responder.core.sms.message import Message, MessageStatus, Order
from responder.store.appointments.rows import appointment_from
from responder.store.base.database import Database
from responder.store.base.records import Listing
from responder.store.base.tables import appointments, consent_events, contacts, messages, subscriptions
from responder.store.handoffs.handoffs import paused_before
from responder.store.inbox.claiming import COLUMNS, message_from
from responder.store.inbox.contacts import subscription_from
from responder.store.inbox.questions import questions_before

DECIDED = (MessageStatus.HANDLED, MessageStatus.FAILED)
STATUS_AFTER = {
    "opt_in": SubscriptionStatus.SUBSCRIBED,
    "opt_in_asked": SubscriptionStatus.PENDING,
    "opt_out": SubscriptionStatus.UNSUBSCRIBED,
    "corrected": SubscriptionStatus.SUBSCRIBED,
}


def decided_messages(since: datetime | None) -> Listing[Message]:
    """The messages that were decided about, by arrival."""
    return Listing(query=_decided(select(*COLUMNS), since), order=(messages.c.seq,), read=message_from)


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """A moment in the past: just before the message that has this place in the inbox."""

    at: datetime
    seq: int

    def is_after(self, seq: int | None, by_hand_at: datetime | None) -> bool:
        """Whether all was said and done before: texts go by their place, acts by hand by their time."""
        return (seq is None or seq < self.seq) and (by_hand_at is None or by_hand_at < self.at)


async def count_and_begin(database: Database, since: datetime | None) -> tuple[int, Beginning | None]:
    """How many such messages there are, and where they begin; None if there is none."""
    figures = select(
        func.count().label("number"),
        func.min(messages.c.received_at).label("at"),
        func.min(messages.c.seq).label("seq"),
    )
    async with database.read() as connection:
        row = (await connection.execute(_decided(figures, since))).one()
    return row.number, Beginning(at=row.at, seq=row.seq) if row.at else None


def _decided(query: Any, since: datetime | None) -> Any:  # noqa: ANN401  (a select of whichever columns)
    has_text = (messages.c.text != "") | messages.c.explanation.is_not(
        None
    )  # else it was removed after the days that texts are kept
    query = query.where(messages.c.status.in_(DECIDED), has_text)
    return query if since is None else query.where(messages.c.received_at >= since)


async def read_past(database: Database, originators: Collection[str], begin: Beginning) -> list[Known]:
    """What was known of each of the originators at a moment.

    Lists, opt-outs, questions and the language are as they were. What somebody said about themselves has no history and
    is as it is today; an appointment that was answered for since stands as scheduled.
    """
    async with database.read() as connection:
        people = await _by_originator(connection, select(contacts).where(contacts.c.originator.in_(originators)))
        on_lists = await _by_originator(
            connection, select(subscriptions).where(subscriptions.c.originator.in_(originators))
        )
        events = await _by_originator(connection, _events(originators, begin))
        near = appointments.c.originator.in_(originators) & (appointments.c.starts_at > begin.at - LATE)
        dates = await _by_originator(connection, select(appointments).where(near).order_by(appointments.c.starts_at))
        languages = await _languages(connection, originators, begin)
        asked = await questions_before(connection, originators, begin.seq, begin.at)
        handed_off = await paused_before(connection, originators, begin.seq, begin.at)
    return [
        replace(
            _consent(originator, people.get(originator, []), events.get(originator, []), begin),
            language=languages.get(originator),
            subscriptions=_subscriptions(on_lists.get(originator, []), events.get(originator, []), begin),
            appointments=tuple(_appointment(row, begin) for row in dates.get(originator, [])),
            questions=asked.get(originator, ()),
            paused_until=handed_off.get(originator),
        )
        for originator in originators
    ]


def _events(originators: Collection[str], begin: Beginning) -> Select[Any]:
    """The ledger's events before the moment, each with the place of its message, if any."""
    seq = messages.c.seq.label("message_seq")
    query = select(consent_events, seq).outerjoin(messages, messages.c.key == consent_events.c.message_key)
    is_past = or_(seq < begin.seq, and_(seq.is_(None), consent_events.c.recorded_at < begin.at))
    return query.where(consent_events.c.originator.in_(originators), is_past).order_by(consent_events.c.seq)


async def _by_originator(connection: AsyncConnection, query: Select[Any]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in (await connection.execute(query)).all():
        found[row.originator].append(row)
    return found


async def _languages(
    connection: AsyncConnection, originators: Collection[str], begin: Beginning
) -> dict[str, str | None]:
    """The language after the last message before the moment."""
    earlier = messages.c.originator.in_(originators) & (messages.c.seq < begin.seq) & messages.c.status.in_(DECIDED)
    last = select(func.max(messages.c.seq)).where(earlier).group_by(messages.c.originator)
    rows = await connection.execute(select(messages.c.originator, messages.c.language).where(messages.c.seq.in_(last)))
    return {row.originator: row.language for row in rows}


def _consent(originator: str, people: Sequence[Row[Any]], events: Sequence[Row[Any]], begin: Beginning) -> Known:
    """Whether the originator had opted out, with the fields of today."""
    if not people:
        return Known(originator=originator)
    (row,) = people
    known = Known(originator=originator, fields=json.loads(row.fields))
    confirmed_at = row.confirmed_at if row.confirmed_at and row.confirmed_at < begin.at else None
    if begin.is_after(row.consent_seq, row.by_hand_at):
        order = Order(row.consent_at, row.consent_seq) if row.consent_at else None
        return replace(
            known,
            opted_out=row.opted_out,
            consent_order=order,
            consent_by_hand_at=row.by_hand_at,
            confirmed_at=confirmed_at,
        )
    last = next((event for event in reversed(events) if event.list is None and event.event in STATUS_AFTER), None)
    if last is None:
        return known
    order, by_hand_at = _order(last)
    return replace(
        known,
        opted_out=last.event == "opt_out",
        consent_order=order,
        consent_by_hand_at=by_hand_at,
        confirmed_at=confirmed_at,
    )


def _subscriptions(rows: Sequence[Row[Any]], events: Sequence[Row[Any]], begin: Beginning) -> dict[str, Subscription]:
    """The lists by the ledger, and those that nothing was said about since as they are."""
    stops = {_word(event) for event in events if event.list is None and event.event == "opt_out"}
    last: dict[str, Row[Any]] = {}
    by_ledger: dict[str, Subscription] = {}
    for event in (event for event in events if event.list is not None):
        was_on = event.list in last and last[event.list].event == "opt_in"
        if event.event in STATUS_AFTER:
            by_ledger[event.list] = _subscription(event, taken_by_stop=was_on and _word(event) in stops)
        last[event.list] = event
    unchanged = {row.list: subscription_from(row) for row in rows if begin.is_after(row.order_seq, row.by_hand_at)}
    return by_ledger | unchanged


def _word(event: Row[Any]) -> tuple[str | None, datetime]:
    """What all events of one word share: STOP leaves every list, STOP NEWS leaves one."""
    return event.message_key, event.at


def _order(event: Row[Any]) -> tuple[Order | None, datetime | None]:
    """The order of the text that an event rests on, or else when it was done by hand."""
    return (Order(event.at, event.message_seq), None) if event.message_seq else (None, event.at)


def _subscription(event: Row[Any], *, taken_by_stop: bool) -> Subscription:
    order, by_hand_at = _order(event)
    return Subscription(
        list=event.list,
        status=STATUS_AFTER[event.event],
        since=event.at,
        order=order,
        by_hand_at=by_hand_at,
        taken_by_stop=taken_by_stop,
        ends_at=event.at + ASKED_FOR if event.event == "opt_in_asked" else None,
    )


def _appointment(row: Row[Any], begin: Beginning) -> Appointment:
    stored = appointment_from(row)
    if begin.is_after(row.order_seq, stored.by_hand_at):
        return stored
    return replace(stored, status=AppointmentStatus.SCHEDULED, order=None, by_hand_at=None)
