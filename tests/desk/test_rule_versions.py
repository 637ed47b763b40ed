"""Versions of the rules: their history, what changed, back to older ones; and pauses."""

from datetime import timedelta
from pathlib import Path

import pytest

from responder.core.contact.reasons import Reason
from responder.core.operations.records import Source
from responder.desk.desk import Desk, Invalid, Missing, Refused
from responder.desk.rule_versions import (
    diff_versions,
    find_version,
    list_rule_changes,
    pause_rule,
    put_version_back,
    read_rule_pauses,
    resume_rule,
)
from responder.rulefile import load_rules, sources_of
from responder.rulefile.in_force import RulesInForce
from responder.store.base.history import RuleVersions
from tests.builders import inbound, minutes
from tests.conftest import StandingClock
from tests.worker.conftest import Work

ONE = "version: 1\nrules: [{name: one, when: {text: one}, then: [hand_off: one]}]\n"
TWO = ONE.replace("text: one", "text: [one, uno]")
HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.yaml"


def write(file: Path, text: str) -> None:
    file.write_text(text)


def held(file: Path) -> str:
    return file.read_text()


async def put(desk: Desk, file: Path, text: str) -> str:
    """Write the rules file, and have a worker put it in force."""
    write(file, text)
    rules = load_rules(file, {})
    await RuleVersions(desk.database).keep(rules.hash, sources_of(rules), desk.clock())
    return rules.hash


async def test_each_coming_into_force_stands_in_the_history(desk: Desk, file: Path) -> None:
    one, two = await put(desk, file, ONE), await put(desk, file, TWO)
    assert [change.hash async for change in list_rule_changes(desk).every()] == [one, two]


async def test_a_worker_that_starts_again_changes_no_history(desk: Desk, file: Path, clock: StandingClock) -> None:
    await put(desk, file, ONE)
    clock.advance(minutes=5)
    await put(desk, file, ONE)
    assert await list_rule_changes(desk).count() == 1


async def test_a_version_is_restored_with_who_and_why(desk: Desk, file: Path) -> None:
    one, _ = await put(desk, file, ONE), await put(desk, file, TWO)
    await put_version_back(desk, file, one[:6], operator="Mara", why="uno is another's")
    assert held(file) == ONE
    last = [change async for change in list_rule_changes(desk).every()][-1]
    assert (last.hash, last.by, last.why) == (one, "Mara", "uno is another's")


@pytest.mark.parametrize("first", ["worker", "person"])
async def test_whoever_comes_first_a_version_has_a_name_in_the_history(desk: Desk, file: Path, first: str) -> None:
    write(file, TWO)
    rules, versions = load_rules(file, {}), RuleVersions(desk.database)
    for turn in ("worker", "person") if first == "worker" else ("person", "worker"):
        if turn == "worker":
            await versions.keep(rules.hash, sources_of(rules), desk.clock())
        else:
            await versions.say_why(rules.hash, sources_of(rules), "Mara", "a second word", desk.clock())
    changes = [change async for change in list_rule_changes(desk).every()]
    assert [(change.by, change.why) for change in changes] == [("Mara", "a second word")]


async def test_a_name_that_stands_is_not_taken_by_who_comes_later(desk: Desk, file: Path) -> None:
    write(file, TWO)
    rules, versions = load_rules(file, {}), RuleVersions(desk.database)
    for name in ("Mara", "Ugo"):
        await versions.say_why(rules.hash, sources_of(rules), name, "", desk.clock())
    assert [change.by async for change in list_rule_changes(desk).every()] == ["Mara"]


async def test_what_the_file_held_stays_beside_it(desk: Desk, file: Path) -> None:
    one = await put(desk, file, ONE)
    write(file, "rules: [")
    await put_version_back(desk, file, one, operator="Mara")
    assert held(file.with_name("rules.yaml.replaced")) == "rules: ["


async def test_a_version_that_has_mistakes_today_is_not_restored(desk: Desk, file: Path) -> None:
    write(file, ONE)
    await RuleVersions(desk.database).keep("abcdef", [Source(file=str(file), text="version: 9")], desk.clock())
    with pytest.raises(Refused, match="has mistakes today"):
        await put_version_back(desk, file, "abcdef", operator="Mara")
    assert held(file) == ONE


