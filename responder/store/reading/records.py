"""The queries behind lists, behind one record of each, and behind all about one number."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.standing import ContactRecord
from responder.core.contact.effects import StepStatus
from responder.core.operations.messages import Explanation, explained
from responder.core.operations.pages import (
    EVERY_APPOINTMENT,
    EVERY_DELIVERY,
    EVERY_MESSAGE,
    EVERY_SUBSCRIBER,
    AppointmentFilter,
    DeliveryFilter,
    MessageFilter,
    SubscriberFilter,
)
from responder.core.operations.records import AppointmentRecord, DeliveryRecord, MessageRecord, SubscriberRecord
from responder.core.sms.message import MessageStatus
from responder.store.appointments.rows import appointment_from
from responder.store.base.database import Database
from responder.store.base.records import Listing, begins_so, between, from_row, narrowed
from responder.store.base.tables import (
    HOLDING,
    PAST,
    REPLIES,
    TROUBLED,
    WAITING,
    WEBHOOK_CALLS,
    appointments,
    consent_events,
    contacts,
    handoffs,
    messages,
    steps,
    subscriptions,
)
from responder.store.handoffs.handoffs import list_handoffs
from responder.store.queue.entering import delivery_from

FALLBACK = "fallback"
IN_TROUBLE = (StepStatus.DEAD, StepStatus.FAILED, StepStatus.UNCERTAIN)
SHORT_LISTS = (StepStatus.QUEUED, StepStatus.SENDING, *IN_TROUBLE)


def list_messages(only: MessageFilter = EVERY_MESSAGE) -> Listing[MessageRecord]:
    """The messages, by arrival."""
    query = select(messages)
    if only.originator is not None:
        theirs = (and_(messages.c.originator == only.originator, part) for part in (WAITING, PAST))
        query = query.where(or_(*theirs))  # an index for each
    query = narrowed(query, (messages.c.rule, only.rule), (messages.c.status, only.status))
    query = between(query, messages.c.received_at, only.since, only.before)
    if only.list is not None:
        query = query.where(_changed(only.list))
    if only.unmatched:
        nobody = messages.c.rule.is_(None) | (messages.c.rule == FALLBACK)
        query = query.where(nobody, messages.c.status == MessageStatus.HANDLED)
    is_indexed = only.originator is not None or only.status in (MessageStatus.RECEIVED, MessageStatus.FAILED)
    dated_by = None if is_indexed or only == EVERY_MESSAGE else messages.c.received_at
    return Listing(query=query, order=(messages.c.seq,), read=message_from, name=messages.c.key, dated_by=dated_by)


def _changed(name: str) -> ColumnElement[bool]:
    of_list = (consent_events.c.originator == messages.c.originator) & (consent_events.c.list == name)
    return exists().where(of_list, consent_events.c.message_key == messages.c.key)


def list_subscribers(only: SubscriberFilter = EVERY_SUBSCRIBER) -> Listing[SubscriberRecord]:
    """Who is on a list, or on any, or was; by the time of the last change."""
    doubt = select(func.max(handoffs.c.opened_at)).where(HOLDING, handoffs.c.originator == subscriptions.c.originator)
    query = select(subscriptions, contacts.c.language, doubt.scalar_subquery().label("under_review_since"))
    query = query.outerjoin(contacts, contacts.c.originator == subscriptions.c.originator)
    query = narrowed(query, (subscriptions.c.list, only.list), (subscriptions.c.status, only.status))
    query = narrowed(query, (subscriptions.c.originator, only.originator))
    order = (subscriptions.c.since, subscriptions.c.originator, subscriptions.c.list)
    return Listing(query=query, order=order, read=_subscriber)


def list_deliveries(only: DeliveryFilter = EVERY_DELIVERY) -> Listing[DeliveryRecord]:
    """The calls to the outside, in the order in which they were queued."""
    query = narrowed(select(steps), (steps.c.status, only.status), (steps.c.kind, only.kind))
    query = narrowed(query, (steps.c.recipient, only.to), (steps.c.message_key, only.message_key))
    if only.originator is not None:
        theirs = (and_(steps.c.originator == only.originator, kind) for kind in (REPLIES, WEBHOOK_CALLS))
        query = query.where(or_(*theirs))  # an index for each
    query = query.where(TROUBLED) if only.status in IN_TROUBLE else query
    query = between(query, steps.c.created_at, only.since, only.before)
    is_indexed = only.message_key or only.status in SHORT_LISTS or only.originator is not None
    dated_by = None if is_indexed or only == EVERY_DELIVERY else steps.c.created_at
    return Listing(query=query, order=(steps.c.seq,), read=delivery_from, name=steps.c.key, dated_by=dated_by)


def list_appointments(only: AppointmentFilter = EVERY_APPOINTMENT) -> Listing[AppointmentRecord]:
    """The appointments, by their start: those of a number, with a status, from a moment until before another."""
    of_whom, standing = (appointments.c.originator, only.originator), (appointments.c.status, only.status)
    query = between(narrowed(select(appointments), of_whom, standing), appointments.c.starts_at, only.begin, only.end)
    order = (appointments.c.starts_at, appointments.c.id)
    return Listing(query=query, order=order, read=_appointment, name=appointments.c.id)


async def find_messages(database: Database, beginning: str) -> list[Explanation]:
    """The messages whose key begins so: at most two, to tell whether there is just one."""
    query = select(messages).where(begins_so(messages.c.key, beginning)).limit(2)
    return [_explanation(row) for row in await database.rows(query)]


async def raw_of(database: Database, key: str) -> bytes:
    """What came in, as it came, for the message with this key."""
    async with database.read() as connection:
        return bytes((await connection.execute(select(messages.c.raw).where(messages.c.key == key))).scalar_one())


async def find_delivery(database: Database, key: str) -> DeliveryRecord | None:
    row = await database.row(select(steps).where(steps.c.key == key))
    return delivery_from(row) if row else None


async def find_deliveries(database: Database, beginning: str, number: str) -> list[DeliveryRecord]:
    """The deliveries whose key begins so and ends with this number: at most two."""
    query = select(steps).where(begins_so(steps.c.key, beginning), steps.c.key.like(f"%-{number}")).limit(2)
    return [delivery_from(row) for row in await database.rows(query)]


async def find_appointment(database: Database, identifier: str) -> AppointmentRecord | None:
    row = await database.row(select(appointments).where(appointments.c.id == identifier))
    return _appointment(row) if row else None


async def message_now(connection: AsyncConnection, key: str) -> Explanation | None:
    """The message with this key, as the caller's transaction sees it."""
    row = (await connection.execute(select(messages).where(messages.c.key == key))).first()
    return _explanation(row) if row else None


