"""What the intakes from mailboxes say of themselves, for all who look after the installation."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Row

from responder.core.operations.troubles import SEEN_WITHIN, FailingMailbox, MailboxReport, MailboxState
from responder.core.sms.timestamps import iso
from responder.store.base.database import Database
from responder.store.base.records import as_row, from_row
from responder.store.base.tables import installation, mailboxes

FORGOTTEN_AFTER = timedelta(hours=1)  # an intake that has not been seen for so long is no longer listed
FAILING = frozenset({MailboxState.REFUSED, MailboxState.UNREACHABLE})
FAILS_AFTER = timedelta(minutes=2)  # of failures, since connections also end where nothing is wrong
GONE_AFTER = timedelta(minutes=1)  # an intake that was not seen for so long takes nothing
GIVEN_UP_AFTER = timedelta(days=1)  # and after so long, nobody wants it to


@dataclass(frozen=True, kw_only=True, slots=True)
class MailTries:
    """How often mails were begun and not finished, by their UIDs, which hold for one ``uid_validity``."""

    uid_validity: int
    of_heads: Mapping[int, int]
    of_mails: Mapping[int, int]


async def keep_tries(database: Database, place: str, tries: MailTries) -> None:
    """Keep the tries at the mails of a mailbox for whoever reads them after this process."""
    value = json.dumps([tries.uid_validity, *(list(of.items()) for of in (tries.of_heads, tries.of_mails))])
    put = database.insert(installation).values(name=_tries_of(place), value=value)
    async with database.write() as connection:
        await connection.execute(put.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


async def read_tries(database: Database, place: str) -> MailTries | None:
    """The tries that were kept last; None if none ever were."""
    query = select(installation.c.value).where(installation.c.name == _tries_of(place))
    async with database.read() as connection:
        kept = (await connection.execute(query)).scalar()
    if not kept:
        return None
    uid_validity, of_heads, of_mails = json.loads(kept)
    return MailTries(uid_validity=uid_validity, of_heads=dict(of_heads), of_mails=dict(of_mails))


def _tries_of(place: str) -> str:
    return f"mail tries {hashlib.sha256(place.encode()).hexdigest()[:32]}"


async def report_mailbox(database: Database, report: MailboxReport, now: datetime) -> None:
    """Say how an intake stands."""
    lag_ms = None if report.lag_s is None else round(report.lag_s * 1000)
    row = as_row(report, mailboxes, seen_at=now, lag_ms=lag_ms)
    is_failing = report.state in FAILING
    put = database.insert(mailboxes).values(row | {"failing_since": now if is_failing else None})
    changed = row | {"failing_since": func.coalesce(mailboxes.c.failing_since, now) if is_failing else None}
    async with database.write() as connection:
        await connection.execute(put.on_conflict_do_update(index_elements=["name"], set_=changed))
        await connection.execute(delete(mailboxes).where(mailboxes.c.seen_at < now - FORGOTTEN_AFTER))


async def forget_mailbox(database: Database, name: str) -> None:
    """Say that an intake has ended."""
    async with database.write() as connection:
        await connection.execute(delete(mailboxes).where(mailboxes.c.name == name))


async def live_mailboxes(database: Database, now: datetime) -> list[MailboxReport]:
    """How the intakes stand that have been seen lately."""
    query = select(mailboxes).where(mailboxes.c.seen_at >= now - SEEN_WITHIN).order_by(mailboxes.c.name)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [from_row(MailboxReport, row, lag_s=None if row.lag_ms is None else row.lag_ms / 1000) for row in rows]


async def failing_mailboxes(database: Database, now: datetime) -> list[FailingMailbox]:
    """The mailboxes from which no intake has taken anything for a while, with the reason."""
    query = (
        select(mailboxes)
        .where(mailboxes.c.seen_at >= now - GIVEN_UP_AFTER)
        .order_by(mailboxes.c.place, mailboxes.c.seen_at)
    )
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    reasons = {row.place: _why_failing(row, now) for row in rows}  # of several intakes the last one seen tells
    working = {row.place for row in rows if _why_failing(row, now) is None}
    return [
        FailingMailbox(place=place, reason=reason)
        for place, reason in reasons.items()
        if reason and place not in working
    ]


def _why_failing(row: Row[Any], now: datetime) -> str | None:
    if now - row.seen_at >= GONE_AFTER:
        seen_at = iso(row.seen_at.replace(microsecond=0))
        return f"its intake was seen last at {seen_at}: start 'responder run' or 'responder mail'"
    if row.failing_since and now - row.failing_since >= FAILS_AFTER:
        return row.reason or str(row.state)
    return None
