"""What doctor says of a year of running: credit, delivered replies and alerts; backups, versions and clocks."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from importlib.metadata import packages_distributions
from typing import Any

from responder.cli.doctor.findings import Finding, fault, ok, warning
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import open_desk
from responder.core.operations.troubles import Credit, in_cents, low_credit
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Alert, Alerts
from responder.desk.condition import Upkeep, Watch, read_upkeep, read_watch
from responder.errors import ResponderError, TransientError
from responder.settings.model import Settings
from responder.version import DISTRIBUTION, full_version
from responder.wiring import mail_server, utc_now

MOST = 0.9  # of the replies that were delivered
NO_SERVER = (
    "alerts.email is in the rules file and RESPONDER_SMTP_URL is not set, so nobody gets a mail: "
    "set it where the workers start"
)
PACKAGE = "responder"
OLD = timedelta(days=7)
SLACK = timedelta(seconds=5)  # two clocks may differ so much
MAKE_ONE = "run  responder backup FILE"


async def check_credit_and_alerts(settings: Settings, rules: Rules | None) -> AsyncIterator[Finding]:
    """Credit, delivered replies and alerts; nothing if the database cannot be used, which another check says."""
    alerts = rules.alerts if rules else Alerts()
    try:
        async with open_desk(settings) as desk:
            watch = await read_watch(desk)
    except ResponderError:
        return
    yield _credit(settings, alerts, watch.credits)
    for finding in _delivered(watch):
        yield finding
    yield _alerts(alerts, watch.alerts)
    async for finding in _mail(settings, alerts, watch):
        yield finding


def _credit(settings: Settings, alerts: Alerts, credits_: Sequence[Credit]) -> Finding:
    if not settings.provider.sends:
        return ok("credit", f"not asked for, since nothing is sent without {settings.provider.needed_to_send}")
    if not credits_:
        return warning("credit", "not known yet: a worker asks for it soon after its start, then every five minutes")
    credit = credits_[0]
    last = f"{in_cents(credit.amount)} euros at {moment(credit.told_at)}" if credit.amount is not None else "none"
    if credit.failure:
        return warning("credit", f"the gateway does not tell it: {credit.failure}; the last that it told: {last}")
    if low_credit(credit, alerts.credit_low):
        return warning(
            "credit", f"{last}, less than {alerts.credit_low}: top it up with the gateway, or set alerts.credit_low"
        )
    return ok("credit", last)


def _delivered(watch: Watch) -> Iterator[Finding]:
    """For each API, the share of a day's replies that arrived, and any disagreement about segments."""
    for api, fare in watch.delivered.items():
        of = f" by the {api} API" if len(watch.delivered) > 1 and api else ""
        if fare.share_delivered is not None:
            bounds = [bound_s for bound_s, count in fare.within.items() if fare.timed and count >= MOST * fare.timed]
            took = f", nine in ten of them within {bounds[0]} s" if bounds else ""
            yield ok(
                "delivered",
                f"{fare.share_delivered:.0%} of the replies that the gateway took within 24 hours{of}{took}",
            )
        if fare.billed != fare.segments:
            counts = (
                f"the gateway counted {fare.billed} where we count {fare.segments}, in 24 hours{of}, and bills its own"
            )
            yield warning("segments", f"{counts}: see 'billed_segments' in 'responder deliveries list --json'")


def _alerts(alerts: Alerts, is_open: Sequence[Alert]) -> Finding:
    receivers = [*([f"webhook {alerts.webhook}"] if alerts.webhook else []), *alerts.email]
    reached = (
        f"told to {', '.join(receivers)}"
        if receivers
        else "nobody is told: name a webhook or an address under 'alerts:' in the rules file"
    )
    if not is_open:
        return ok("alerts", f"none is open; {reached}")
    kinds = ", ".join(dict.fromkeys(f"{alert.trouble.kind} since {moment(alert.opened_at)}" for alert in is_open))
    return warning("alerts", f"open: {kinds}; {reached}")


