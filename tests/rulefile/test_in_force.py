"""The rules in force: what a good edit, a bad edit, a bad start and an absent database make of them."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from responder.core.operations.records import Source
from responder.errors import RulesError
from responder.rulefile.in_force import RulesInForce
from responder.store.base.history import RuleVersions
from responder.wiring import Store
from tests.conftest import NOON, StandingClock

ONE = "version: 1\nrules: [{name: one, when: {text: one}, then: [hand_off: one]}]\n"
TWO = "version: 1\nrules: [{name: two, when: {text: two}, then: [hand_off: two]}, {name: three, when: {text: three}, then: [hand_off: x]}]\n"
BAD = "version: 1\nrulez: []\n"
UNKNOWN = "unknown key 'rulez', did you mean 'rules'?"
CRM = 'webhooks: {crm: {url: https://crm.example.com/in, secret: "${CRM_SECRET}"}}\n'


class Installed:
    """A rules file, and the rules in force that follow it."""

    def __init__(self, store: Store, clock: StandingClock, folder: Path) -> None:
        self.file = folder / "rules.yaml"
        self.versions = RuleVersions(store.database)
        self.store = store
        self.clock = clock
        self.variables: dict[str, str] = {}
        self.in_force = self.process()
        self.write(ONE)

    def process(self, *, decides: bool = True) -> RulesInForce:
        """Another process of the same installation."""
        return RulesInForce(self.file, self.environment, self.versions, self.clock, decides=decides, settled_s=0.01)

    def environment(self) -> Mapping[str, str]:
        return self.variables

    def write(self, text: str) -> None:
        """Replace the file as careful editors do."""
        (self.file.parent / "new").write_text(text)
        os.replace(self.file.parent / "new", self.file)  # noqa: PTH105  (as it is known)

    @property
    def names(self) -> list[str]:
        return [rule.name for rule in self.in_force.rules().rules]


@pytest.fixture
def installed(store: Store, clock: StandingClock, tmp_path: Path) -> Installed:
    return Installed(store, clock, tmp_path)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_good_edit_replaces_the_rules(installed: Installed) -> None:
    await installed.in_force.start()
    installed.write(TWO)
    installed.clock.advance(minutes=5)
    assert await installed.in_force.look()
    status = installed.in_force.status()
    assert (installed.names, status.count, status.is_ok, status.last_good_at) == (
        ["two", "three"],
        2,
        True,
        installed.clock.now,
    )


async def test_a_file_that_has_not_changed_is_not_read_again(installed: Installed) -> None:
    await installed.in_force.start()
    assert not await installed.in_force.look()


async def test_a_bad_edit_leaves_the_rules_and_is_told_with_its_place(
    installed: Installed, caplog: pytest.LogCaptureFixture
) -> None:
    await installed.in_force.start()
    installed.write(BAD)
    installed.clock.advance(minutes=5)
    await installed.in_force.look()
    status = installed.in_force.status()
    assert (installed.names, status.is_ok, status.last_good_at) == (["one"], False, NOON)
    assert status.mistakes == (f"{installed.file}:2:1: top level: {UNKNOWN}",)
    assert any(f"rules.yaml:2:1: top level: {UNKNOWN}" in line for line in errors(caplog))


async def test_the_same_mistake_is_logged_once(installed: Installed, caplog: pytest.LogCaptureFixture) -> None:
    await installed.in_force.start()
    for comment in ("", "# again\n"):
        installed.write(BAD + comment)
        await installed.in_force.look()
    assert len(errors(caplog)) == 2  # that the file is refused, and the mistake


async def test_a_process_that_does_not_decide_leaves_the_log_to_those_that_do(
    installed: Installed, caplog: pytest.LogCaptureFixture
) -> None:
    web = installed.process(decides=False)
    await web.start()
    installed.write(BAD)
    await web.look()
    assert (errors(caplog), web.status().is_ok) == ([], False)


async def test_mending_the_file_mends_the_status(installed: Installed) -> None:
    await installed.in_force.start()
    for text in (BAD, ONE):
        installed.write(text)
        await installed.in_force.look()
    assert installed.in_force.status().is_ok


async def test_a_file_that_goes_away_is_a_mistake_and_changes_nothing(installed: Installed) -> None:
    await installed.in_force.start()
    installed.file.unlink()
    await installed.in_force.look()
    assert installed.names == ["one"]
    assert "cannot be read" in installed.in_force.status().mistakes[0]


async def test_every_version_in_force_is_kept_with_its_text_and_times(installed: Installed) -> None:
    await installed.in_force.start()
    installed.write(TWO)
    later = installed.clock.advance(minutes=5)
    await installed.in_force.look()
    newest = await installed.versions.newest()
    assert newest is not None
    assert (newest.hash, newest.sources) == (
        installed.in_force.rules().hash,
        (Source(file=str(installed.file), text=TWO),),
    )
    assert (newest.first_in_force_at, newest.in_force_at) == (later, later)


async def test_a_version_that_comes_back_is_the_newest_again(installed: Installed) -> None:
    await installed.in_force.start()
    for text in (TWO, ONE):
        installed.write(text)
        later = installed.clock.advance(minutes=5)
        await installed.in_force.look()
    newest = await installed.versions.newest()
    assert newest is not None
    assert (newest.sources[0].text, newest.first_in_force_at, newest.in_force_at) == (ONE, NOON, later)


async def test_a_bad_file_at_the_start_is_refused(installed: Installed) -> None:
    installed.write(BAD)
    with pytest.raises(RulesError, match="did you mean 'rules'"):
        await installed.in_force.start()


async def test_at_the_start_the_last_good_version_serves_loudly(
    installed: Installed, caplog: pytest.LogCaptureFixture
) -> None:
    await installed.in_force.start()
    installed.write(BAD)
    installed.clock.advance(hours=1)
    installed.in_force = installed.process()
    await installed.in_force.start()
    status = installed.in_force.status()
    assert (installed.names, status.is_ok, status.last_good_at) == (["one"], False, NOON)
    assert "serving by those in force at 2026-11-23T12:00:00Z" in errors(caplog)[0]
    assert UNKNOWN in errors(caplog)[1]


async def test_a_last_good_version_whose_secret_is_gone_does_not_serve(installed: Installed) -> None:
    installed.variables["CRM_SECRET"] = "whsec_" + "c3Nz" * 8
    installed.write(ONE + CRM)
    await installed.in_force.start()
    installed.variables.clear()
    installed.write(BAD)
    with pytest.raises(RulesError, match="did you mean 'rules'"):
        await installed.process().start()


async def test_no_secret_is_kept_with_a_version(installed: Installed) -> None:
    installed.variables["CRM_SECRET"] = "whsec_" + "c3Nz" * 8
    installed.write(ONE + CRM)
    await installed.in_force.start()
    newest = await installed.versions.newest()
    assert newest is not None
    assert "${CRM_SECRET}" in newest.sources[0].text
    assert "c3Nz" not in newest.sources[0].text


async def test_rules_do_not_decide_before_they_are_kept(installed: Installed) -> None:
    await installed.in_force.start()
    installed.write(TWO)
    await _rename(installed.store, "rule_versions", "away")
    assert not await installed.in_force.look()
    assert installed.names == ["one"]
    await _rename(installed.store, "away", "rule_versions")
    assert await installed.in_force.look()
    assert installed.names == ["two", "three"]


async def _rename(store: Store, name: str, to: str) -> None:
    async with store.database.write() as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {to}")


async def test_a_fault_in_reading_is_told_and_changes_nothing(
    installed: Installed, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(dict[str, str]):
        def get(self, *_: object) -> str:
            raise RecursionError

    await installed.in_force.start()
    installed.variables = Broken()
    installed.write(ONE + CRM)
    await installed.in_force.look()
    assert (installed.names, installed.in_force.status().is_ok) == (["one"], False)
    assert "RecursionError" in installed.in_force.status().mistakes[0]
    assert "rules file cannot be read" in errors(caplog)
