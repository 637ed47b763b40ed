"""Reminders that are due become steps, by one worker at a time."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.reminders import Drop, Planned, Send, Wait
from responder.core.contact.effects import Purpose, Step, StepKind, StepStatus
from responder.core.contact.known import CLOCKS, Appointment, Known
from responder.core.sms.text import size
from responder.store.appointments.rows import (
    QUEUED,
    Decided,
    after_texts,
    appointment_from,
    drop_stale,
    phones_of,
    planned_from,
    with_unhandled,
    without_overtaken,
)
from responder.store.base.bulk import each_of, execute_many
from responder.store.base.database import Database
from responder.store.base.history import add_events, event, last_numbers
from responder.store.base.tables import PAST, REMINDING, WAITING, appointments, contacts, messages, reminders, steps
from responder.store.base.tables import PLANNED as IN_TURN
from responder.store.consent.stopping import silent_among
from responder.store.queue.entering import step_rows
from responder.store.queue.suppressing import COUNT, DROPPED, MOVE, REMINDER, dropped

REMINDER_LOCK = 0x5E5B0D04  # PostgreSQL advisory lock: reminders are queued by one worker at a time
AHEAD = 200  # reminders that may wait among the replies, so that no reply waits behind more than these
Decide = Callable[[Planned, Appointment | None, Known], Send | Drop | Wait]


async def queue_due(database: Database, decide: Decide, now: datetime, sender: str | None, secret: bytes = b"") -> int:
    """Turn due reminders into steps, as many as may wait among the replies; gives how many were due.

    A reminder waits while a text of its phone is unread. ``sender`` is the number that reminders come from; without
    one, it is the number that the phone texted last, or that anybody did. The ``secret`` tells erased numbers.
    """
    async with database.write() as connection:
        await database.turn(connection, REMINDER_LOCK)
        due = await _due(connection, now)
        if not due:
            return 0
        people, silent = await _contacts(
            connection, await phones_of(connection, due), secret, lock=not database.is_sqlite
        )
        standing = await _standing(connection, [row.appointment_id for row in due])
        unread = await with_unhandled(database, connection, sorted({row.originator for row in due}))
        known = {row.key: _known(row, people.get(row.originator), is_silent=row.originator in silent) for row in due}
        decided = [(row, decide(planned_from(row), standing.get(row.appointment_id), known[row.key])) for row in due]
        decided = without_overtaken(
            [(row, after_texts(became, now) if row.originator in unread else became) for row, became in decided]
        )
        await _settle(connection, decided, now)
        sent = [(row, became) for row, became in decided if isinstance(became, Send)]
        phones = [row.originator for row, _ in sent]
        senders = dict.fromkeys(phones, sender) if sender else await _last_texted(database, connection, phones)
        if sent:
            rows = step_rows([_step(row, became, senders[row.originator]) for row, became in sent], now)
            await connection.execute(_put_steps(database.insert, rows[0]), rows)
        await _ask(connection, [row for row, _ in sent], senders, now)
        await _tell(
            connection,
            [(row, became) for row, became in decided if not isinstance(became, Wait)],
            standing,
            people,
            now,
        )
        await drop_stale(connection, sorted({row.appointment_id for row, _ in sent}), now)
    return len(due)


async def _due(connection: AsyncConnection, now: datetime) -> Sequence[Row[Any]]:
    waiting = (
        select(steps.c.seq)
        .where(REMINDING, steps.c.status == StepStatus.QUEUED)
        .order_by(steps.c.next_attempt_at)
        .limit(AHEAD)
        .subquery()
    )
    ahead = (await connection.execute(select(func.count()).select_from(waiting))).scalar_one()
    if ahead >= AHEAD:
        return []
    query = (
        select(reminders)
        .where(IN_TURN, reminders.c.next_at <= now)
        .order_by(reminders.c.next_at, reminders.c.key)
        .limit(AHEAD - ahead)
    )
    return (await connection.execute(query)).all()


async def _contacts(
    connection: AsyncConnection, originators: Collection[str], secret: bytes, *, lock: bool
) -> tuple[dict[str, Row[Any]], frozenset[str]]:
    """The contacts of the phones, locked against an opt-out meanwhile, and which want no texts."""
    query = select(contacts).where(contacts.c.originator.in_(originators)).order_by(contacts.c.originator)
    rows = {row.originator: row for row in (await connection.execute(query.with_for_update() if lock else query)).all()}
    return rows, await silent_among(connection, secret, originators, rows.values())


def _known(row: Row[Any], contact: Row[Any] | None, *, is_silent: bool) -> Known:
    """What is known of a reminder's phone. An opt-out since the reminder was due counts, also after a START."""
    if contact is None:
        return Known(originator=row.originator, opted_out=is_silent, was_erased=is_silent)
    has_stopped = contact.stopped_at is not None and row.due_at <= contact.stopped_at
    was_erased = is_silent and not contact.opted_out
    fields, opted_out = json.loads(contact.fields), is_silent or has_stopped
    return Known(
        originator=row.originator, language=contact.language, fields=fields, opted_out=opted_out, was_erased=was_erased
    )


async def _standing(connection: AsyncConnection, identifiers: Collection[str]) -> dict[str, Appointment]:
    rows = (await connection.execute(select(appointments).where(appointments.c.id.in_(identifiers)))).all()
    return {row.id: appointment_from(row) for row in rows}


