"""E-mails about alerts in SQL: sent at least once, in order, and given up after three days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, update

from responder.core.rules.alerts import Mail
from responder.store.base.database import Database
from responder.store.base.tables import alert_mails
from responder.store.queue.rows import Rows

LEASE = timedelta(minutes=2)  # a mail whose worker was killed is sent again after this; an attempt takes less
DELAYS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))  # after each attempt, and then
LONGEST_DELAY = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=3)
LONGEST_SUBJECT = 200  # characters


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
        oldest = (
            await connection.execute(select(alert_mails).where(_QUEUED).order_by(alert_mails.c.seq).limit(1))
        ).first()
    if oldest is None or oldest.next_attempt_at > now:
        return None
    due = update(alert_mails).where(alert_mails.c.seq == oldest.seq, _QUEUED, alert_mails.c.next_attempt_at <= now)
    async with database.write() as connection:
        is_ours = (
            await connection.execute(due.values(next_attempt_at=now + LEASE, attempts=alert_mails.c.attempts + 1))
        ).rowcount
    return (
        Mail(key=oldest.key, recipient=oldest.recipient, subject=oldest.subject, content=oldest.content)
        if is_ours
        else None
    )


async def note_sent(database: Database, key: str) -> None:
    """Note that an e-mail was taken."""
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