async def _mail(settings: Settings, alerts: Alerts, watch: Watch) -> AsyncIterator[Finding]:
    server = mail_server(settings)
    if server is None:
        if alerts.email:
            yield fault("alert mail", NO_SERVER)
        return
    try:
        await server.try_out()
        yield ok("alert mail", f"{server.place} answers")
    except TransientError as error:
        yield fault("alert mail", f"{server.place}: {error}")
    for finding in _waiting(watch):
        yield finding


def _waiting(watch: Watch) -> Iterator[Finding]:
    if unsent := watch.unsent:
        waits = "1 waits" if unsent.count == 1 else f"{unsent.count} wait"
        text = f"{waits} since {moment(unsent.since)}: {unsent.error or 'a worker sends them'}"
        yield warning("alert mail", text)


async def check_upkeep(settings: Settings) -> AsyncIterator[Finding]:
    """The package, and what the database tells; nothing if it cannot be used, which another check says."""
    for finding in check_package(packages_distributions().get(PACKAGE, [])):
        yield finding
    try:
        async with open_desk(settings) as desk:
            upkeep = await read_upkeep(desk)
    except ResponderError:
        return
    for finding in _of_database(upkeep, utc_now()):
        yield finding


def check_package(distributions: Sequence[str]) -> Iterator[Finding]:
    """A warning for each other distribution that has a package of our name: files of both lie in one folder."""
    for other in sorted(set(distributions) - {DISTRIBUTION}):
        remedy = f"run  pip uninstall {other}  and install responder again, or give it an environment of its own"
        yield warning("package", f"{other} also has a package '{PACKAGE}', and one overwrites the other: {remedy}")


def _of_database(upkeep: Upkeep, now: datetime) -> Iterator[Finding]:
    yield check_versions(full_version(), upkeep.workers)
    if upkeep.version != upkeep.newest_version:
        remedy = "it runs on that as well: install the newer one here too, to end the upgrade"
        made = f"this program made {upkeep.newest_version}"
        yield warning("version", f"the database has version {upkeep.version}, and {made}; {remedy}")
    if upkeep.backs_up:
        yield check_backup(upkeep.backed_up_at, upkeep.used_since, now)
    else:
        yield ok("backup", "a PostgreSQL is backed up by its own tools: docs/backups.md")
    yield from check_clocks(upkeep.clock, upkeep.workers, now)


def check_versions(ours: str, workers: Sequence[Any]) -> Finding:
    """Whether the workers are of this version."""
    others = sorted({worker.version or "an older one" for worker in workers} - {ours})
    if others:
        text = f"this is {ours}, and there are workers of {', '.join(others)}: restart what is older"
        return warning("version", text)
    return ok("version", ours)


def check_backup(made_at: datetime | None, used_since: datetime | None, now: datetime) -> Finding:
    """Whether the last backup is new enough; an installation of this week needs none yet."""
    if made_at is None:
        if used_since is None or now - used_since < OLD:
            return ok("backup", f"none was made yet: {MAKE_ONE}")
        return warning(
            "backup", f"none was ever made, and the rules are in force since {moment(used_since)}: {MAKE_ONE}"
        )
    if now - made_at > OLD:
        return warning("backup", f"the last one is of {moment(made_at)}, {(now - made_at).days} days ago: {MAKE_ONE}")
    return ok("backup", f"the last one is of {moment(made_at)}")


def check_clocks(theirs: datetime | None, workers: Sequence[Any], now: datetime) -> Iterator[Finding]:
    """A warning where the clock of another machine is not ours: appointments, STOP and reminders go by clocks."""
    if theirs and abs(theirs - now) > SLACK:
        yield _off("of the database's machine", theirs - now)
    newest = max((worker.seen_at for worker in workers), default=now)
    if newest - now > SLACK:
        yield _off("of a worker's machine", newest - now)


def _off(where: str, ahead: timedelta) -> Finding:
    seconds = ahead.total_seconds()
    way = "ahead of" if seconds > 0 else "behind"
    remedy = "set both by NTP (timedatectl set-ntp true)"
    return warning("time", f"the clock {where} is {abs(seconds):.0f} s {way} the one here: {remedy}")
