"""Alerts in SQL, opened and closed once however many workers see the trouble; and their e-mails, sent in order."""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import Step
from responder.core.contact.reasons import read_reason, written_reason
from responder.core.operations.telling import events_of
from responder.core.rules.sections import Alert, AlertKind, Mail, Trouble
from responder.store.base.database import Database
from responder.store.base.events import note_event
from responder.store.base.locking import in_order
from responder.store.base.tables import alert_mails, alerts, steps
from responder.store.queue.entering import Rows, step_rows

LEASE = timedelta(minutes=2)  # a mail whose worker was killed is sent again after this; an attempt takes less
DELAYS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))  # after each attempt, and then
LONGEST_DELAY = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=3)
LONGEST_SUBJECT = 200  # characters
# for so long nobody may have seen a trouble before it is over: workers may differ for moments
QUIET = timedelta(minutes=1)
IS_OPEN = alerts.c.closed_at.is_(None)


class MailStatus(StrEnum):
    """The fate of an e-mail."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsent:
    """The e-mails that wait: how many, since when, and what the last attempt heard."""

    count: int
    since: datetime
    error: str | None


_QUEUED = alert_mails.c.status == MailStatus.QUEUED


def mail_rows(mails: Sequence[Mail], now: datetime) -> Rows:
    """E-mails as rows, due at once."""
    return [
        {
            "key": mail.key,
            "recipient": mail.recipient,
            "subject": mail.subject[:LONGEST_SUBJECT],
            "content": mail.content,
            "status": MailStatus.QUEUED,
            "attempts": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for mail in mails
    ]


async def claim_mail(database: Database, now: datetime) -> Mail | None:
    """The oldest e-mail, if it is due; the others wait behind it, since they go the same way."""
    async with database.read() as connection:
        first = select(alert_mails).where(_QUEUED).order_by(alert_mails.c.seq).limit(1)
        oldest = (await connection.execute(first)).first()
    if oldest is None or oldest.next_attempt_at > now:
        return None
    due = update(alert_mails).where(alert_mails.c.seq == oldest.seq, _QUEUED, alert_mails.c.next_attempt_at <= now)
    async with database.write() as connection:
        taken = due.values(next_attempt_at=now + LEASE, attempts=alert_mails.c.attempts + 1)
        is_ours = (await connection.execute(taken)).rowcount
    return (
        Mail(key=oldest.key, recipient=oldest.recipient, subject=oldest.subject, content=oldest.content)
        if is_ours
        else None
    )


async def note_sent(database: Database, key: str) -> None:
    await _put(database, key, status=MailStatus.SENT, next_attempt_at=None, last_error=None)


async def note_refused(database: Database, key: str, error: str) -> None:
    """Note that an e-mail is never taken."""
    await _put(database, key, status=MailStatus.DEAD, next_attempt_at=None, last_error=error)


async def note_unsent(database: Database, key: str, error: str, now: datetime) -> bool:
    """Note that an e-mail was not taken, and tell whether it is given up."""
    async with database.write() as connection:
        row = (await connection.execute(select(alert_mails).where(alert_mails.c.key == key))).one()
        is_over: bool = now - row.created_at >= GIVE_UP_AFTER
        delay = DELAYS[row.attempts - 1] if row.attempts <= len(DELAYS) else LONGEST_DELAY
        fate: dict[str, Any] = (
            {"status": MailStatus.DEAD, "next_attempt_at": None} if is_over else {"next_attempt_at": now + delay}
        )
        await connection.execute(update(alert_mails).where(alert_mails.c.key == key).values(last_error=error, **fate))
    return is_over


async def read_unsent(database: Database) -> Unsent | None:
    """The e-mails that wait; None if none does."""
    query = select(func.count(), func.min(alert_mails.c.created_at), func.max(alert_mails.c.last_error)).where(_QUEUED)
    async with database.read() as connection:
        count, since, error = (await connection.execute(query)).one()
    return Unsent(count=count, since=since, error=error) if count else None


async def forget_mails(database: Database, before: datetime) -> None:
    """Remove the e-mails of before a moment that are done with."""
    done = (alert_mails.c.created_at < before) & ~_QUEUED
    async with database.write() as connection:
        await connection.execute(delete(alert_mails).where(done))


async def _put(database: Database, key: str, **values: Any) -> None:  # noqa: ANN401  (column values)
    async with database.write() as connection:
        await connection.execute(update(alert_mails).where(alert_mails.c.key == key).values(**values))


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """What tells of an alert."""

    calls: Sequence[Step] = ()
    mails: Sequence[Mail] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """The alerts that a look opened and closed, and whether webhooks are to be called."""

    opened: tuple[Alert, ...] = ()
    closed: tuple[Alert, ...] = ()
    has_calls: bool = False


async def note_troubles(
    database: Database, seen: Iterable[Trouble], tell: Callable[[Alert], Telling], now: datetime
) -> Changed:
    """Open an alert for each new trouble, and close those whose trouble nobody sees any more."""
    troubles = sorted(seen, key=_place)  # one order for all: no deadlocks
    if not troubles and not await read_open(database):
        return Changed()
    async with database.write() as connection:
        opened = [alert for trouble in troubles if (alert := await _open(connection, database, trouble, now))]
        closed = await _close(connection, now)
        tellings = [tell(alert) for alert in (*opened, *closed)]
        for alert in (*opened, *closed):
            for kind, data in events_of(alert):
                note_event(connection, kind, now, subject=alert.key, details=data)
        calls = [call for telling in tellings for call in telling.calls]
        mails = [mail for telling in tellings for mail in telling.mails]
        if calls:
            await connection.execute(insert(steps), step_rows(calls, now))
        if mails:
            await connection.execute(insert(alert_mails), mail_rows(mails, now))
    return Changed(opened=tuple(opened), closed=tuple(closed), has_calls=bool(calls))


async def read_open(database: Database) -> list[Alert]:
    """The alerts that are open, oldest first."""
    rows = await database.rows(select(alerts).where(IS_OPEN).order_by(alerts.c.opened_at, alerts.c.key))
    return [_alert(row) for row in rows]


async def _open(connection: AsyncConnection, database: Database, trouble: Trouble, now: datetime) -> Alert | None:
    """The alert, if the trouble had none; one that is open learns that it was seen again."""
    kind, subject = _place(trouble)
    told = {name: written_reason(value) for name, value in trouble.details.items()}
    details = json.dumps(told, ensure_ascii=False)
    again = (
        update(alerts)
        .where(IS_OPEN, alerts.c.kind == kind, alerts.c.subject == subject)
        .values(seen_at=now, details=details)
    )
    if (await connection.execute(again)).rowcount:
        return None
    row = {
        "key": secrets.token_hex(16),
        "kind": kind,
        "subject": subject,
        "details": details,
        "opened_at": now,
        "seen_at": now,
    }
    put = database.insert(alerts).values(row).on_conflict_do_nothing().returning(alerts.c.key)
    is_ours = (await connection.execute(put)).first() is not None
    return Alert(key=str(row["key"]), trouble=trouble, opened_at=now) if is_ours else None


async def _close(connection: AsyncConnection, now: datetime) -> list[Alert]:
    # one that is locked is seen just now
    unseen = in_order(alerts.c.key, IS_OPEN, alerts.c.seen_at <= now - QUIET, skip_locked=True)
    over = update(alerts).where(unseen).values(closed_at=now).returning(alerts)
    return sorted(map(_alert, (await connection.execute(over)).all()), key=lambda alert: _place(alert.trouble))


def _place(trouble: Trouble) -> tuple[str, str]:
    return str(trouble.kind), trouble.subject


def _alert(row: Row[Any]) -> Alert:
    details = {name: read_reason(value) for name, value in json.loads(row.details).items()}
    trouble = Trouble(kind=AlertKind(row.kind), subject=row.subject, details=details)
    return Alert(key=row.key, trouble=trouble, opened_at=row.opened_at, closed_at=row.closed_at)


def kinds_of(found: Collection[Alert]) -> dict[AlertKind, int]:
    """How many of the alerts there are of each kind, also where there is none.

    >>> kinds_of([])[AlertKind.CREDIT_LOW]
    0
    """
    return {kind: sum(alert.trouble.kind is kind for alert in found) for kind in AlertKind}
