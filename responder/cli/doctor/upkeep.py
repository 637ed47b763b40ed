"""What doctor says of a year of running: backups, versions, clocks, and another package of our name."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from importlib.metadata import packages_distributions
from typing import Any

from responder.cli.doctor.findings import Finding, ok, warning
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import open_desk
from responder.desk.operating.upkeep import Upkeep, read_upkeep
from responder.errors import ResponderError
from responder.settings.model import Settings
from responder.version import DISTRIBUTION, full_version
from responder.wiring import utc_now

PACKAGE = "responder"
OLD = timedelta(days=7)
SLACK = timedelta(seconds=5)  # two clocks may differ so much
MAKE_ONE = "run  responder backup FILE"


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
