"""responder doctor: what is wrong with an installation, and what to do about it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import typer

from responder.cli.doctor.database import check_database
from responder.cli.doctor.findings import Finding, Level, fault, faults, ok, warning
from responder.cli.doctor.surroundings import check_files, check_mailbox, check_redis, check_service, check_settings
from responder.cli.doctor.upkeep import check_credit_and_alerts, check_upkeep
from responder.cli.terminal.options import AsJson
from responder.cli.terminal.output import echo_json, one_line, say
from responder.core.outbound.leaving import why_never_called
from responder.core.rules.rules import Rules
from responder.core.sms.times import counted
from responder.errors import ConfigurationError, RulesError
from responder.settings.environment import environment
from responder.settings.model import Settings, load_settings, unknown_settings
from responder.wiring import read_rules_in_force

LONGEST_S = 8.0
NO_END = "it did not end within {longest_s:.0f} s: what it looks at does not answer, or this machine is overloaded"
SIGNS = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✗"}
OF_PRIVATE = "use https and a public address, or set RESPONDER_ALLOW_PRIVATE_WEBHOOKS"
app = typer.Typer()
MAILBOX_S = 20.0  # a mail server may have to be asked several times


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
                _print(finding, as_json=as_json)
        except BrokenPipeError as error:
            broken = error
    if broken:
        raise broken
    return has_error


def _print(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        echo_json(finding.as_json())
    else:
        say(f"{SIGNS[finding.level]} {finding.check:<11}{one_line(finding.text)}")


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
