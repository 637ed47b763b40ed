"""How the service fares: who works, what waits, what failed, and what is switched off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from responder.core.contact.effects import StepStatus
from responder.core.operations.clock_offset import ClockOffset
from responder.core.operations.handoffs import OpenHandOffs
from responder.core.operations.records import Version
from responder.core.operations.troubles import SEEN_WITHIN, FailedMessages
from responder.core.outbound.retry import Endpoint
from responder.core.rules.hours import RulePause
from responder.desk.desk import Desk
from responder.desk.rule_versions import read_rule_pauses, version_in_force
from responder.store.consent.installation import Installation
from responder.store.handoffs.handoffs import count_open
from responder.store.inbox.inbox import SqlInbox
from responder.store.operations.credits import read_clock_offset
from responder.store.outbound.daily_budget import spent_on
from responder.store.outbound.endpoints import read_endpoints
from responder.store.outbound.gateway_hold import Hold, read_hold
from responder.store.outbound.replies import SqlSteps
from responder.store.reading.failed_messages import read_failed


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
        deliveries=await SqlSteps(database, desk.secret).counts(),
        hold=await read_hold(database),
        endpoints=await read_endpoints(database),
        handoffs=await count_open(database),
        spent=await spent_on(database, now.astimezone(zone).date().isoformat()),
    )
