"""What whoever runs the service looks at now and then: versions, backups, clocks, mailboxes, credit and alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from responder.core.operations.troubles import SEEN_WITHIN, Credit, MailboxReport
from responder.core.rules.alerts import Alert
from responder.desk.desk import Desk
from responder.desk.overview import delivered_since, open_alerts
from responder.store.base.migration import NEWEST, version_of
from responder.store.consent.installation import Installation
from responder.store.operations.alert_mails import Unsent, read_unsent
from responder.store.operations.backups import clock_of, in_use_since, last_backup
from responder.store.operations.credits import read_credits
from responder.store.operations.mailboxes import live_mailboxes
from responder.store.outbound.figures import Deliveries

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upkeep:
    """The database beside this program: versions, backups, and ``clock``, which is that of its machine."""

    version: str | None
    newest_version: str
    workers: Sequence[Any]
    backs_up: bool
    backed_up_at: datetime | None
    used_since: datetime | None
    clock: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """Credit, the replies of the last day by the API that took them, open alerts, and their e-mails that wait."""

    credits: Sequence[Credit]
    delivered: Mapping[str, Deliveries]
    alerts: Sequence[Alert]
    unsent: Unsent | None


async def read_upkeep(desk: Desk) -> Upkeep:
    """What a year of running leaves to look after; ``backs_up``: backups are ours to make."""
    database = desk.database
    return Upkeep(
        version=await version_of(database),
        newest_version=NEWEST,
        workers=await Installation(database).live_workers(desk.clock() - SEEN_WITHIN),
        backs_up=database.is_sqlite,
        backed_up_at=await last_backup(database),
        used_since=await in_use_since(database),
        clock=await clock_of(database),
    )


async def read_watch(desk: Desk) -> Watch:
    """What alerts are about, and how they fare themselves."""
    return Watch(
        credits=await read_credits(desk.database),
        delivered=await delivered_since(desk, desk.clock() - DAY),
        alerts=await open_alerts(desk),
        unsent=await read_unsent(desk.database),
    )


async def read_mailboxes(desk: Desk) -> Sequence[MailboxReport]:
    """How the intakes of mails stand that have been seen lately."""
    return await live_mailboxes(desk.database, desk.clock())
