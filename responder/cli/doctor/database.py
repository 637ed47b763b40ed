"""What doctor reads in the database: workers, what waits, what failed, and what is switched off."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from responder.cli.doctor.findings import Finding, fault, ok, warning
from responder.cli.terminal.installation import missing_file
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import open_desk
from responder.core.contact.effects import StepStatus
from responder.core.operations.front_desk import OpenHandOffs
from responder.core.outbound.fates import AT_ONCE, Endpoint
from responder.core.rules.rules import Rules
from responder.desk.condition import Condition, read_condition
from responder.errors import ConfigurationError, ResponderError
from responder.settings.model import Settings
from responder.settings.urls import mask_url

LONG_OPEN = timedelta(days=1)  # an older hand-off has been forgotten
LATE = timedelta(minutes=1)  # a message that has waited longer is not about to be handled
NO_SENDER = (
    "no number is set that they come from, so each comes from the number of ours that the phone texted last, "
    "or else the one that anybody texted last, and from none at all while nobody ever did: set RESPONDER_SENDER"
)
REMEDY = "see 'responder messages list --status failed', mend it, then run 'responder messages retry --status failed'"


async def check_database(settings: Settings, rules: Rules | None) -> AsyncIterator[Finding]:
    """Whether the database can be used, and what is worth knowing of its contents."""
    place = mask_url(settings.database_url)
    try:
        async with open_desk(settings) as desk:
            yield ok("database", f"{place} has the version that this program needs")
            if rules and rules.appointments.reminders and settings.provider.sends and not settings.sender:
                yield warning("reminders", NO_SENDER)
            condition = await read_condition(desk, rules.zone if rules else UTC, settings.gateway_timezone)
            for finding in _contents(condition, rules):
                yield finding
    except ConfigurationError as error:
        has_place = missing_file(settings) or place in str(error)
        yield fault("database", str(error) if has_place else f"{place}: {error}")
    except ResponderError as error:
        yield fault("database", f"{place}: {error}: check that it runs, and RESPONDER_DATABASE_URL")


def _contents(condition: Condition, rules: Rules | None) -> Iterator[Finding]:
    if rules is None and (version := condition.version):
        text = f"the last good ones stay in force meanwhile: hash {version.hash}, of {moment(version.in_force_at)}"
        yield warning("rules", text)
    for pause in condition.pauses.values():
        until = moment(pause.until, rules.zone if rules else UTC)
        remedy = f"'responder rules resume {pause.rule}' ends that"
        yield warning("rules", f"{pause.rule} is paused until {until} by {pause.by}: {remedy}")
    yield _workers(condition.workers, rules)
    yield _waiting(condition.oldest_waiting, condition.at)
    yield from _failed_and_clock(condition)
    if hold := condition.hold:
        later = "they wait, and one tries again every minute and at each start of a worker"
        yield fault("gateway", f"no reply is sent since {moment(hold.since)}: {hold.reason}; {later}")
    counts = condition.deliveries
    if dead := counts.get(StepStatus.DEAD, 0):
        remedy = "see 'responder deliveries list --status dead', then 'responder deliveries retry'"
        yield warning("deliveries", f"{dead} {'was' if dead == 1 else 'were'} given up: {remedy}")
    if uncertain := counts.get(StepStatus.UNCERTAIN, 0):
        remedy = "see 'responder deliveries list --status uncertain'"
        yield warning("deliveries", f"{uncertain} may or may not have been sent: {remedy}")
    yield from _endpoints(condition.endpoints, condition.at)
    yield _handed_off(condition.handoffs, condition.at)
    if rules and rules.limits.all_per_day is not None and condition.spent >= rules.limits.all_per_day:
        remedy = "raise limits.all_per_day in the rules file if they were meant"
        yield warning("limits", f"the {rules.limits.all_per_day} texts of the day are used up: {remedy}")
    if not dead and not uncertain:
        yield ok("deliveries", "none was given up, none is uncertain")


def _workers(workers: Sequence[Any], rules: Rules | None) -> Finding:
    """Which workers are alive, and whether they have Redis and these rules."""
    seen = f"{len(workers)} seen lately"
    if not workers:
        remedy = "start 'responder run' or 'responder worker'"
        return warning("workers", f"none was seen lately, so messages are kept and not handled: {remedy}")
    if not all(worker.has_redis for worker in workers):
        return warning("workers", f"{seen}, some without Redis: they go on by themselves once it is back")
    if not all(worker.rules_are_ok for worker in workers):
        remedy = "the rules file that they see has mistakes"
        return warning("workers", f"{seen}, some go by the last good rules: {remedy}")
    if rules and any(worker.rules_hash != rules.hash for worker in workers):
        remedy = "see that they have the same file"
        return warning("workers", f"{seen}, some with other rules than those of the file: {remedy}")
    return ok("workers", seen)


def _waiting(oldest: datetime | None, now: datetime) -> Finding:
    if oldest is None:
        return ok("messages", "none waits")
    if now - oldest < LATE:
        return ok("messages", f"the oldest that waits came in at {moment(oldest)}")
    return fault("messages", f"one has waited since {moment(oldest)}: see that a worker runs, and what its log says")


def _failed_and_clock(condition: Condition) -> Iterator[Finding]:
    """The messages that failed, and the gateway's clock if enough texts came in to judge it."""
    failed, clock = condition.failed, condition.clock
    if failed.count:
        yield fault("messages", f"{failed.count} could not be handled: {failed.reasons}; {REMEDY}")
    if clock.is_off:
        yield fault("clock", clock.sentence)
    elif clock.median is not None:
        delay_s = max(clock.median, timedelta()).total_seconds()
        yield ok("clock", f"the gateway's times fit: the last texts arrived {delay_s:.0f} s after them")


def _endpoints(endpoints: Mapping[str, Endpoint], now: datetime) -> Iterator[Finding]:
    """The webhooks that fail, or are switched off."""
    for endpoint in endpoints.values():
        if endpoint.disabled_at:
            remedy = f"mend it, then run 'responder deliveries retry --to {endpoint.name}'"
            text = f"{endpoint.name} is switched off since {moment(endpoint.disabled_at)}: {endpoint.reason}; {remedy}"
            yield fault("webhooks", text)
        elif endpoint.failing_since and endpoint.places(now) < AT_ONCE:
            text = f"{endpoint.name} fails since {moment(endpoint.failing_since)}, {endpoint.failures} times in a row"
            yield warning("webhooks", f"{text}: see its log")


def _handed_off(waiting: OpenHandOffs, now: datetime) -> Finding:
    """The hand-offs that wait for a person, and since when."""
    if waiting.oldest is None:
        return ok("handoffs", "nothing waits for a person")
    holds = "holds" if waiting.reviews == 1 else "hold"
    held = f", {waiting.reviews} of them {holds} marketing back" if waiting.reviews else ""
    waits = "1 waits" if waiting.count == 1 else f"{waiting.count} wait"
    text = f"{waits} for a person since {moment(waiting.oldest)}{held}: see 'responder handoffs list'"
    return ok("handoffs", text) if now - waiting.oldest < LONG_OPEN else warning("handoffs", text)
