"""What a start page shows: the newest texts, what waits, what met no rule; and the board of a day, with reminders."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.engine import Row

from responder.core.contact.effects import AppointmentStatus, StepKind
from responder.core.operations.front_desk import (
    BoardEntry,
    Circumstances,
    ReminderRecord,
    ReminderStatus,
    in_board_order,
    standing_of,
)
from responder.core.operations.messages import Counts, FeedLine, Pulse, RuleUse, UnmatchedGroup, explained, why_silent
from responder.core.operations.records import DeliveryRecord, MessageRecord
from responder.core.sms.message import MessageStatus
from responder.store.appointments.planning import PLANNED
from responder.store.appointments.rows import appointment_from
from responder.store.base.database import Database
from responder.store.base.records import Listing, between, narrowed
from responder.store.base.tables import (
    GIVEN_UP,
    OPEN_HANDOFF,
    UNMATCHED,
    appointment_events,
    appointments,
    contacts,
    handoffs,
    messages,
    reminders,
    steps,
)
from responder.store.queue.entering import delivery_from
from responder.store.queue.suppressing import DROPPED, OF_REMINDER
from responder.store.reading.failed_messages import count_by_reason
from responder.store.reading.records import message_from

LOOKED_AT = 100_000  # messages, so that a page about a million costs what one about these costs
REMINDER_STATUS = {PLANNED: ReminderStatus.DUE, DROPPED: ReminderStatus.DROPPED}


async def read_newest(database: Database, limit: int) -> list[FeedLine]:
    """The newest messages, newest first, with all that left because of them."""
    columns = [column for column in messages.c if column.name not in ("raw", "explanation")]
    newest = select(*columns).order_by(messages.c.seq.desc()).limit(limit)
    async with database.read() as connection:
        rows = (await connection.execute(newest)).all()
        left = select(steps).where(steps.c.message_key.in_([row.key for row in rows])).order_by(steps.c.seq)
        deliveries = [delivery_from(row) for row in (await connection.execute(left)).all()]
    by_message = _by_message(deliveries)
    return [
        FeedLine(seq=row.seq, message=message_from(row), deliveries=tuple(by_message.get(row.key, ()))) for row in rows
    ]


async def read_lines(database: Database, records: Sequence[MessageRecord]) -> list[FeedLine]:
    """These messages with all that left because of them, in their order."""
    keys = [record.key for record in records]
    left = select(steps).where(steps.c.message_key.in_(keys)).order_by(steps.c.seq)
    places = select(messages.c.key, messages.c.seq).where(messages.c.key.in_(keys))
    async with database.read() as connection:
        by_message = _by_message([delivery_from(row) for row in (await connection.execute(left)).all()])
        seqs = {row.key: row.seq for row in (await connection.execute(places)).all()}
    return [
        FeedLine(seq=seqs[record.key], message=record, deliveries=tuple(by_message.get(record.key, ())))
        for record in records
    ]


async def read_silences(database: Database, keys: Sequence[str]) -> dict[str, str]:
    """Why those of these messages that were handled and not answered got no reply, by their keys."""
    answered = select(steps.c.message_key).where(steps.c.message_key == messages.c.key, steps.c.kind == StepKind.REPLY)
    query = select(messages).where(messages.c.key.in_(keys), messages.c.explanation.is_not(None), ~answered.exists())
    query = query.where(messages.c.status == MessageStatus.HANDLED)
    rows = await database.rows(query)
    return {row.key: why_silent(explained(message_from(row), row.language, row.explanation)) for row in rows}


def _by_message(deliveries: Sequence[DeliveryRecord]) -> dict[str, list[DeliveryRecord]]:
    found: dict[str, list[DeliveryRecord]] = defaultdict(list)
    for delivery in deliveries:
        found[delivery.message_key].append(delivery)
    return found


async def count_waiting(database: Database, begin: datetime, end: datetime) -> Counts:
    """What waits; unmatched texts and unanswered appointments are those from ``begin`` until before ``end``."""
    of_today = (appointments.c.starts_at >= begin) & (appointments.c.starts_at < end)
    queries = (
        select(func.count()).select_from(handoffs).where(OPEN_HANDOFF),
        select(func.count()).select_from(steps).where(GIVEN_UP),
        select(func.count()).select_from(messages).where(UNMATCHED, messages.c.received_at >= begin),
        select(func.count())
        .select_from(appointments)
        .where(of_today, appointments.c.status == AppointmentStatus.SCHEDULED),
    )
    async with database.read() as connection:
        found = [int((await connection.execute(query)).scalar_one()) for query in queries]
    return Counts(handoffs=found[0], given_up=found[1], unmatched_today=found[2], unanswered_today=found[3])


async def count_reasons(database: Database) -> list[tuple[str, int]]:
    """How many deliveries were given up for each reason, the most frequent first."""
    return await count_by_reason(database, steps.c.last_error, GIVEN_UP)


async def read_pulse(database: Database) -> Pulse:
    """What tells that hand-offs or appointments have changed, without reading them."""
    taken = (func.count(handoffs.c.in_hand_by), func.max(handoffs.c.in_hand_since))
    waiting = select(func.count(), func.max(handoffs.c.opened_at), *taken).where(OPEN_HANDOFF)
    changed = select(func.max(appointment_events.c.seq))
    async with database.read() as connection:
        found = (await connection.execute(waiting)).one()
        newest = (await connection.execute(changed)).scalar_one()
    return Pulse(inbox=" ".join(map(str, found)), appointments=str(newest))


async def group_unmatched(database: Database, since: datetime, limit: int) -> Sequence[UnmatchedGroup]:
    """The texts that met no rule since a moment, the most frequent first, among the newest that there are."""
    newest = (
        select(messages.c.seq, messages.c.folded, messages.c.received_at)
        .where(UNMATCHED, messages.c.received_at >= since, messages.c.folded.is_not(None))
        .order_by(messages.c.received_at.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    count = func.count().label("count")
    groups = (
        select(
            newest.c.folded, count, func.max(newest.c.received_at).label("last_at"), func.max(newest.c.seq).label("seq")
        )
        .group_by(newest.c.folded)
        .order_by(count.desc(), newest.c.folded)
        .limit(limit)
    ).subquery()
    query = (
        select(groups, messages.c.text, messages.c.destination, messages.c.key)
        .join(messages, messages.c.seq == groups.c.seq)
        .order_by(groups.c.count.desc(), groups.c.folded)
    )
    rows = await database.rows(query)
    return [
        UnmatchedGroup(
            folded=row.folded,
            count=row[1],
            last_at=row.last_at,
            text=row.text,
            destination=row.destination,
            key=row.key,
        )
        for row in rows
    ]


async def count_uses(database: Database, since: datetime) -> Sequence[RuleUse]:
    """How often each rule applied since a moment, and when last, among the newest messages."""
    newest = select(messages.c.rule, messages.c.received_at).order_by(messages.c.seq.desc()).limit(LOOKED_AT).subquery()
    query = (
        select(newest.c.rule, func.count().label("hits"), func.max(newest.c.received_at).label("last_at"))
        .where(newest.c.received_at >= since, newest.c.rule.is_not(None))
        .group_by(newest.c.rule)
    )
    return [RuleUse(rule=row.rule, count=row.hits, last_at=row.last_at) for row in await database.rows(query)]


async def read_board(database: Database, begin: datetime, end: datetime, now: datetime) -> tuple[BoardEntry, ...]:
    """How the appointments stand that start from one moment until before another."""
    return in_board_order(_entry(row, now) for row in await database.rows(_board(begin, end)))


def _board(begin: datetime, end: datetime) -> Select[Any]:
    said_at = func.coalesce(messages.c.order_at, handoffs.c.opened_at)
    doubts = (
        select(func.max(said_at))
        .select_from(handoffs.outerjoin(messages, messages.c.key == handoffs.c.message_key))
        .where(OPEN_HANDOFF, handoffs.c.originator == appointments.c.originator)
        .scalar_subquery()
    )  # for each, since of all numbers there may be a hundred thousand
    query = select(appointments, contacts.c.opted_out, contacts.c.stopped_at, doubts.label("doubt_at"))
    query = query.outerjoin(contacts, contacts.c.originator == appointments.c.originator)
    return query.where(appointments.c.starts_at >= begin, appointments.c.starts_at < end)


def _entry(row: Row[Any], now: datetime) -> BoardEntry:
    appointment = appointment_from(row)
    also = Circumstances(opted_out=bool(row.opted_out), stopped_at=row.stopped_at, doubt_at=row.doubt_at)
    return BoardEntry(appointment=appointment, standing=standing_of(appointment, also, now))


def list_reminders(
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    status: ReminderStatus | None = None,
    of: str | None = None,
) -> Listing[ReminderRecord]:
    """The reminders by when they are due: of one appointment, of those that start in a time, or of all."""
    query = select(
        reminders, appointments.c.name.label("person"), appointments.c.starts_at, steps.c.status.label("fate")
    )
    query = query.outerjoin(appointments, appointments.c.id == reminders.c.appointment_id)
    query = query.outerjoin(steps, steps.c.key == reminders.c.key + OF_REMINDER)
    query = between(narrowed(query, (reminders.c.appointment_id, of)), appointments.c.starts_at, begin, end)
    if status is not None:
        is_so = case((reminders.c.status == PLANNED, "due"), (reminders.c.status == DROPPED, "dropped"), else_="sent")
        query = query.where(is_so == str(status))
    return Listing(query=query, order=(reminders.c.due_at, reminders.c.key), read=_reminder, name=reminders.c.key)


def _reminder(row: Row[Any]) -> ReminderRecord:
    return ReminderRecord(
        key=row.key,
        appointment=row.appointment_id,
        originator=row.originator,
        name=row.person or "",
        starts_at=row.starts_at,
        reminder=row.name,
        due_at=row.due_at,
        status=REMINDER_STATUS.get(row.status, ReminderStatus.SENT),
        done_at=row.done_at,
        reason=row.reason,
        fate=row.fate,
    )
