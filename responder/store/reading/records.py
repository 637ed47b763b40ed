"""The queries behind lists, behind one record of each, and behind all about one number."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Row

from responder.core.consent.standing import ContactRecord
from responder.core.contact.effects import AppointmentStatus, StepStatus
from responder.core.operations.explanations import Explanation, explained
from responder.core.operations.records import AppointmentRecord, DeliveryRecord, MessageRecord, SubscriberRecord
from responder.core.sms.message import KEY_LENGTH, MessageStatus
from responder.store.appointments.rows import appointment_from
from responder.store.base.database import Database
from responder.store.base.listing import Listing
from responder.store.base.records import from_row
from responder.store.base.tables import PAST, WAITING, appointments, contacts, handoffs, messages, steps, subscriptions
from responder.store.handoffs.handoffs import list_handoffs, open_doubts
from responder.store.queue.rows import delivery_from

HEX = frozenset("0123456789abcdef")
AFTER_HEX = "g"  # sorts after every key with the same beginning


def list_messages(
    *,
    originator: str | None = None,
    rule: str | None = None,
    status: MessageStatus | None = None,
    since: datetime | None = None,
) -> Listing[MessageRecord]:
    """The messages, by arrival."""
    query = select(messages)
    if originator is not None:
        query = query.where(
            or_(*(and_(messages.c.originator == originator, part) for part in (WAITING, PAST)))
        )  # an index for each
    for column, value in ((messages.c.rule, rule), (messages.c.status, status)):
        query = query if value is None else query.where(column == value)
    query = query if since is None else query.where(messages.c.received_at >= since)
    return Listing(query=query, order=(messages.c.seq,), read=message_from)


def list_subscribers(name: str | None = None) -> Listing[SubscriberRecord]:
    """Who is on a list, or on any, or was; by the time of the last change."""
    doubts = open_doubts().subquery()
    query = select(subscriptions, contacts.c.language, doubts.c.since.label("under_review_since"))
    query = query.outerjoin(contacts, contacts.c.originator == subscriptions.c.originator)
    query = query.outerjoin(doubts, doubts.c.originator == subscriptions.c.originator)
    query = query if name is None else query.where(subscriptions.c.list == name)
    return Listing(
        query=query, order=(subscriptions.c.since, subscriptions.c.originator, subscriptions.c.list), read=_subscriber
    )


def list_deliveries(*, status: StepStatus | None = None, message_key: str | None = None) -> Listing[DeliveryRecord]:
    """The calls to the outside, in the order in which they were queued."""
    query = select(steps)
    query = query if status is None else query.where(steps.c.status == status)
    query = query if message_key is None else query.where(steps.c.message_key == message_key)
    return Listing(query=query, order=(steps.c.seq,), read=delivery_from)


def list_appointments(
    *,
    originator: str | None = None,
    status: AppointmentStatus | None = None,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Listing[AppointmentRecord]:
    """The appointments, by their start: those of a number, with a status, from a moment until before another."""
    query = select(appointments)
    for column, value in ((appointments.c.originator, originator), (appointments.c.status, status)):
        query = query if value is None else query.where(column == value)
    query = query if begin is None else query.where(appointments.c.starts_at >= begin)
    query = query if end is None else query.where(appointments.c.starts_at < end)
    return Listing(query=query, order=(appointments.c.starts_at, appointments.c.id), read=_appointment)


async def read_after(
    database: Database, listing: Listing[AppointmentRecord], identifier: str | None, limit: int
) -> tuple[list[AppointmentRecord], bool]:
    """So many appointments of a listing after the one with this id, and whether there are more."""
    query = listing.query.order_by(*listing.order).limit(limit + 1)
    if identifier is not None:
        place = select(appointments.c.starts_at).where(appointments.c.id == identifier).scalar_subquery()
        later = (appointments.c.starts_at > place) | (
            (appointments.c.starts_at == place) & (appointments.c.id > identifier)
        )
        query = query.where(later)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [listing.read(row) for row in rows[:limit]], len(rows) > limit


async def find_messages(database: Database, beginning: str) -> list[Explanation]:
    """The messages whose key begins so: at most two, to tell whether there is just one."""
    typed = beginning.lower()
    if not typed or len(typed) > KEY_LENGTH or not HEX.issuperset(typed):
        return []
    begins_so = (messages.c.key >= typed) & (messages.c.key < typed + AFTER_HEX)
    async with database.read() as connection:
        rows = (await connection.execute(select(messages).where(begins_so).limit(2))).all()
    return [_explanation(row) for row in rows]


async def raw_of(database: Database, key: str) -> bytes:
    """What came in, as it came, for the message with this key."""
    async with database.read() as connection:
        return bytes((await connection.execute(select(messages.c.raw).where(messages.c.key == key))).scalar_one())


async def find_delivery(database: Database, key: str) -> DeliveryRecord | None:
    """The delivery with this key."""
    async with database.read() as connection:
        row = (await connection.execute(select(steps).where(steps.c.key == key))).first()
    return delivery_from(row) if row else None


async def find_appointment(database: Database, identifier: str) -> AppointmentRecord | None:
    """The appointment with this id."""
    async with database.read() as connection:
        row = (await connection.execute(select(appointments).where(appointments.c.id == identifier))).first()
    return _appointment(row) if row else None


def message_from(row: Row[Any]) -> MessageRecord:
    """A message from its row, as lists show it."""
    return from_row(MessageRecord, row)


def _explanation(row: Row[Any]) -> Explanation:
    return explained(message_from(row), row.language, row.explanation)


def _subscriber(row: Row[Any]) -> SubscriberRecord:
    return from_row(SubscriberRecord, row)


def _appointment(row: Row[Any]) -> AppointmentRecord:
    return AppointmentRecord(appointment=appointment_from(row))


def _narrowed(listing: Listing[Any], condition: Any) -> Listing[Any]:  # noqa: ANN401  (a column expression of any kind)
    return Listing(query=listing.query.where(condition), order=listing.order, read=listing.read)


def _contact(row: Row[Any]) -> ContactRecord:
    since = max(filter(None, (row.consent_at, row.by_hand_at)), default=None) if row.opted_out else None
    return ContactRecord(
        originator=row.originator, language=row.language, fields=json.loads(row.fields), opted_out_since=since
    )


PERSON: Mapping[str, Callable[[str], Listing[Any]]] = {
    "contact": lambda number: Listing(
        query=select(contacts).where(contacts.c.originator == number), order=(contacts.c.originator,), read=_contact
    ),
    "lists": lambda number: _narrowed(list_subscribers(), subscriptions.c.originator == number),
    "appointments": lambda number: _narrowed(list_appointments(), appointments.c.originator == number),
    "messages": lambda number: list_messages(originator=number),
    "handoffs": lambda number: _narrowed(list_handoffs(every=True), handoffs.c.originator == number),
    "deliveries": lambda number: _narrowed(list_deliveries(), steps.c.originator == number),
}
