"""How an installation is: what waits, what fails, versions, backups, clocks, mailboxes, credit and alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from responder.core.contact.effects import StepStatus
from responder.core.operations.clock_offset import ClockOffset
from responder.core.operations.front_desk import OpenHandOffs
from responder.core.operations.records import Version
from responder.core.operations.troubles import SEEN_WITHIN, Credit, FailedMessages, MailboxReport
from responder.core.outbound.fates import Endpoint
from responder.core.rules.hours import RulePause
from responder.core.rules.sections import Alert
from responder.desk.desk import Desk
from responder.desk.messages import delivered_since, open_alerts
from responder.desk.rule_versions import read_rule_pauses, version_in_force
from responder.store.base.migration import NEWEST, version_of
from responder.store.consent.installation import Installation
from responder.store.handoffs.handoffs import count_open
from responder.store.inbox.inbox import SqlInbox
from responder.store.operations.alerts import Unsent, read_unsent
from responder.store.operations.backups import clock_of, in_use_since, last_backup
from responder.store.operations.sources import live_mailboxes, read_clock_offset, read_credits
from responder.store.outbound.holds import Hold, read_endpoints, read_hold, spent_on
from responder.store.outbound.replies import SqlSteps
from responder.store.outbound.reports import Deliveries
from responder.store.reading.failed_messages import read_failed

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """How the service fares at a moment; ``spent`` are the texts of the day, by its rules' zone."""

    at: datetime
    workers: Sequence[Any]
    version: Version | None
    pauses: Mapping[str, RulePause]
    oldest_waiting: datetime | None
    failed: FailedMessages
    clock: ClockOffset
    deliveries: Mapping[StepStatus, int]
    hold: Hold | None
    endpoints: Mapping[str, Endpoint]
    handoffs: OpenHandOffs
    spent: int


async def read_condition(desk: Desk, zone: tzinfo, gateway_zone: ZoneInfo) -> Condition:
    """How the service fares; StorageError if its database cannot commit."""
    database, now = desk.database, desk.clock()
    installation = Installation(database)
    await installation.check(now)
    return Condition(
        at=now,
        workers=await installation.live_workers(now - SEEN_WITHIN),
        version=await version_in_force(desk),
        pauses=await read_rule_pauses(desk),
        oldest_waiting=await SqlInbox(database).oldest_waiting(),
        failed=await read_failed(database),
        clock=await read_clock_offset(database, gateway_zone),
        deliveries=await SqlSteps(database, desk.secret).count_troubled(),
        hold=await read_hold(database),
        endpoints=await read_endpoints(database),
        handoffs=await count_open(database),
        spent=await spent_on(database, now.astimezone(zone).date().isoformat()),
    )


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
