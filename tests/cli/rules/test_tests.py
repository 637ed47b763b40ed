"""responder test."""

from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

from tests.cli.conftest import run, typed
from tests.cli.rules.test_check import FINE

TESTED = f"""{FINE}  - {{name: alone, when: {{text: alone}}, then: [{{reply: Hi.}}]}}
tests:
  - {{name: joins and leaves, messages: [News ON, News OFF], expect: {{subscriptions: {{news: unsubscribed}}}}}}
"""
FAILING = TESTED.replace("match: [news on]", "match: [news onn]").replace("{news: unsubscribed}", "{news: subscribed}")


@pytest.fixture
def tested(folder: Path) -> Path:
    """A folder whose rules have tests that pass."""
    (folder / "rules.yaml").write_text(TESTED)
    return folder


@pytest.fixture
def failing(folder: Path) -> Path:
    """A folder whose rules have an example and a test that fail."""
    (folder / "rules.yaml").write_text(FAILING)
    return folder


async def test_tests_that_pass_are_told_with_the_rules_they_exercise(tested: Path) -> None:
    outcome = await run("test")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "rule   line  examples  tests",
        "on     4     1         1",
        "off    5     1         1",
        "alone  6     0         0      not exercised",
        "rules.yaml: 2 examples, 18 variants of them, 1 test: all passed; 2 of 3 rules exercised (67 %)",
    ]


async def test_what_fails_is_told_side_by_side_with_its_explanation(failing: Path) -> None:
    outcome = await run("test")
    assert outcome.code == 1
    first, second = outcome.out.split("\n\n")[:2]
    assert first.splitlines()[:3] == [
        "rules.yaml:4: FAILED example on",
        "        expected  got",
        "  rule  on        none",
    ]
    assert "  folded      news onn" in first.splitlines()
    assert second.splitlines()[:3] == [
        "rules.yaml:8: FAILED test joins and leaves",
        "             expected    got",
        "  list news  subscribed  unsubscribed",
    ]
    assert "  then        unsubscribe: list news" in second.splitlines()


@pytest.mark.parametrize(("percent", "code"), [("66", 0), ("67", 1), ("100", 1), ("101", 2)])
async def test_less_coverage_than_asked_for_is_a_failure(tested: Path, percent: str, code: int) -> None:
    outcome = await run("test", "--coverage-min", percent)
    assert outcome.code == code
    assert ("less than the" in outcome.err) == (code == 1)


async def test_results_are_json_lines_for_programs(failing: Path) -> None:
    outcome = await run("test", "--json")
    assert outcome.code == 1
    (failed,) = [record for record in outcome.records if record["record"] == "test"]
    assert failed == {
        "record": "test",
        "name": "joins and leaves",
        "file": "rules.yaml",
        "line": 8,
        "text": "News OFF",
        "passed": False,
        "rule": "off",
        "differences": [{"what": "list news", "expected": "subscribed", "got": "unsubscribed"}],
    }
    coverage = [(record["rule"], record["exercised"]) for record in outcome.records if record["record"] == "coverage"]
    assert coverage == [("on", True), ("off", True), ("alone", False)]


async def test_results_are_written_as_junit(failing: Path) -> None:
    await run("test", "--junit", "results.xml")
    suite = parse(failing / "results.xml").getroot()[0]  # noqa: S314  (our own file)
    assert (suite.get("tests"), suite.get("failures")) == (str(len(suite)), "2")
    messages = [failure.get("message") for failure in suite.iter("failure")]
    assert messages == ["rule: expected on, got none", "list news: expected subscribed, got unsubscribed"]


async def test_a_file_without_examples_and_tests_is_not_said_to_pass(folder: Path) -> None:
    (folder / "rules.yaml").write_text("version: 1\nrules: [{name: hi, when: {text: hi}, then: [{reply: Hi.}]}]\n")
    assert "nothing was tried, add 'examples: {match: [...]}' to the rules" in (await run("test")).out


@pytest.fixture
def in_parts(folder: Path) -> Path:
    """A folder whose rules and tests stand in two files, of which the second fails."""
    (folder / "rules.yaml").write_text(TESTED + "include: campaigns/*.yaml\n")
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / "autumn.yaml").write_text(
        "rules:\n  - {name: autumn, when: {text: Autumn}, then: [{reply: Hi.}], examples: {match: [autum]}}\n"
        "tests:\n  - {name: leaves fall, text: News ON, expect: {rule: autumn}}\n"
    )
    return folder


async def test_tests_of_an_included_file_are_tried_as_well_and_told_with_their_place(in_parts: Path) -> None:
    lines = (await run("test")).out.splitlines()
    assert [line for line in lines if "FAILED" in line] == [
        "campaigns/autumn.yaml:2: FAILED example autumn",
        "campaigns/autumn.yaml:4: FAILED test leaves fall",
    ]
    assert lines[-2].split() == ["autumn", "autumn.yaml:2", "0", "0", "not", "exercised"]


async def test_programs_are_told_the_file_of_each_result(in_parts: Path) -> None:
    files = {(record["record"], record["file"]) for record in (await run("test", "--json")).records}
    assert files >= {("test", "rules.yaml"), ("test", "campaigns/autumn.yaml"), ("coverage", "campaigns/autumn.yaml")}


async def test_a_mistake_in_a_test_of_an_included_file_is_told_with_its_place(in_parts: Path) -> None:
    (in_parts / "campaigns" / "autumn.yaml").write_text("tests:\n  - {name: a, text: x, expect: {rule: autum}}\n")
    lines = (await run("test")).out.splitlines()
    assert [line.partition(" 'autum'")[0] for line in lines] == [
        'campaigns/autumn.yaml:2:39: test "a", expect: unknown rule'
    ]


async def test_results_that_cannot_be_written_are_told(tested: Path) -> None:
    outcome = await run("test", "--junit", "nowhere/results.xml")
    assert (outcome.code, outcome.err) == (1, "nowhere/results.xml: cannot be written (No such file or directory)\n")


async def test_a_file_with_mistakes_is_not_tested(folder: Path) -> None:
    (folder / "rules.yaml").write_text(FINE.replace("unsubscribe: news", "unsubscribe: nws"))
    outcome = await run("test")
    assert outcome.code == 1
    assert outcome.out.startswith("rules.yaml:5:61: ")


def test_nothing_is_kept(tested: Path) -> None:
    typed("test")
    assert [path.name for path in tested.iterdir()] == ["rules.yaml"]
