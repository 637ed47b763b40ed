"""responder check."""

from pathlib import Path

import pytest

from responder.cli.rules.file import pointed_at
from responder.rulefile import read_rules
from tests.cli.conftest import Installation, run
from tests.cli.test_main import on_a_terminal

FINE = """version: 1
lists: {news: {title: News}}
rules:
  - {name: on, when: {text: News ON}, then: [subscribe: news], examples: {match: [news on]}}
  - {name: off, when: {text: News OFF}, then: [unsubscribe: news], examples: {match: [news off]}}
"""
WRONG = FINE.replace("[subscribe: news", "[subscibe: news").replace("text: News ON", "txt: News ON")
UNSIGNED = FINE + "webhooks:\n  crm: {url: https://crm.example.com/hook}\n"


async def test_a_file_without_mistakes_is_told_in_one_line(folder: Path) -> None:
    (folder / "rules.yaml").write_text(FINE)
    outcome = await run("check")
    found = read_rules(FINE, "rules.yaml", {}).hash
    assert (outcome.code, outcome.out) == (0, f"rules.yaml: 2 rules, 1 list, hash {found}, no mistakes\n")


async def test_all_mistakes_are_told_at_once_each_with_its_place(folder: Path) -> None:
    (folder / "other.yaml").write_text(WRONG)
    outcome = await run("check", "other.yaml")
    assert outcome.code == 1
    first, second = outcome.out.splitlines()
    assert first.startswith("other.yaml:4:23: ")
    assert second.startswith("other.yaml:4:45: ")
    assert second.endswith("did you mean 'subscribe'?")


async def test_mistakes_are_json_lines_for_programs(folder: Path) -> None:
    (folder / "rules.yaml").write_text(WRONG)
    outcome = await run("check", "--json")
    assert outcome.code == 1
    assert [list(record) for record in outcome.records] == [["file", "line", "column", "text", "level"]] * 2
    assert [(record["file"], record["line"], record["column"]) for record in outcome.records] == [
        ("rules.yaml", 4, 23),
        ("rules.yaml", 4, 45),
    ]


async def test_without_mistakes_json_is_silent(folder: Path) -> None:
    (folder / "rules.yaml").write_text(FINE)
    assert (await run("check", "--json")).out == ""


async def test_a_webhook_without_a_secret_is_warned_of(folder: Path) -> None:
    (folder / "rules.yaml").write_text(UNSIGNED)
    outcome = await run("check")
    assert outcome.code == 0
    assert outcome.out.startswith("rules.yaml:7:3: warning: webhook 'crm': it has no secret")


async def test_warnings_can_be_denied(folder: Path) -> None:
    (folder / "rules.yaml").write_text(UNSIGNED)
    assert (await run("check", "--deny-warnings")).code == 1
    (folder / "rules.yaml").write_text(FINE)
    assert (await run("check", "--deny-warnings")).code == 0


async def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    outcome = await run("check", "nowhere.yaml")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.startswith("nowhere.yaml:1:1: ")


async def test_a_warning_is_json_with_its_kind_and_its_witness(folder: Path) -> None:
    (folder / "rules.yaml").write_text(FINE.replace(", examples: {match: [news on]}", ""))
    (record,) = (await run("check", "--json")).records
    assert record == {
        "file": "rules.yaml",
        "line": 4,
        "column": 5,
        "text": 'rule "on": no example and no test reaches it, although "News ON" does: add \'examples: {match: [...]}\'',
        "level": "warning",
        "code": "not-exercised",
        "witness": "News ON",
        "rule": "on",
    }


def test_a_terminal_shows_the_line_with_a_caret_under_the_place(folder: Path) -> None:
    (folder / "rules.yaml").write_text(WRONG)
    told = on_a_terminal("check", expected=1).splitlines()
    assert told[1] == "      - {name: on, when: {txt: News ON}, then: [subscibe: news], examples: {match: [news on]}}"
    assert told[1][told[2].index("^") :].startswith("txt: ")


@pytest.mark.parametrize("line", ["\tx: 1", "x" * 500, "é: \x1b[2J"])
def test_a_line_is_shown_so_that_its_caret_stands_right(line: str) -> None:
    column = line.index("x" if "x" in line else "[") + 1
    shown, caret = pointed_at(line, column).splitlines()
    assert shown[caret.index("^")] in "x["
    assert shown.isprintable()


async def test_alerts_that_nothing_mails_are_warned_of(folder: Path) -> None:
    (folder / "rules.yaml").write_text(f"{FINE}alerts: {{email: ops@example.com}}\n")
    assert (await run("check")).out.startswith(
        "rules.yaml:6:10: warning: alerts: nobody gets a mail while RESPONDER_SMTP_URL is not set"
    )
    (folder / ".env").write_text("RESPONDER_SMTP_URL=smtp://localhost\n")
    assert (await run("check", "--deny-warnings")).code == 0


async def test_a_webhook_that_is_never_called_is_warned_of_at_its_url(here: Installation) -> None:
    text = (here.folder / "rules.yaml").read_text().replace("https://crm.example.com/hook", "http://10.0.0.1/hook")
    here.write("rules.yaml", text)
    out = (await run("check")).out
    assert ":9: warning: webhook 'crm' is never called, since it is plain http: use https" in out
    here.set(ALLOW_PRIVATE_WEBHOOKS="true")
    assert "never called" not in (await run("check")).out


async def test_doctor_tells_of_a_webhook_that_is_never_called(here: Installation) -> None:
    text = (here.folder / "rules.yaml").read_text().replace("https://crm.example.com/hook", "https://127.0.0.1/hook")
    here.write("rules.yaml", text)
    assert "crm is never called, since it is an address that is loopback (RFC 1122)" in (await run("doctor")).out