async def delivery_now(connection: AsyncConnection, key: str) -> DeliveryRecord | None:
    """The delivery with this key, as the caller's transaction sees it."""
    row = (await connection.execute(select(steps).where(steps.c.key == key))).first()
    return delivery_from(row) if row else None


async def subscriber_now(connection: AsyncConnection, originator: str, name: str) -> SubscriberRecord | None:
    """How a number stands on a list, as the caller's transaction sees it."""
    only = SubscriberFilter(originator=originator, list=name)
    row = (await connection.execute(list_subscribers(only).query)).first()
    return _subscriber(row) if row else None


def message_from(row: Row[Any]) -> MessageRecord:
    """A message from its row, as lists show it."""
    return from_row(MessageRecord, row)


def _explanation(row: Row[Any]) -> Explanation:
    return explained(message_from(row), row.language, row.explanation)


def _subscriber(row: Row[Any]) -> SubscriberRecord:
    return from_row(SubscriberRecord, row)


def _appointment(row: Row[Any]) -> AppointmentRecord:
    return AppointmentRecord(appointment=appointment_from(row))


def _contact(row: Row[Any]) -> ContactRecord:
    since = max(filter(None, (row.consent_at, row.by_hand_at)), default=None) if row.opted_out else None
    return ContactRecord(
        originator=row.originator, language=row.language, fields=json.loads(row.fields), opted_out_since=since
    )


PERSON: Mapping[str, Callable[[str], Listing[Any]]] = {
    "contact": lambda number: Listing(
        query=select(contacts).where(contacts.c.originator == number), order=(contacts.c.originator,), read=_contact
    ),
    "lists": lambda number: list_subscribers(SubscriberFilter(originator=number)),
    "appointments": lambda number: list_appointments(AppointmentFilter(originator=number)),
    "messages": lambda number: list_messages(MessageFilter(originator=number)),
    "handoffs": lambda number: list_handoffs(every=True, originator=number),
    "deliveries": lambda number: list_deliveries(DeliveryFilter(originator=number)),
}
