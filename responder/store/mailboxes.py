"""What the intakes from mailboxes say of themselves, for all who look after the installation."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from responder.core.mailbox import MailboxReport, MailboxState
from responder.store.database import Database
from responder.store.tables import mailboxes

FORGOTTEN_AFTER = timedelta(hours=1)  # an intake that has not been seen for so long is no longer listed
SEEN_WITHIN = timedelta(seconds=15)  # one that runs says so every few seconds


async def report_mailbox(database: Database, report: MailboxReport, now: datetime) -> None:
    """Say how an intake stands. Raises StorageError."""
    row = {
        "name": report.name,
        "place": report.place,
        "state": report.state,
        "reason": report.reason,
        "seen_at": now,
        "last_mail_at": report.last_mail_at,
        "lag_ms": None if report.lag_s is None else round(report.lag_s * 1000),
        "taken": report.taken,
        "malformed": report.malformed,
    }
    insert = database.insert
    async with database.write() as connection:
        await connection.execute(insert(mailboxes).values(row).on_conflict_do_update(index_elements=["name"], set_=row))
        await connection.execute(delete(mailboxes).where(mailboxes.c.seen_at < now - FORGOTTEN_AFTER))


async def forget_mailbox(database: Database, name: str) -> None:
    """Say that an intake has ended. Raises StorageError."""
    async with database.write() as connection:
        await connection.execute(delete(mailboxes).where(mailboxes.c.name == name))


async def live_mailboxes(database: Database, now: datetime) -> list[MailboxReport]:
    """How the intakes stand that have been seen lately. Raises StorageError."""
    query = select(mailboxes).where(mailboxes.c.seen_at >= now - SEEN_WITHIN).order_by(mailboxes.c.name)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [
        MailboxReport(
            name=row.name,
            place=row.place,
            state=MailboxState(row.state),
            reason=row.reason,
            last_mail_at=row.last_mail_at,
            lag_s=None if row.lag_ms is None else row.lag_ms / 1000,
            taken=row.taken,
            malformed=row.malformed,
        )
        for row in rows
    ]
