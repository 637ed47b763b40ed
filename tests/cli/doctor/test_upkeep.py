"""What doctor says of backups, versions, clocks, and another package of our name."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from responder.cli.doctor.findings import Level
from responder.cli.doctor.upkeep import check_backup, check_clocks, check_package, check_versions
from responder.store.operations.backups import clock_of, in_use_since, last_backup, note_backup
from responder.version import DISTRIBUTION
from responder.wiring import Store, utc_now
from tests.cli.conftest import Installation, run

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Worker:
    version: str | None = "0.1.0"
    seen_at: datetime = NOW


async def test_the_time_of_the_last_backup_is_kept(store: Store) -> None:
    assert await last_backup(store.database) is None
    await note_backup(store.database, NOW - DAY)
    await note_backup(store.database, NOW)
    assert await last_backup(store.database) == NOW


async def test_doctor_knows_a_backup_that_was_just_made(here: Installation) -> None:
    await run("backup", "a.backup")
    found = {record["check"]: record for record in (await run("doctor", "--json")).records}
    assert found["backup"]["level"] == "ok"
    assert "the last one is of 20" in found["backup"]["text"]


def test_an_old_backup_is_warned_of_with_the_command() -> None:
    found = check_backup(NOW - 8 * DAY, NOW - 300 * DAY, NOW)
    assert (found.level, "8 days ago: run  responder backup FILE" in found.text) == (Level.WARNING, True)


def test_a_backup_of_this_week_is_good() -> None:
    assert check_backup(NOW - 6 * DAY, NOW - 300 * DAY, NOW).level is Level.OK


def test_an_installation_that_was_never_backed_up_is_warned_of_after_a_week() -> None:
    assert check_backup(None, NOW - 8 * DAY, NOW).level is Level.WARNING


def test_an_installation_of_today_needs_no_backup_yet() -> None:
    assert check_backup(None, NOW - DAY, NOW).level is Level.OK
    assert check_backup(None, None, NOW).level is Level.OK


async def test_nothing_is_in_use_before_rules_were_in_force(store: Store) -> None:
    assert await in_use_since(store.database) is None


def test_workers_of_another_version_are_named() -> None:
    found = check_versions("0.2.0", [Worker("0.2.0"), Worker("0.1.0"), Worker(None)])
    assert found.level is Level.WARNING
    assert "workers of 0.1.0, an older one: restart what is older" in found.text


def test_workers_of_this_version_are_well() -> None:
    assert check_versions("0.1.0", [Worker()]).level is Level.OK


async def test_the_clock_of_the_database_is_ours_on_one_machine(store: Store) -> None:
    found = await clock_of(store.database)
    assert found is None if store.database.is_sqlite else abs(found - utc_now()) < timedelta(seconds=5)  # type: ignore[operator]


def test_a_database_whose_clock_is_off_is_told() -> None:
    (found,) = check_clocks(NOW - timedelta(seconds=90), [], NOW)
    assert found.level is Level.WARNING
    assert "the clock of the database's machine is 90 s behind the one here" in found.text


def test_a_worker_that_was_seen_in_the_future_is_told() -> None:
    (found,) = check_clocks(None, [Worker(seen_at=NOW + timedelta(seconds=30))], NOW)
    assert "the clock of a worker's machine is 30 s ahead of the one here" in found.text


def test_clocks_that_nearly_agree_are_well() -> None:
    assert list(check_clocks(NOW + timedelta(seconds=2), [Worker()], NOW)) == []


def test_another_distribution_with_a_package_of_our_name_is_told() -> None:
    (found,) = check_package([DISTRIBUTION, "responder"])
    assert "responder also has a package 'responder', and one overwrites the other: run  pip uninstall" in found.text


def test_our_own_distribution_is_no_other() -> None:
    assert list(check_package([DISTRIBUTION, DISTRIBUTION])) == []