async def _settle(connection: AsyncConnection, decided: Sequence[Decided], now: datetime) -> None:
    waiting = [{"of_key": row.key, "until": became.until} for row, became in decided if isinstance(became, Wait)]
    await execute_many(connection, _PUT_OFF, waiting)
    done = [{"of_key": row.key, "now": now} | _ended(became) for row, became in decided if not isinstance(became, Wait)]
    await execute_many(connection, _END, done)


def _ended(became: Send | Drop) -> dict[str, Any]:
    match became:
        case Drop(reason=reason):
            return {"new_status": DROPPED, "new_reason": reason, "new_only": None}
        case Send(only=only):
            return {"new_status": QUEUED, "new_reason": None, "new_only": only}


_PUT_OFF = update(reminders).where(reminders.c.key == bindparam("of_key")).values(next_at=bindparam("until"))
_END = (
    update(reminders)
    .where(reminders.c.key == bindparam("of_key"))
    .values(
        status=bindparam("new_status"),
        done_at=bindparam("now"),
        reason=bindparam("new_reason"),
        only=bindparam("new_only"),
    )
)


async def _last_texted(database: Database, connection: AsyncConnection, originators: Collection[str]) -> dict[str, str]:
    """Our number that each phone texted last, or else the last that anybody did. Empty if nobody ever did."""
    newest, each = (
        select(messages.c.destination).order_by(messages.c.seq.desc()).limit(1),
        each_of("phones", is_sqlite=database.is_sqlite),
    )
    # an index for each
    theirs = [newest.where(part, messages.c.originator == each.c.value).scalar_subquery() for part in (WAITING, PAST)]
    rows = (await connection.execute(select(each.c.value, func.coalesce(*theirs)), {"phones": list(originators)})).all()
    of_anybody = (await connection.execute(newest)).scalar() or ""
    return {originator: destination or of_anybody for originator, destination in rows}


_OPENED_AT = bindparam("opened_at", type_=appointments.c.asked_at.type)
_ASK = (
    update(appointments)
    .where(appointments.c.id == bindparam("of_id"))
    .values(
        asked_at=case((appointments.c.asked_at <= _OPENED_AT, appointments.c.asked_at), else_=_OPENED_AT),
        last_asked_at=bindparam("now"),
        asked_from=bindparam("sender"),
        unclear_at=None,
    )
)


async def _ask(
    connection: AsyncConnection, rows: Sequence[Row[Any]], senders: Mapping[str, str], now: datetime
) -> None:
    """Open the appointments to an answer. Those that are open stay so, for an answer that may be waiting."""
    if rows:
        asked = [
            {"of_id": row.appointment_id, "opened_at": now - CLOCKS, "now": now, "sender": senders[row.originator]}
            for row in rows
        ]
        await execute_many(connection, _ASK, asked)


async def _tell(
    connection: AsyncConnection,
    decided: Sequence[Decided],
    standing: Mapping[str, Appointment],
    locked: Collection[str],
    now: datetime,
) -> None:
    """Write the history, each line with a number of its own, and make plans by the old state fail."""
    if not decided:
        return
    last = await last_numbers(
        connection, [row.appointment_id for row, _ in decided if row.appointment_id not in standing]
    )
    numbers = Counter(last | {identifier: appointment.version for identifier, appointment in standing.items()})
    lines = []
    for row, became in decided:
        numbers[row.appointment_id] += 1
        lines.append(_told(row, became, numbers[row.appointment_id], now))
    await add_events(connection, lines)
    await execute_many(connection, COUNT, [{"of_id": row.appointment_id} for row, _ in decided])
    theirs = {row.originator for row, _ in decided} | {
        standing[row.appointment_id].originator for row, _ in decided if row.appointment_id in standing
    }
    moved = sorted(theirs.intersection(locked))  # whoever gave an appointment to another phone moved that one's
    await execute_many(connection, MOVE, [{"of_originator": originator} for originator in moved])


def _told(row: Row[Any], became: Send | Drop | Wait, number: int, now: datetime) -> dict[str, Any]:
    if isinstance(became, Drop):
        return dropped(row, number, became.reason, now)
    return event(
        (row.appointment_id, number), now, "reminded", REMINDER, message_key=row.key, detail=f"{row.name} before"
    )


def _put_steps(insert: Callable[..., Any], columns: Collection[str]) -> Any:  # noqa: ANN401  (either dialect's own)
    """Queue steps; one that was suppressed, as of an appointment moved and moved back, is queued again."""
    statement = insert(steps)
    new = {name: statement.excluded[name] for name in columns if name != "key"} | {"last_error": None}
    return statement.on_conflict_do_update(
        index_elements=["key"], set_=new, where=steps.c.status == StepStatus.SUPPRESSED
    )


def _step(row: Row[Any], became: Send, sender: str) -> Step:
    return Step(
        key=f"{row.key}-1",
        message_key=row.key,
        kind=StepKind.REPLY,
        originator=row.originator,
        to=row.originator,
        sender=sender,
        content=became.text,
        purpose=Purpose.REMINDER,
        segments=size(became.text).segments,
        expires_at=became.expires_at,
    )
