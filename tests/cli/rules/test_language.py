"""The whole language as the commands tell it: near misses, rules in shadow, typos and included files."""

from pathlib import Path

import pytest

from tests.cli.conftest import run

RULES = """
version: 1
include: campaigns/*.yaml
numbers: {+393331234333: {prefix: A1B2}}
rules:
  - {name: hours, when: {text: hours, hours: Mon-Fri 09:00-18:00}, then: [reply: Nine to six.]}
  - {name: weekly, when: {text: weekly}, typos: true, then: [reply: Welcome.]}
  - {name: trial, when: {text: trial}, shadow: true, then: [reply: Trying.]}
"""
CAMPAIGN = (
    "webhooks:\n  shop: {url: https://shop.example.com/}\n"
    "rules:\n  - {name: autumn, when: {text: autumn}, then: [webhook: shop]}\n"
)


@pytest.fixture
def files(folder: Path) -> Path:
    (folder / "campaigns").mkdir()
    (folder / "rules.yaml").write_text(RULES)
    (folder / "campaigns" / "autumn.yaml").write_text(CAMPAIGN)
    return folder


async def explained(text: str, *options: str) -> str:
    """What is told of a text that comes at ten on a Sunday."""
    return (await run("explain", text, "--clean", "--at", "2026-11-22T10:12", *options)).out


@pytest.mark.usefixtures("files")
async def test_a_rule_outside_its_hours_is_a_near_miss() -> None:
    assert "near misses hours (line 6): outside its hours: Mon-Fri 09:00-18:00, it was Sunday 10:12" in await explained(
        "hours"
    )


@pytest.mark.usefixtures("files")
async def test_a_typo_is_told() -> None:
    told = await explained("A1B2 wekly", "--to", "+393331234333")
    assert "match       wekly" in told
    assert "taken for   weekly" in told


@pytest.mark.usefixtures("files")
async def test_what_a_rule_in_shadow_would_do_is_told() -> None:
    told = await explained("trial")
    assert "rule        none, nothing matched" in told
    assert """reply: text Trying., segments 1, note "not done: the rule 'trial' is in shadow\"""" in told


@pytest.mark.usefixtures("files")
async def test_included_files_are_checked_and_their_warnings_have_their_name() -> None:
    outcome = await run("check")
    assert outcome.code == 0
    assert outcome.out.startswith("campaigns/autumn.yaml:2:3: warning: webhook 'shop': it has no secret")
    assert "rules.yaml: 4 rules, 0 lists" in outcome.out


async def test_mistakes_of_included_files_have_their_name(files: Path) -> None:
    (files / "campaigns" / "autumn.yaml").write_text("rules: [{name: autumn}]\n")
    outcome = await run("check")
    assert outcome.code == 1
    assert outcome.out.startswith("campaigns/autumn.yaml:1:9: rule \"autumn\": 'then' is missing")
