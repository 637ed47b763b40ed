"""responder doctor: what is wrong with an installation and its database, and what to do about it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

from responder.cli.doctor.findings import Finding, Level, fault, faults, ok, warning
from responder.cli.doctor.surroundings import check_files, check_mailbox, check_redis, check_service, check_settings
from responder.cli.doctor.upkeep import check_credit_and_alerts, check_upkeep
from responder.cli.terminal.installation import missing_file
from responder.cli.terminal.options import AsJson
from responder.cli.terminal.output import echo_json, moment, one_line, say
from responder.cli.terminal.session import open_desk
from responder.core.contact.effects import StepStatus
from responder.core.operations.front_desk import OpenHandOffs
from responder.core.outbound.fates import AT_ONCE, Endpoint
from responder.core.outbound.leaving import why_never_called
from responder.core.rules.rules import Rules
from responder.core.sms.times import counted
from responder.desk.condition import Condition, read_condition
from responder.errors import ConfigurationError, ResponderError, RulesError
from responder.settings.environment import environment
from responder.settings.model import Settings, load_settings, unknown_settings
from responder.settings.urls import mask_url
from responder.wiring import read_rules_in_force

LONG_OPEN = timedelta(days=1)  # an older hand-off has been forgotten
LATE = timedelta(minutes=1)  # a message that has waited longer is not about to be handled
NO_SENDER = (
    "no number is set that they come from, so each comes from the number of ours that the phone texted last, "
    "or else the one that anybody texted last, and from none at all while nobody ever did: set RESPONDER_SENDER"
)
REMEDY = "see 'responder messages list --status failed', mend it, then run 'responder messages retry --status failed'"
LONGEST_S = 8.0
NO_END = "it did not end within {longest_s:.0f} s: what it looks at does not answer, or this machine is overloaded"
SIGNS = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✗"}
OF_PRIVATE = "use https and a public address, or set RESPONDER_ALLOW_PRIVATE_WEBHOOKS"
app = typer.Typer()
MAILBOX_S = 20.0  # a mail server may have to be asked several times


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One part of an installation that is looked at; what it finds comes one by one."""

    name: str
    find: AsyncIterator[Finding]
    longest_s: float = LONGEST_S


async def side_by_side(checks: Sequence[Check]) -> AsyncIterator[Finding]:
    """What the checks find, in their order; the next is told as soon as those before it have ended."""
    tasks = [asyncio.create_task(_found(check)) for check in checks]
    try:
        for task in tasks:
            for finding in await task:
                yield finding
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _found(check: Check) -> list[Finding]:
    """All that a check finds, and that it did not end in time, if so."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(check.longest_s):
            async for finding in check.find:
                found.append(finding)  # noqa: PERF401  (what was found before the time is up is told)
    except TimeoutError:
        found.append(fault(check.name, NO_END.format(longest_s=check.longest_s)))
    return found


@app.command("doctor")
def doctor(*, as_json: AsJson = False) -> None:
    if asyncio.run(_print_findings(as_json=as_json)):
        raise typer.Exit(1)


async def _print_findings(*, as_json: bool) -> bool:
    """Print each finding as it comes, and return whether one is an error. Raises BrokenPipeError."""
    has_error = False
    broken: BrokenPipeError | None = None
    async for finding in _findings():  # always to the end: a check that is cut off leaves its connections open
        has_error = has_error or finding.level is Level.ERROR
        try:
            if broken is None:
                text = f"{SIGNS[finding.level]} {finding.check:<11}{one_line(finding.text)}"
                echo_json(finding.as_json()) if as_json else say(text)
        except BrokenPipeError as error:
            broken = error
    if broken:
        raise broken
    return has_error


async def _findings() -> AsyncIterator[Finding]:
    """Everything that doctor finds; if the settings cannot be read, only that."""
    try:
        for sentence in unknown_settings(environment()):
            yield warning("settings", sentence)
        settings = load_settings()
    except ConfigurationError as error:
        for finding in faults("settings", error):
            yield finding
        return
    for finding in check_settings(settings):
        yield finding
    rules: Rules | None = None
    try:
        rules = await read_rules_in_force(settings)
        yield ok("rules", f"{settings.rules}: {counted(len(rules.rules), 'rule')}, hash {rules.hash}")
        for webhook in () if settings.allow_private_webhooks else rules.webhooks.values():
            if why := why_never_called(webhook.url):
                yield fault("webhooks", f"{webhook.name} is never called, since it is {why}: {OF_PRIVATE}")
    except RulesError as error:
        for finding in faults("rules", error):
            yield finding
    async for finding in _further(settings, rules):
        yield finding


async def _further(settings: Settings, rules: Rules | None) -> AsyncIterator[Finding]:
    """What the checks find that need settings, and rules if there are any; they run side by side."""
    checks = [
        Check(name="redis", find=check_redis(settings)),
        Check(name="service", find=check_service(settings)),
        Check(name="database", find=check_database(settings, rules)),
        *([Check(name="mailbox", find=check_mailbox(settings), longest_s=MAILBOX_S)] if settings.imap_url else []),
        Check(name="files", find=check_files(settings)),
        Check(name="upkeep", find=check_upkeep(settings)),
        Check(name="alerts", find=check_credit_and_alerts(settings, rules)),
    ]
    async for finding in side_by_side(checks):
        yield finding
