"""responder check: every mistake of a rules file at once, or the word that there is none."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from responder.cli.options import RULES, AsJson
from responder.cli.output import echo_json

if TYPE_CHECKING:
    from responder.core.rules import Rules
    from responder.errors import Mistake


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", rich_help_panel=RULES)(check)


def check(
    rules: Annotated[Path | None, typer.Argument(metavar="RULES", help="The rules file; without it that of RESPONDER_RULES.")] = None,
    *,
    deny_warnings: Annotated[bool, typer.Option("--deny-warnings", help="Fail on warnings as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a rules file: all mistakes and warnings at once, each with its place and remedy."""
    from responder.errors import RulesError
    from responder.rulefile import load_rules
    from responder.settings import environment, load_settings

    path = rules or load_settings().rules
    try:
        found = load_rules(path, environment())
    except RulesError as error:
        _print(error.mistakes, as_json=as_json)
        raise typer.Exit(1) from None
    warnings = list(_warnings(found))
    _print(warnings, as_json=as_json, kind="warning: ")
    if not as_json:
        typer.echo(f"{path}: {_counted(len(found.rules), 'rule')}, {_counted(len(found.lists), 'list')}, hash {found.hash}, no mistakes")
    if warnings and deny_warnings:
        raise typer.Exit(1)


def _print(mistakes: "tuple[Mistake, ...] | list[Mistake]", *, as_json: bool, kind: str = "") -> None:
    for mistake in mistakes:
        if as_json:
            echo_json({"file": mistake.file, "line": mistake.line, "column": mistake.column, "text": f"{kind}{mistake.text}"})
        else:
            typer.echo(f"{mistake.file}:{mistake.line}:{mistake.column}: {kind}{mistake.text}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _warnings(rules: "Rules") -> "Iterator[Mistake]":
    """What works and is not advisable."""
    from responder.errors import Mistake

    for webhook in rules.webhooks.values():
        if not webhook.secrets:
            file, line, column = _place_of_webhook(rules, webhook.name)
            text = f"webhook {webhook.name!r}: it has no secret, so nobody can tell our calls from forged ones: add 'secret: ${{NAME}}'"
            yield Mistake(file=file, line=line, column=column, text=text)


def _place_of_webhook(rules: "Rules", name: str) -> tuple[str, int, int]:
    from responder.rulefile.nodes import Mapping, read_nodes

    for file, source in rules.sources.items():
        node, _ = read_nodes(source, file)
        for wanted in ("webhooks", name):
            entries = node.entries if isinstance(node, Mapping) else ()
            key, node = next(((key, value) for key, value in entries if key.text == wanted), (None, None))
        if key:
            return file, key.place.line, key.place.column
    return next(iter(rules.sources)), 1, 1
