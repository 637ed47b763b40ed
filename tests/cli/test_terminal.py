"""Nothing that a rules file says reaches a terminal, or the log of a CI, that either might obey."""

import ast
from pathlib import Path

import pytest

from tests.cli.conftest import run

HOSTILE = r"\e[31mred\a\x9b2J\u202e\r"
RULES = rf"""version: 1
lists: {{news: {{title: "News {HOSTILE}"}}}}
rules:
  - name: "on"
    when: {{text: ["News ON", "Go {HOSTILE}"]}}
    then: [{{subscribe: news}}, {{reply: "Hello {HOSTILE}"}}]
    examples: {{match: ["news on", "no {HOSTILE}"], no_match: ["News ON {HOSTILE}"]}}
  - name: "never"
    when: {{text: "Go {HOSTILE}"}}
    then: [{{reply: "{{{{ nothing }}}}"}}]
"""
MISTAKEN = RULES.replace("subscribe: news", f'subscribe: "x {HOSTILE}"')
OBEYED = ("\x1b", "\x07", "\x9b", "\u202e", "\r")
CLI = Path(__file__).parents[2] / "responder" / "cli"


@pytest.mark.parametrize(
    "rules", [RULES, RULES.replace("{{ nothing }}", "bye"), MISTAKEN], ids=["unknown name", "good", "unknown list"]
)
@pytest.mark.parametrize("command", ["check", "describe", "test", "explain"])
async def test_what_a_rules_file_says_is_made_visible(folder: Path, command: str, rules: str) -> None:
    (folder / "rules.yaml").write_text(rules)
    arguments = ["explain", "Go \x1b[31m", "--rules", "rules.yaml", "--clean"] if command == "explain" else [command]
    outcome = await run(*arguments)
    printed = outcome.out + outcome.err
    assert printed.strip()
    assert not [character for character in OBEYED if character in printed]


def test_every_command_prints_in_the_one_way() -> None:
    others = [
        f"{path.name}:{node.lineno}"
        for path in sorted(CLI.glob("*.py"))
        if path.name != "output.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"print", "typer.echo", "typer.secho", "sys.stdout.write", "click.echo"}
    ]
    assert others == []
