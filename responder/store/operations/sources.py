"""What is known of where texts come from: the gateway's credit and clock, and what the mailboxes say of themselves."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Row

from responder.core.operations.clock_offset import LOOKED_AT, ClockOffset, arrivals_of, clock_offset
from responder.core.operations.troubles import SEEN_WITHIN, Credit, FailingMailbox, MailboxReport, MailboxState
from responder.core.sms.times import iso
from responder.store.base.database import Database
from responder.store.base.records import as_row, from_row
from responder.store.base.tables import balances, installation, mailboxes, messages

EVERY = timedelta(minutes=5)
AGAIN = timedelta(minutes=1)  # after a question without an answer
FORGOTTEN_AFTER = timedelta(hours=1)  # an intake that has not been seen for so long is no longer listed
FAILING = frozenset({MailboxState.REFUSED, MailboxState.UNREACHABLE})
FAILS_AFTER = timedelta(minutes=2)  # of failures, since connections also end where nothing is wrong
GONE_AFTER = timedelta(minutes=1)  # an intake that was not seen for so long takes nothing
GIVEN_UP_AFTER = timedelta(days=1)  # and after so long, nobody wants it to


async def claim_question(database: Database, gateway: str, now: datetime) -> bool:
    """Whether the credit is to be asked for now, which one worker is told each time."""
    insert = database.insert
    due = update(balances).where(balances.c.gateway == gateway, balances.c.next_at <= now).values(next_at=now + EVERY)
    async with database.write() as connection:
        await connection.execute(insert(balances).values(gateway=gateway, next_at=now).on_conflict_do_nothing())
        return (await connection.execute(due)).rowcount > 0


async def note_credit(database: Database, gateway: str, amount: Decimal, now: datetime) -> None:
    async with database.write() as connection:
        answered = {"amount": str(amount), "told_at": now, "failure": None}
        await connection.execute(update(balances).where(balances.c.gateway == gateway).values(answered))


async def note_no_credit(database: Database, gateway: str, failure: str, now: datetime) -> None:
    """Keep why the gateway told nothing; what it told before stays."""
    async with database.write() as connection:
        await connection.execute(
            update(balances).where(balances.c.gateway == gateway).values(failure=failure, next_at=now + AGAIN)
        )


async def read_credits(database: Database) -> list[Credit]:
    rows = await database.rows(select(balances).order_by(balances.c.gateway))
    return [from_row(Credit, row, amount=None if row.amount is None else Decimal(row.amount)) for row in rows]


async def forget_credits(database: Database) -> None:
    """Forget what was told, since nothing is sent any more."""
    if await database.row(select(balances.c.gateway).limit(1)) is None:
        return
    async with database.write() as connection:
        await connection.execute(delete(balances))


COUNTED = 50_000  # messages at most: so many a minute's figures may read


async def read_clock_offset(database: Database, zone: ZoneInfo) -> ClockOffset:
    """How far the gateway's clock is off, if it writes the times of that zone."""
    query = select(messages.c.date_time, messages.c.received_at).order_by(messages.c.seq.desc()).limit(LOOKED_AT)
    rows = await database.rows(query)
    return clock_offset(arrivals_of([(row.date_time, row.received_at) for row in rows], zone), zone)


async def count_texts(database: Database, since: datetime) -> Mapping[tuple[str, str], int]:
    """How many of the newest 50,000 messages came since a moment, by the rule that answered and the status."""
    newest = select(messages.c.rule, messages.c.status, messages.c.received_at).order_by(messages.c.seq.desc())
    last = newest.limit(COUNTED).subquery()
    counts = select(last.c.rule, last.c.status, func.count()).where(last.c.received_at > since)
    rows = await database.rows(counts.group_by(last.c.rule, last.c.status))
    return {(rule or "", status): count for rule, status, count in rows}


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
    kept = await database.value(query)
    if not kept:
        return None
    uid_validity, of_heads, of_mails = json.loads(kept)
    return MailTries(uid_validity=uid_validity, of_heads=dict(of_heads), of_mails=dict(of_mails))


def _tries_of(place: str) -> str:
    return f"mail tries {hashlib.sha256(place.encode()).hexdigest()[:32]}"


async def report_mailbox(database: Database, report: MailboxReport, now: datetime) -> None:
    lag_ms = None if report.lag_s is None else round(report.lag_s * 1000)
    row = as_row(report, mailboxes, seen_at=now, lag_ms=lag_ms)
    is_failing = report.state in FAILING
    put = database.insert(mailboxes).values(row | {"failing_since": now if is_failing else None})
    changed = row | {"failing_since": func.coalesce(mailboxes.c.failing_since, now) if is_failing else None}
    async with database.write() as connection:
        await connection.execute(put.on_conflict_do_update(index_elements=["name"], set_=changed))
        await connection.execute(delete(mailboxes).where(mailboxes.c.seen_at < now - FORGOTTEN_AFTER))


async def forget_mailbox(database: Database, name: str) -> None:
    async with database.write() as connection:
        await connection.execute(delete(mailboxes).where(mailboxes.c.name == name))


async def live_mailboxes(database: Database, now: datetime) -> list[MailboxReport]:
    """How the intakes stand that have been seen lately."""
    query = select(mailboxes).where(mailboxes.c.seen_at >= now - SEEN_WITHIN).order_by(mailboxes.c.name)
    rows = await database.rows(query)
    return [from_row(MailboxReport, row, lag_s=None if row.lag_ms is None else row.lag_ms / 1000) for row in rows]


async def failing_mailboxes(database: Database, now: datetime) -> list[FailingMailbox]:
    """The mailboxes from which no intake has taken anything for a while, with the reason."""
    query = (
        select(mailboxes)
        .where(mailboxes.c.seen_at >= now - GIVEN_UP_AFTER)
        .order_by(mailboxes.c.place, mailboxes.c.seen_at)
    )
    rows = await database.rows(query)
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