async def test_an_unknown_hash_is_told(desk: Desk) -> None:
    with pytest.raises(Missing):
        await find_version(desk, "abc")


async def test_a_diff_names_the_lines_that_changed(desk: Desk, file: Path, clock: StandingClock) -> None:
    one = await put(desk, file, ONE)
    clock.advance(minutes=1)
    two = await put(desk, file, TWO)
    lines = await diff_versions(desk, one)
    assert [line for line in lines if line[0] in "+-"][2:] == [f"-{ONE.splitlines()[1]}", f"+{TWO.splitlines()[1]}"]
    assert await diff_versions(desk, two) == []


async def test_a_paused_rule_does_not_apply_and_every_explanation_says_so(work: Work, desk: Desk) -> None:
    pause = await pause_rule(desk, "news-on", 2 * HOUR, operator="Mara", why="wrong price")
    work.rules = work.rules.with_pauses(await read_rule_pauses(desk))
    await work.handle(inbound("News ON"))
    (row,) = await work.rows("messages")
    assert row.rule == "fallback"
    assert '"code": "rule_paused"' in row.explanation
    assert "the rule is paused until 2026-11-23 15:00: Mara did so (wrong price)" in row.explanation
    assert pause.until == desk.clock() + 2 * HOUR


async def test_a_pause_ends_by_itself(work: Work, desk: Desk, clock: StandingClock) -> None:
    await pause_rule(desk, "news-on", HOUR, operator="Mara")
    work.rules = work.rules.with_pauses(await read_rule_pauses(desk))
    await work.handle(inbound("News ON", received=clock.now + minutes(61)))
    assert [row.rule for row in await work.rows("messages")] == ["news-on"]
    clock.advance(hours=2)
    assert await read_rule_pauses(desk) == {}


async def test_a_pause_can_be_ended_before(desk: Desk) -> None:
    await pause_rule(desk, "news-on", HOUR, operator="Mara")
    await resume_rule(desk, "news-on", operator="Ugo")
    assert await read_rule_pauses(desk) == {}
    with pytest.raises(Missing):
        await resume_rule(desk, "news-on", operator="Ugo")


async def test_the_history_says_who_paused_a_rule_and_who_ended_that(desk: Desk, file: Path) -> None:
    version = await put(desk, file, ONE)
    await pause_rule(desk, "news-on", 2 * HOUR, operator="Mara", why="wrong price")
    await resume_rule(desk, "news-on", operator="Ugo")
    changes = [change async for change in list_rule_changes(desk).every()][1:]
    assert [(one.hash, one.by, one.why) for one in changes] == [
        (version, "Mara", "the rule 'news-on' pauses until 2026-11-23 15:00 (wrong price)"),
        (version, "Ugo", "the rule 'news-on' applies again, before its pause was over"),
    ]
    assert all(isinstance(one.why, Reason) for one in changes)
    assert await put(desk, file, ONE) == version  # a worker that starts afterwards
    assert await list_rule_changes(desk).count() == 3


async def test_a_second_pause_takes_the_place_of_the_first(desk: Desk) -> None:
    await pause_rule(desk, "news-on", HOUR, operator="Mara")
    await pause_rule(desk, "news-on", 3 * HOUR, operator="Ugo")
    assert [(one.by, one.until - one.since) for one in (await read_rule_pauses(desk)).values()] == [("Ugo", 3 * HOUR)]


async def test_only_a_rule_of_the_file_is_paused_and_not_for_ever(desk: Desk) -> None:
    with pytest.raises(Missing, match="did you mean 'news-on'"):
        await pause_rule(desk, "news-onn", HOUR, operator="Mara")
    with pytest.raises(Invalid, match="enabled: false"):
        await pause_rule(desk, "news-on", timedelta(days=400), operator="Mara")


async def test_a_running_process_heeds_a_pause_without_reading_the_file_again(
    work: Work, desk: Desk, file: Path, clock: StandingClock
) -> None:
    write(file, ONE.replace("name: one", "name: news-on"))
    in_force = RulesInForce(file, dict, RuleVersions(desk.database), clock, decides=True)
    await in_force.start()
    index = in_force.rules().index
    await pause_rule(desk, "news-on", HOUR, operator="Mara")
    await in_force.read_pauses()
    assert set(in_force.rules().pauses) == {"news-on"}
    assert in_force.rules().index is index
